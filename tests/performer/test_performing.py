from dataclasses import replace

import numpy as np
import pytest
import torch
from random_scores import random_score

from amadeus.errors import CheckpointError, ConfigError
from amadeus.music.midi import encode_midi, read_midi
from amadeus.music.score import CONTROL_DTYPE, Score, Track, make_notes
from amadeus.performer.attributes import ATTRIBUTES
from amadeus.performer.features import NUM_FEATURES, NoteTable, features_of
from amadeus.performer.network import PerformerNetwork
from amadeus.performer.performing import perform
from amadeus.performer.sampling import predict
from amadeus.performer.styles import STYLES, parse_styles
from amadeus.performer.weights import load_network, packaged_network, save_network


def columns(score, name):
    return np.concatenate([track.notes[name] for track in score.tracks])


def test_amount_0_gives_the_file_byte_for_byte(fixtures):
    path = fixtures / "string_quartet.mid"
    score = read_midi(path)
    assert encode_midi(perform(score, amount=0, style="swing")) == path.read_bytes()


def test_everything_is_performed(eighths):
    played = perform(eighths, seed=1)
    for name in ("velocity", "onset_ticks", "duration_ticks"):
        assert len(np.unique(columns(played, name) - columns(eighths, name))) > 3
    assert len(played.tempos) > 4
    assert np.any(played.tracks[0].controls["number"] == 64)


@pytest.mark.parametrize(
    ("kept", "same"),
    [
        ("velocity", lambda s: columns(s, "velocity").tolist()),
        ("timing", lambda s: columns(s, "onset_ticks").tolist()),
        ("pedal", lambda s: s.tracks[0].controls.tolist()),
        ("tempo", lambda s: s.tempos),
    ],
)
def test_what_is_kept_stays(eighths, kept, same):
    played = perform(eighths, keep=(kept,), seed=1)
    assert same(played) == same(eighths)
    assert played != eighths


def test_keeping_all_changes_nothing(eighths):
    assert perform(eighths, keep=("all",)) == eighths


def test_accents_stay():
    rows = [(240 * i, 240, 60 + i % 5, 110 if i % 7 == 3 else 70) for i in range(40)]
    score = Score(480, (Track(0, make_notes(rows)),))
    played = perform(score, keep=("accents",), variation=0, seed=1)
    before, after = columns(score, "velocity"), columns(played, "velocity")
    assert set(after[before == 110].tolist()) == {110}
    assert len(np.unique(after[before == 70])) > 3


def test_a_seed_gives_the_same_performance(eighths):
    assert perform(eighths, seed=3) == perform(eighths, seed=3)
    assert perform(eighths, seed=3, variation=1) != perform(eighths, seed=4, variation=1)


def test_without_variation_the_seed_does_not_count(eighths):
    assert perform(eighths, seed=3, variation=0) == perform(eighths, seed=4, variation=0)


def test_drums_keep_the_tempo(fixtures):
    score = read_midi(fixtures / "funk_drums.mid")
    assert perform(score).tempos == score.tempos


def test_a_pedal_of_the_file_stays(eighths):
    controls = np.array([(0, 64, 100), (900, 64, 0)], CONTROL_DTYPE)
    score = replace(eighths, tracks=(replace(eighths.tracks[0], controls=controls),))
    assert np.array_equal(perform(score).tracks[0].controls, controls)


def test_an_empty_score_stays_empty():
    score = Score(480, (Track(0, make_notes([])),))
    assert perform(score) == score


@pytest.mark.parametrize("seed", range(20))
def test_any_score_can_be_performed(seed):
    score = random_score(np.random.default_rng(seed))
    played = perform(score, style="swing, laid back", seed=seed)
    assert columns(played, "pitch").tolist() == columns(score, "pitch").tolist()


@pytest.mark.parametrize("style", STYLES)
def test_every_style_changes_something(eighths, style):
    assert perform(eighths, style=style) != eighths


def test_styles_are_combined():
    style = parse_styles("Swing, laid-back , gentle")
    assert (style.swing, style.delay, style.loudness) == (0.62, 0.04, -14)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"amount": 1.5}, "amount must be between 0 and 1"),
        ({"variation": -0.1}, "variation must be between 0 and 1"),
        ({"style": "swign"}, "did you mean 'swing'"),
        ({"keep": ("loudness",)}, "cannot keep 'loudness'; choose from velocity"),
        ({"swing": "95%"}, "choose 50%"),
    ],
)
def test_other_settings_are_refused(eighths, settings, message):
    with pytest.raises(ConfigError, match=message):
        perform(eighths, **settings)


def test_known_values_stay_and_condition_the_rest(eighths):
    table = NoteTable.of(eighths)
    features = features_of(eighths, table)
    assert features.shape == (32, NUM_FEATURES)
    known = np.full(32, np.nan)
    known[::2] = 100
    settings = {"variation": 0.0, "seed": 0}
    given = predict(packaged_network(), table, features, 0, {"velocity": known}, **settings)
    free = predict(packaged_network(), table, features, 0, {}, **settings)
    assert given.velocity[::2].tolist() == [100] * 16
    assert not np.allclose(given.velocity[1::2], free.velocity[1::2])


def test_long_pieces_are_read_in_passages(monkeypatch):
    rng = np.random.default_rng(0)
    rows = [(120 * i, 120, int(rng.integers(40, 80)), 80) for i in range(600)]
    score = Score(480, (Track(0, make_notes(rows)),))
    table = NoteTable.of(score)
    features = features_of(score, table)
    network = PerformerNetwork().eval()
    network.summary.weight.data.zero_()
    settings = {"variation": 0.0, "seed": 0}
    whole = predict(network, table, features, 0, {}, **settings)
    monkeypatch.setattr("amadeus.performer.sampling._PASSAGE", 200)
    passages = predict(network, table, features, 0, {}, **settings)
    assert np.allclose(whole.velocity, passages.velocity, atol=1e-3)


def test_padding_changes_nothing():
    network = PerformerNetwork().eval()
    features = torch.randn(1, 40, NUM_FEATURES)
    pitch, family = torch.randint(0, 100, (2, 1, 40))
    family = family % 17
    mask = torch.ones(1, 40, 1)
    mask[:, 30:] = 0
    genre = torch.tensor([0])
    values = torch.full((1, 40, len(ATTRIBUTES)), -1)
    padded = network.encode(features, pitch, family, genre, mask)
    short = network.encode(features[:, :30], pitch[:, :30], family[:, :30], genre, mask[:, :30])
    assert torch.allclose(padded[:, :30], short, atol=1e-5)
    for full, part in zip(
        network.decode(padded, values, mask),
        network.decode(short, values[:, :30], mask[:, :30]),
        strict=True,
    ):
        assert torch.allclose(full[:, :30], part, atol=1e-5)


def test_weights_are_read_again(tmp_path):
    network = PerformerNetwork()
    save_network(network, tmp_path / "performer.safetensors")
    again = load_network(tmp_path / "performer.safetensors")
    for own, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.allclose(own, other, atol=1e-2)


def test_other_files_are_no_weights(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(CheckpointError, match="is not a performer"):
        load_network(tmp_path / "x.safetensors")


def test_the_packaged_network_is_small():
    count = sum(parameter.numel() for parameter in packaged_network().parameters())
    assert 1_000_000 <= count <= 5_000_000
