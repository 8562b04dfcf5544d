"""Draws the music towards its key, as strongly as it takes.

The scale alone lets music settle on any of its degrees; that is where key finding would hear it.
"""

from __future__ import annotations

import numpy as np

from amadeus.music.chords import INTERVALS
from amadeus.music.keys import Key, key_correlations, key_profile
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import VALUES
from amadeus.tokens.vocabulary import Attribute

LEAN = 0.7
"""Weight of the key's profile, as a logarithm, that always applies."""
MARGIN = 0.12
"""How much better than any other key the one asked for is to fit what sounded."""
GAIN = 40.0
MAX_PUSH = 6.0
"""How the push away from the best other key grows with what is missing to the margin, and how
far, in nats."""
PRIOR_TICKS = 8 * 12
"""Weight of the profile itself among the notes heard, in grid steps: a few notes prove little."""
CHORD_WEIGHT = 1.4
"""How much more a chord is favoured than a pitch, since it outlives a note."""


class Tonality:
    """The bias of one piece: towards the key that was asked for, away from the one that is heard.

    Key finding compares with the profiles of Aarden; so does this, note by note.
    """

    def __init__(self, key: Key) -> None:
        keys = [Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)]
        self._key = keys.index(key)
        profiles = np.stack([key_profile(k) for k in keys])
        self._profiles = profiles / profiles.sum(axis=1, keepdims=True)  # [24, 12]
        own = self._profiles[self._key]
        self._lean = LEAN * np.log(own / own.max())  # [12]
        self._heard = PRIOR_TICKS * own

    def hear(self, row: np.ndarray) -> None:
        """Take a row that was composed. row: [A]."""
        pitch = int(row[Attribute.PITCH])
        if 0 < pitch < v.FIRST_DRUM_PITCH:
            self._heard[(pitch - 1) % 12] += int(row[Attribute.DURATION])

    def bias(self) -> np.ndarray:
        """Added to the logits of the next row, float32 [A, V]."""
        weights = self._lean + self._push()
        bias = np.zeros(VALUES.shape, dtype=np.float32)
        bias[Attribute.PITCH, _PITCHES] = weights[_PITCH_CLASSES]
        bias[Attribute.CHORD, _CHORDS] = CHORD_WEIGHT * (_CHORD_NOTES @ weights)
        return bias

    def _push(self) -> np.ndarray:
        """Towards what tells the key from the best other one, as far as it is missing. [12]"""
        correlations = key_correlations(self._heard)
        others = correlations.copy()
        others[self._key] = -np.inf
        rival = int(others.argmax())
        missing = MARGIN - (correlations[self._key] - correlations[rival])
        difference = self._profiles[self._key] - self._profiles[rival]
        return min(max(0.0, GAIN * missing), MAX_PUSH) * difference / np.abs(difference).max()


_PITCHES = np.arange(1, v.FIRST_DRUM_PITCH)
_PITCH_CLASSES = (_PITCHES - 1) % 12
_CHORDS = np.array([v.chord_value(root, quality) for root in range(12) for quality in INTERVALS])


def _chord_notes() -> np.ndarray:
    """The share of each pitch class in each chord, float64 [chords, 12]."""
    shares = []
    for root in range(12):
        for intervals in INTERVALS.values():
            notes = [(root + interval) % 12 for interval in intervals]
            shares.append(np.bincount(notes, minlength=12) / len(notes))
    return np.stack(shares)


_CHORD_NOTES = _chord_notes()
