"""The soft side: towards the notes of a chord, a density, a share of the notes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from amadeus.control import Constraints
from amadeus.control.constraint import Moment
from amadeus.control.kinds.instruments import MOST_TOWARDS_SHARE
from amadeus.control.soft_constraints import SoftConstraints
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, RowType

EVERYBODY = frozenset(range(1, v.DRUMS + 1))


def bias(soft, counts=(), bar=0, **revealed):
    """What leans on a row of which some attributes are known."""
    values, known = np.zeros(NUM_ATTRIBUTES, dtype=np.int64), np.zeros(NUM_ATTRIBUTES, dtype=bool)
    for name, value in revealed.items():
        values[Attribute[name.upper()]], known[Attribute[name.upper()]] = value, True
    return soft.bias(Moment(bar, 48, Counter(counts), EVERYBODY))(values, known)


def test_nothing_leans_without_a_reason():
    soft = SoftConstraints(list(Constraints("pitch: 40-60", "tempo: 90")))
    assert soft.bias(Moment(0, 48, Counter(), EVERYBODY)) is None


def test_pitches_lean_on_the_chord_once_it_is_known():
    soft = SoftConstraints(list(Constraints("chords: Am F")))
    pitches = bias(soft, chord=v.chord_value(9, "min"))[Attribute.PITCH]
    assert set(np.flatnonzero(pitches[1:13])) == {9, 0, 4}
    assert not pitches[v.FIRST_DRUM_PITCH :].any()
    assert not bias(soft).any()


def test_a_bar_with_too_few_notes_goes_on_and_one_with_enough_does_not():
    soft = SoftConstraints(list(Constraints("density: 8")))
    note = [bias(soft, {1: count})[Attribute.TYPE, RowType.NOTE] for count in (1, 8, 12)]
    assert note[0] > note[1] == 0 > note[2]


def test_notes_keep_pace_with_the_bar():
    soft = SoftConstraints(list(Constraints("density: 8")))
    beats = bias(soft, {1: 4}, type=RowType.NOTE)[Attribute.BEAT]
    assert beats[1:49].argmax() + 1 == 25  # four of eight notes: the middle of 48 steps


@pytest.mark.parametrize("share", [30, 60])
def test_an_instrument_short_of_its_share_is_favoured(share):
    soft = SoftConstraints(
        list(Constraints(f"instruments: at least violin in {share}% of the notes"))
    )
    violin = 41
    row = np.array([RowType.NOTE, 1, 2, 41, 1, 61, 12, 20])
    soft.update(row, 0)
    short = bias(soft)[Attribute.INSTRUMENT, violin]
    row[Attribute.INSTRUMENT] = violin
    for _ in range(9):
        soft.update(row, 0)
    assert MOST_TOWARDS_SHARE >= short > bias(soft)[Attribute.INSTRUMENT, violin] == 0


def test_who_has_had_a_solo_is_favoured_again_unless_all_notes_count():
    violin, note, bar = 41, RowType.NOTE, v.bar_type(0)
    for stated, is_favoured in (("", True), (" in 20% of the notes", False)):
        soft = SoftConstraints(list(Constraints(f"instruments: piano, violin{stated}")))
        for index, instrument in enumerate([violin, *[1] * 4]):
            for row_type in (bar, *[note] * 7):
                row = np.array([row_type, 1, 2, 41, instrument, 61, 12, 20])
                soft.update(row, index)
        lean = bias(soft, bar=4)[Attribute.INSTRUMENT]
        assert (lean[violin] > 0) == is_favoured
        assert lean[1] == 0


def test_a_key_in_some_bars_has_a_bias_only_there():
    soft = SoftConstraints(list(Constraints("key: A minor in bars 3-4")))
    assert soft.bias(Moment(0, 48, Counter(), EVERYBODY)) is None
    row = np.array([RowType.NOTE, 1, 2, 41, 1, 62, 12, 20])  # C sharp
    for _ in range(40):
        soft.update(row, 2)
    assert soft.bias(Moment(0, 48, Counter(), EVERYBODY)) is None
    assert bias(soft, bar=2)[Attribute.PITCH].any()
