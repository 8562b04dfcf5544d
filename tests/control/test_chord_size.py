"""No instrument begins more notes at once than players of it do."""

from __future__ import annotations

import numpy as np
import pytest

from amadeus.control.chord_size import ChordSizeLimit, most_notes
from amadeus.errors import GrammarError
from amadeus.music.score import Score, Track, make_notes
from amadeus.tokens import encode
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import Attribute, RowType


def chord(program: int, size: int, is_drum: bool = False) -> np.ndarray:
    """Tokens of one chord, END left out."""
    notes = make_notes((0, 12, 40 + i, 80) for i in range(size))
    return encode(Score(12, (Track(program, notes, is_drum=is_drum),)))[:-1]


def may_go_on(tokens: np.ndarray) -> bool:
    """Whether the instrument of the last row may add a note to its chord."""
    grammar, chords = Grammar(), ChordSizeLimit()
    for row in tokens:
        chords.update(row.astype(np.int64))
        grammar.advance(row)
    chords.limit(grammar)
    values, known = tokens[-1].astype(np.int64), np.zeros(v.NUM_ATTRIBUTES, dtype=bool)
    known[[Attribute.TYPE, Attribute.BEAT, Attribute.INSTRUMENT]] = True
    values[Attribute.TYPE] = RowType.NOTE
    try:
        grammar.allowed(values, known)
    except GrammarError:
        return False
    return True


@pytest.mark.parametrize(("program", "size"), [(32, 3), (0, 8), (71, 4), (73, 5)])
def test_a_full_chord_ends(program, size):
    assert most_notes(program + 1) == size
    assert may_go_on(chord(program, size - 1))
    assert not may_go_on(chord(program, size))


def test_a_full_stroke_of_the_drums_ends():
    assert may_go_on(chord(0, 6, is_drum=True))
    assert not may_go_on(chord(0, 7, is_drum=True))


def test_the_next_onset_has_room_again():
    tokens = chord(32, 3)
    later = tokens[-1].copy()
    later[Attribute.BEAT] += 1
    assert may_go_on(np.concatenate([tokens, later[None]]))


def test_every_instrument_may_play_a_chord():
    assert min(most_notes(value) for value in range(1, v.DRUMS + 1)) >= 3
