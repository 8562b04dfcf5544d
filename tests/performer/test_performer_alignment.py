"""A performance that is made from a score is aligned with it again."""

import numpy as np
import pytest

from amadeus.music.midi import read_midi
from amadeus.music.score import CONTROL_DTYPE, Score, Tempo, Track, make_notes, sort_notes
from amadeus.performer.alignment import align_notes
from amadeus.performer.attributes import PEDAL_HELD, PEDAL_UP
from amadeus.performer.features import NoteTable
from amadeus.performer.targets import measure_performance, quantize_drums


@pytest.fixture
def score(fixtures):
    quartet = read_midi(fixtures / "string_quartet.mid")
    tracks = tuple(
        Track(0, track.notes[track.notes["onset_ticks"] < 60 * quartet.ticks_per_quarter])
        for track in quartet.tracks
    )
    return Score(quartet.ticks_per_quarter, tracks)


def played_seconds(onsets, rng):
    """A tempo that swells and falls, and a little noise."""
    beats = np.linspace(0, onsets.max(), 200)
    seconds = np.concatenate([[0], np.cumsum(0.5 + 0.15 * np.sin(beats[1:] / 5))])
    seconds *= (beats[1] - beats[0]) / 1.0
    return np.interp(onsets, beats, seconds) + rng.normal(0, 0.006, len(onsets))


def test_notes_are_found_again(score):
    rng = np.random.default_rng(0)
    table = NoteTable.of(score)
    seconds = played_seconds(table.onset, rng)
    # Some notes are left out, and wrong ones are added.
    kept = np.flatnonzero(rng.random(len(table)) > 0.03)
    extra = rng.uniform(0, seconds.max(), 10)
    times = np.concatenate([seconds[kept], extra])
    pitches = np.concatenate([table.pitch[kept], rng.integers(40, 80, 10)])
    truth = np.concatenate([kept, np.full(10, -1)])
    order = np.argsort(times, kind="stable")
    matched = align_notes(table.onset, table.pitch, times[order], pitches[order])
    found = matched >= 0
    assert found[kept].mean() > 0.97
    partner = truth[order][matched[found]]
    same = partner == np.flatnonzero(found)
    # Two instruments may play the same note together.
    unison = table.onset[partner] == table.onset[found]
    assert (same | (unison & (table.pitch[partner] == table.pitch[found]))).mean() > 0.98


def test_an_empty_performance_matches_nothing():
    matched = align_notes(np.arange(4.0), np.full(4, 60), np.empty(0), np.empty(0, np.int64))
    assert matched.tolist() == [-1] * 4


def test_attributes_are_measured():
    # Quarter notes at 120 BPM, written at 60; the second half is played twice as fast.
    score = Score(480, (Track(0, make_notes((480 * i, 480, 60 + i, 80) for i in range(9))),),
                  (Tempo(0, 60.0),))  # fmt: skip
    onsets = [480 * min(i, 4) + 240 * max(0, i - 4) for i in range(9)]
    rows = [(onset, 120, 60 + i, 50 + i) for i, onset in enumerate(onsets)]
    controls = np.array([(960, 64, 127), (1800, 64, 0)], CONTROL_DTYPE)
    played = Score(480, (Track(0, make_notes(rows), controls=controls),))
    table = NoteTable.of(score)
    values = measure_performance(score, table, played, np.arange(9))
    assert values[:, 0].tolist() == list(range(50, 59))
    assert np.allclose(values[:, 1], 0, atol=1e-9)
    assert np.allclose(values[:4, 2], -2)
    assert np.allclose(values[5:8, 2], -1)
    assert values[6, 4] - values[1, 4] == pytest.approx(1)
    states = np.floor(values[:, 3]).tolist()
    assert states[:2] == [PEDAL_UP, PEDAL_UP]
    assert PEDAL_HELD in states[2:5]


def test_drums_are_quantized(fixtures):
    played = read_midi(fixtures / "funk_drums.mid")
    score, targets = quantize_drums(played)
    table = NoteTable.of(score)
    known = np.isfinite(targets[:, 1])
    assert known.mean() > 0.8
    assert np.abs(targets[known, 1]).max() <= 0.07
    back = np.sort((table.onset + targets[:, 1])[known])
    onsets = np.sort(sort_notes(played.tracks[0].notes)["onset_ticks"] / played.ticks_per_quarter)
    assert np.abs(back[:, None] - onsets).min(1).max() < 1e-2
