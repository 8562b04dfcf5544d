"""The critic prefers real music to what models get stuck in."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from amadeus.critic import Critic, critic
from amadeus.critic.training import train_critic
from amadeus.critic.windows import WINDOWS, windows_of_piece, windows_so_far
from amadeus.errors import CheckpointError
from amadeus.evaluation.openings import first_bars
from amadeus.music.midi import read_midi
from amadeus.tokens import Attribute, encode
from amadeus.tokens.vocabulary import DRUMS, FIRST_DRUM_PITCH, has_sound

REAL = ["choir_changing_metre", "funk_drums", "game_band", "song_with_pickup", "string_quartet"]


@pytest.fixture(scope="module")
def real(fixtures):
    """Eight bars of each real piece, without END."""
    pieces = {name: encode(read_midi(fixtures / f"{name}.mid")) for name in REAL}
    openings = {name: first_bars(rows, 8) for name, rows in pieces.items()}
    return {name: rows[:-1] for name, rows in openings.items() if rows is not None}


def stuck(rows):
    """The same rhythm on a single note for each instrument."""
    rows = rows.copy()
    sound = has_sound(rows[:, Attribute.TYPE])
    drums = rows[:, Attribute.INSTRUMENT] == DRUMS
    rows[sound & drums, Attribute.PITCH] = FIRST_DRUM_PITCH + 38
    rows[sound & ~drums, Attribute.PITCH] = 100
    return rows


def test_real_music_has_better_odds_than_one_note_over_and_over(real):
    assert len(real) >= 3
    for name, rows in real.items():
        assert critic().odds(stuck(rows)) < critic().odds(rows), name


def test_bars_without_notes_have_even_odds(real):
    assert critic().odds(next(iter(real.values()))[:1]) == 0


def test_windows_are_those_of_the_last_bars_and_of_the_ending(fixtures):
    rows = encode(read_midi(fixtures / "string_quartet.mid")).astype(int)
    assert [name for name, _ in windows_so_far(first_bars(rows, 5)[:-1])] == ["4 bars"]
    assert [name for name, _ in windows_so_far(first_bars(rows, 3))] == ["2 bars", "ending"]
    whole = list(windows_of_piece(rows))
    assert [name for name, _ in whole] in ([], list(WINDOWS))


def test_logits_are_those_of_a_slow_reading(real):
    """Every network by itself, unit by unit."""
    found = critic()
    windows = [window for rows in real.values() for window in windows_so_far(rows)]
    slow = []
    for values in found.inputs(windows):
        votes = []
        for hidden, output in zip(found.hidden, found.output, strict=True):
            units = [max(0.0, float(weights @ values)) for weights in hidden]
            votes.append(sum(u * w for u, w in zip(units, output, strict=False)) + output[-1])
        slow.append(np.mean(votes))
    assert found.logits(windows) == pytest.approx(slow, abs=1e-4)


def test_training_finds_what_tells_two_kinds_apart(tmp_path):
    rng = np.random.default_rng(0)
    kinds = [
        [("4 bars", {"leaps": rng.normal(mean), "parts": rng.normal()}) for _ in range(200)]
        for mean in (1, -1)
    ]
    trained = train_critic(*kinds)
    trained.save(tmp_path / "critic.safetensors")
    trained = Critic.load(tmp_path / "critic.safetensors")
    logits = trained.logits([("4 bars", {"leaps": x, "parts": 0.0}) for x in (-2, 0, 2)])
    assert logits[0] < -0.5 < logits[1] < 0.5 < logits[2]


def test_a_critic_survives_its_file(tmp_path):
    critic().save(tmp_path / "critic.safetensors")
    again = Critic.load(tmp_path / "critic.safetensors")
    assert again.names == critic().names
    assert all(
        np.array_equal(getattr(again, name), getattr(critic(), name))
        for name in ("quantiles", "hidden", "output")
    )


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "critic.safetensors"
    critic().save(path)
    arrays = load_file(path)
    save_file(arrays, path)  # without the names of its features
    with pytest.raises(CheckpointError, match="is not a critic"):
        Critic.load(path)
    save_file({**arrays, "output": arrays["output"][:, :3]}, path, {"features": "leaps"})
    with pytest.raises(CheckpointError, match="is not a critic"):
        Critic.load(path)
    path.write_bytes(b"MThd")
    with pytest.raises(CheckpointError, match="is not a critic"):
        Critic.load(path)
