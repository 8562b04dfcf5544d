"""Features of a few bars."""

import numpy as np
import pytest

from amadeus.critic import measure_features
from amadeus.music.score import Score, TimeSignature, Track, make_notes
from amadeus.tokens import Attribute, encode
from amadeus.tokens.vocabulary import has_sound

SCALE = [(i, 1, pitch) for i, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))]


def bars(*tracks, metre=(4, 4)):
    """Tokens of tracks: program, whether drums, and notes (onset, length, pitch) in quarters."""
    made = [
        Track(program, make_notes((12 * o, 12 * d, p, 80) for o, d, p in notes), is_drum=is_drum)
        for program, is_drum, notes in tracks
    ]
    return encode(Score(12, tuple(made), time_signatures=(TimeSignature(0, *metre),)))


def test_features_say_what_is_in_the_bars():
    hihat = [(i / 2, 0.5, 42) for i in range(8)]
    features = measure_features(bars((0, False, SCALE), (0, True, hihat)))
    expected = {
        "parts": 2,
        "notes per quarter": np.log(16 / 8),
        "off the beat": 4 / 12,
        "busiest bar of a part": np.log(8 / 4),
        "share of bars a part plays in": 0.75,  # the hi-hat stops after a bar
        "parts in a bar": 1.5,
        "same note again": 0,
        "leaps": 12 / 7,
        "share of the commonest drum sound": 1,
        "drum sounds": 1,
        "mean duration": np.log(12),
        "duration variety": 0,
        "distinct durations": 1,
        "duration as a share of the gap": 1,
        "distinct velocities": 1,
        "share of turns in a melody": 0,
        "longest run of equal rhythms": 1,
        "share of distinct bars": 1,
    }
    assert {name: features[name] for name in expected} == pytest.approx(expected)


def test_drums_and_pitches_have_features_where_they_play():
    pitched = measure_features(bars((0, False, SCALE)))
    drums = measure_features(bars((0, True, SCALE)))
    assert "leaps" in pitched
    assert "drum sounds" not in pitched
    assert "leaps" not in drums
    assert "drum sounds" in drums


def test_bars_without_notes_have_no_features():
    assert measure_features(bars((0, False, SCALE))[:1]) == {}


def test_what_is_too_high_is_out_of_register():
    rows = bars((40, False, SCALE)).astype(int)
    assert measure_features(rows)["semitones out of register"] == 0
    rows[has_sound(rows[:, Attribute.TYPE]), Attribute.PITCH] += 50
    assert measure_features(rows)["semitones out of register"] > 20


def test_two_parts_that_play_the_same_are_in_unison():
    octave = [(onset, length, pitch - 12) for onset, length, pitch in SCALE]
    same = measure_features(bars((0, False, SCALE), (40, False, SCALE)))
    apart = measure_features(bars((0, False, SCALE), (40, False, octave)))
    assert (same["notes in unison"], apart["notes in unison"]) == (1, 0)


def test_an_ending_has_features_of_its_own():
    cadence = [(0, 1, 60), (1, 1, 64), (2, 1, 67), (3, 1, 71), (4, 4, 60)]
    rows = bars((0, False, cadence))
    assert "last duration" not in measure_features(rows)
    features = measure_features(rows, ends=True)
    expected = {
        "last duration": np.log(4),
        "last onset in its bar": 0,
        "notes in the last bar": 1 / 2.5,
        "notes in the last chord": 1,
        "tonic in the last bass": 1,
        "tonic in the last melody": 1,
    }
    assert {name: features[name] for name in expected} == pytest.approx(expected)


def test_loops_are_counted_bar_by_bar():
    bar = [(0, 1, 60), (1, 1, 64), (2, 1, 67), (3, 1, 64)]
    loop = [(onset + 4 * n, length, pitch) for n in range(5) for onset, length, pitch in bar]
    features = measure_features(bars((0, False, loop)))
    assert features["longest run of equal bars"] == 5
    assert features["share of distinct bars of a part"] == 1 / 5
    assert features["longest chord in bars"] == pytest.approx(5)
