"""The bias of a key is stronger the less of the key is heard."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from amadeus.control.constraint import Moment
from amadeus.control.tonality import MAX_PUSH, Tonality
from amadeus.music.keys import Key
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute

NOW = Moment(0, 48, Counter(), frozenset())


def row(pitch: int, ticks: int = 12) -> np.ndarray:
    values = np.zeros(NUM_ATTRIBUTES, dtype=np.int64)
    values[Attribute.PITCH], values[Attribute.DURATION] = pitch + 1, ticks
    return values


def pitch_bias(tonality: Tonality, pitch: int) -> float:
    return float(tonality.bias(NOW)[Attribute.PITCH, pitch + 1])


def test_a_key_that_is_heard_needs_no_bias():
    assert not Tonality(Key(2, "major")).bias(NOW).any()


def test_chords_of_the_key_are_favoured_while_another_key_is_heard():
    tonality = Tonality(Key(2, "major"))
    for pitch in (57, 61, 64, 68, 69) * 8:  # A major
        tonality.update(row(pitch), 0)
    bias = tonality.bias(NOW)
    chords = {
        c: bias[Attribute.CHORD, v.chord_value(*c)] for c in ((2, "maj"), (7, "maj"), (4, "maj"))
    }
    assert min(chords, key=chords.__getitem__) == (4, "maj")
    assert bias[Attribute.PITCH, 1 + 67] > bias[Attribute.PITCH, 1 + 68]
    assert not bias[Attribute.PITCH, v.FIRST_DRUM_PITCH :].any()
    assert not bias[[Attribute.TYPE, Attribute.TEMPO, Attribute.INSTRUMENT]].any()


def test_bare_fifths_call_for_the_third_of_the_mode():
    tonality = Tonality(Key(5, "minor"))
    before = pitch_bias(tonality, 68) - pitch_bias(tonality, 69)  # A flat against A
    for pitch in (41, 48) * 40:
        tonality.update(row(pitch), 0)
    assert pitch_bias(tonality, 68) - pitch_bias(tonality, 69) > before


def test_what_is_heard_in_the_key_needs_no_push():
    tonality, other = Tonality(Key(0, "major")), Tonality(Key(0, "major"))
    for pitch in (60, 64, 67, 60, 65, 69, 72, 67, 71, 74, 67, 60) * 8:
        tonality.update(row(pitch), 0)
    np.testing.assert_array_equal(tonality.bias(NOW), other.bias(NOW))


def test_the_push_has_a_limit():
    tonality = Tonality(Key(0, "major"))
    calm = tonality.bias(NOW)
    for pitch in (66, 70, 73) * 500:
        tonality.update(row(pitch), 0)
    change = np.abs(tonality.bias(NOW) - calm)[Attribute.PITCH].max()
    assert change == pytest.approx(MAX_PUSH, abs=1e-5)


def test_drums_and_silence_are_not_heard():
    tonality = Tonality(Key(0, "major"))
    calm = tonality.bias(NOW)
    drum = row(0)
    drum[Attribute.PITCH] = v.FIRST_DRUM_PITCH + 38
    for heard in (drum, np.zeros(NUM_ATTRIBUTES, dtype=np.int64)):
        tonality.update(heard, 0)
    np.testing.assert_array_equal(tonality.bias(NOW), calm)
