"""How many notes at once instruments play, so that no chord grows into a cluster.

The model draws the notes of a chord one by one, and hardly ever, but sometimes, cannot stop; what
it once wrote it then repeats.
"""

from __future__ import annotations

import numpy as np

from amadeus.music.instruments import family_name
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import Attribute

# 99.9 % of the chords of each family in 4,000 pieces of all corpora have no more notes.
_MOST_NOTES = {
    "piano": 8,
    "chromatic percussion": 4,
    "organ": 8,
    "guitar": 8,
    "bass": 3,
    "strings": 6,
    "ensemble": 7,
    "brass": 7,
    "reed": 4,
    "pipe": 5,
    "synth lead": 9,
    "synth pad": 6,
    "synth effects": 5,
    "ethnic": 4,
    "percussive": 7,
    "sound effects": 6,
}
_MOST_DRUMS = 7


def most_notes(instrument: int) -> int:
    """Most notes that one instrument begins at once. instrument: value of the attribute."""
    return _MOST_DRUMS if instrument == v.DRUMS else _MOST_NOTES[family_name(instrument - 1)]


class Chords:
    """Follows the notes that one instrument begins together."""

    def __init__(self) -> None:
        self._last = np.zeros(v.NUM_ATTRIBUTES, dtype=np.int64)
        self._size = 0

    def hear(self, row: np.ndarray) -> None:
        """Take a row, [A]."""
        together = (
            row[Attribute.TYPE] == v.RowType.NOTE
            and row[Attribute.BEAT] == self._last[Attribute.BEAT]
            and row[Attribute.INSTRUMENT] == self._last[Attribute.INSTRUMENT]
        )
        self._size = self._size + 1 if together else 1
        self._last = row

    def limit(self, grammar: Grammar) -> None:
        """Close a chord that is full."""
        instrument = int(grammar.last[Attribute.INSTRUMENT])
        if instrument != v.NULL and self._size >= most_notes(instrument):
            grammar.close_chord()
