"""Keeps resampled notes from striking a pitch that their instrument is holding.

MIDI ends the oldest of two notes of one pitch with the first note-off. If a resampled note met
another note of its instrument and pitch, one of the two would therefore change its length.
"""

from __future__ import annotations

import numpy as np

from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import row_onsets
from amadeus.tokens.vocabulary import Attribute

_UNKNOWN = -1


class Unisons:
    """The notes of a piece whose pitches are known, while a passage of it is resampled."""

    def __init__(self, tokens: np.ndarray, begin: int, is_open: np.ndarray) -> None:
        """tokens: the piece, [N, A]; begin: the first row of the passage.

        is_open: which attributes of its rows are resampled, bool [K, A].
        """
        self._instruments = tokens[:, Attribute.INSTRUMENT]
        self._onsets = row_onsets(tokens)
        self._ends = self._onsets + tokens[:, Attribute.DURATION]
        self._pitches = tokens[:, Attribute.PITCH].astype(np.int64)
        sound = v.has_sound(tokens[:, Attribute.TYPE])
        self._pitches[~sound] = _UNKNOWN
        inside = begin + np.arange(len(is_open))
        opens_pitch = is_open[:, Attribute.PITCH]
        moves = is_open[:, Attribute.BEAT]
        self._pitches[inside[opens_pitch | moves]] = _UNKNOWN
        lasts = ~moves & ~is_open[:, Attribute.DURATION]
        self._is_drawn = np.zeros(len(tokens), dtype=bool)
        self._is_drawn[inside] = opens_pitch & lasts
        self._rows = inside[sound[inside]]

    def take(self, place: int, row: np.ndarray) -> None:
        """Take a resampled row, [A]; place: its number among the notes of the passage."""
        index = self._rows[place]
        if self._is_drawn[index]:
            self._pitches[index] = row[Attribute.PITCH]

    def taken(self, place: int) -> np.ndarray:
        """Values of `pitch` that the instrument of a note plays while the note lasts, int [N].

        Empty for a note whose pitch stays, or whose onset or duration is resampled too.
        """
        index = self._rows[place]
        if not self._is_drawn[index]:
            return np.zeros(0, dtype=np.int64)
        others = (
            (self._instruments == self._instruments[index])
            & (self._onsets < self._ends[index])
            & (self._ends > self._onsets[index])
            & (self._pitches != _UNKNOWN)
        )
        others[index] = False
        return self._pitches[others]
