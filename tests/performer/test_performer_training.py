"""The network is trained on corpora and measured on composers that it has not seen."""

import csv
import json

import numpy as np
import pytest
import torch

from amadeus.errors import CorpusError
from amadeus.music.midi import read_midi, write_midi
from amadeus.music.score import Score, Track
from amadeus.performer.dataset import Example, drum_examples, genre_of, read_manifest
from amadeus.performer.features import NoteTable
from amadeus.performer.measuring import Rule, correlations
from amadeus.performer.performing import perform
from amadeus.performer.training import TrainingConfig, train_performer
from amadeus.performer.weights import load_network

COLUMNS = (
    "id", "corpus", "file", "archive", "title", "composer_or_artist", "labels", "split"
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, fixtures):
    """Two composers with a score and a performance each, and drums."""
    quartet = read_midi(fixtures / "string_quartet.mid")
    tracks = tuple(Track(0, track.notes) for track in quartet.tracks)
    score = Score(quartet.ticks_per_quarter, tracks)
    write_midi(score, tmp_path / "score.mid")
    write_midi(perform(score, variation=1, seed=5), tmp_path / "played.mid")
    write_midi(read_midi(fixtures / "funk_drums.mid"), tmp_path / "drums.mid")
    rows = [("d", "groove-drums", "drums.mid", "", "funk", "", "drums;funk;beat", "train")] * 3
    for composer in ("Bach", "Haydn"):
        for kind in ("score", "performance"):
            name = "score.mid" if kind == "score" else "played.mid"
            labels = f"classical;solo piano;{kind};baroque"
            rows.append((kind[0], "asap", name, "", "Piece", composer, labels, "train"))
    with (tmp_path / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return tmp_path


def test_a_performer_is_trained(amadeus, folder, tmp_path):
    outcome = amadeus("corpus", "performer", folder, "--output", "out", "--steps", 3, "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)["correlation with players"]
    assert set(found) == {"rule", "variation 0", "variation 0.3", "variation 0.6", "variation 1"}
    network = load_network(tmp_path / "out" / "performer.safetensors")
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())


def test_a_folder_without_corpora_is_refused(amadeus, tmp_path):
    outcome = amadeus("corpus", "performer", tmp_path)
    assert outcome.code == 1
    assert "manifest.csv" in outcome.err
    with pytest.raises(CorpusError):
        read_manifest(tmp_path)


def test_training_lowers_the_loss(folder):
    examples = list(drum_examples(folder, read_manifest(folder)))
    losses = []
    config = TrainingConfig(steps=40, batch=2, notes=64)
    train_performer([examples], [1.0], config, lambda _, loss: losses.append(loss))
    assert losses[-1] < losses[0]


def test_the_true_values_correlate_fully(folder):
    (example, *_) = drum_examples(folder, read_manifest(folder))
    found = correlations([example], lambda number, own: np.nan_to_num(own.values))
    assert found["velocity"] == pytest.approx(1)
    assert found["offset"] == pytest.approx(1)


def test_the_rule_learns_what_depends_on_the_pitch():
    rng = np.random.default_rng(0)
    notes = np.zeros(400, [("onset_ticks", "i8"), ("duration_ticks", "i8"), ("pitch", "i2"),
                           ("velocity", "i2")])  # fmt: skip
    notes["onset_ticks"] = np.arange(400) * 240
    notes["duration_ticks"], notes["velocity"] = 240, 80
    notes["pitch"] = rng.integers(40, 90, 400)
    score = Score(480, (Track(0, notes),))
    targets = np.full((400, 5), np.nan)
    targets[:, 0] = NoteTable.of(score).pitch
    example = Example.of("x", "", score, targets)
    assert correlations([example], Rule.of([example]))["velocity"] > 0.95


def test_genres_come_from_labels():
    assert genre_of("classical;solo piano;score;classical period") == "classical"
    assert genre_of("drums;jazz;swing;beat") == "jazz"
    assert genre_of("classical;solo piano") == ""
