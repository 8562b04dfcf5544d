"""Metrics and keys beside those of other libraries, on the fixtures and on more where they are.

tests/fixtures/golden.csv holds what MusPy 0.5.0 and music21 10.5.1 say of the fixtures. For a table
of more pieces, AMADEUS_GOLDEN names a file of the same columns, and AMADEUS_DATA the folder that
its files are in.
"""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
import symusic

from amadeus.evaluation.metrics import (
    distinct_pitches,
    empty_beat_rate,
    groove_consistency,
    pitch_class_entropy,
    pitch_entropy,
    pitch_range,
    polyphony,
    scale_consistency,
)
from amadeus.music.keys import estimate_key, parse_key
from amadeus.music.midi import read_midi

PLAIN = {
    "scale_consistency": scale_consistency,
    "pitch_entropy": pitch_entropy,
    "pitch_class_entropy": pitch_class_entropy,
    "polyphony": polyphony,
    "n_pitches_used": distinct_pitches,
}


@pytest.fixture(scope="module", params=["fixtures", "all"])
def golden_pieces(request, fixtures):
    """(row of golden values, path of the file, the music in it) of every golden piece."""
    table, folder = fixtures / "golden.csv", fixtures
    if request.param == "all":
        table, folder = (os.environ.get(name) for name in ("AMADEUS_GOLDEN", "AMADEUS_DATA"))
        if not table or not folder:
            pytest.skip("set AMADEUS_GOLDEN to a table of golden values, AMADEUS_DATA to its files")
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    paths = [Path(folder) / row["file"] for row in rows]
    return [(row, path, read_midi(path)) for row, path in zip(rows, paths, strict=True)]


def last_event_ticks(path, score):
    """Where MusPy thinks that a piece ends: with its last note or its last pedal event."""
    controls = [c.time for track in symusic.Score(path).tracks for c in track.controls]
    return max([score.end_ticks, *controls])


@pytest.mark.parametrize("column", PLAIN)
def test_agrees_with_muspy(golden_pieces, column):
    for row, _, score in golden_pieces:
        golden = float(row[f"muspy_{column}"])
        assert PLAIN[column](score) == pytest.approx(golden, rel=0, abs=1e-6, nan_ok=True), row


def test_range_agrees_with_muspy_except_for_drums(golden_pieces):
    for row, _, score in golden_pieces:
        if all(track.is_drum for track in score.tracks):
            assert row["muspy_pitch_range"] == "-127"
            assert math.isnan(pitch_range(score))
        else:
            assert pitch_range(score) == float(row["muspy_pitch_range"])


def test_empty_beats_agree_with_muspy_but_for_beats_of_pedal_after_the_last_note(golden_pieces):
    for row, path, score in golden_pieces:
        ours = score.end_ticks // score.ticks_per_quarter + 1
        theirs = last_event_ticks(path, score) // score.ticks_per_quarter + 1
        empty = empty_beat_rate(score) * ours + (theirs - ours)
        golden = float(row["muspy_empty_beat_rate"])
        assert empty / theirs == pytest.approx(golden, rel=0, abs=1e-6), row["file"]


def test_groove_agrees_with_muspy_but_for_bars_of_pedal_after_the_last_note(golden_pieces):
    for row, path, score in golden_pieces:
        if not row["muspy_groove_consistency"]:
            continue
        bar = 4 * score.ticks_per_quarter
        ours, theirs = score.end_ticks // bar, last_event_ticks(path, score) // bar
        alike = groove_consistency(score, score.ticks_per_quarter) * ours
        if theirs > ours:
            # The last bar of music next to a silent one, then silent bars, which are all alike.
            onsets = np.concatenate([track.notes["onset_ticks"] for track in score.tracks])
            alike += 1 - len(np.unique(onsets[onsets // bar == ours])) / bar + theirs - ours - 1
        golden = float(row["muspy_groove_consistency"])
        assert alike / theirs == pytest.approx(golden, rel=0, abs=1e-6), row["file"]


def test_keys_agree_with_music21(golden_pieces):
    # music21 gives drums a key too, with a correlation of zero; here they have none.
    agreed = [
        estimate_key(score) == parse_key(row["music21_key"])
        for row, _, score in golden_pieces
        if float(row["music21_correlation"])
    ]
    assert np.mean(agreed) >= 0.9
