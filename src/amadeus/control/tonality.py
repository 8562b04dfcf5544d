"""Tonality: a bias on pitches and chords that keeps the music in its key.

A scale is not enough: music could settle on any of its degrees, and then be in another key. The bias
acts only while another key is about as likely. A constant one would keep the harmony on the tonic.
"""

from __future__ import annotations

import numpy as np

from amadeus.control.constraint import Moment, Tracker, no_bias
from amadeus.music.chords import INTERVALS
from amadeus.music.keys import Key, key_correlations, key_profile
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute

MARGIN = 0.12
"""By how much the key should correlate better with the notes so far than any other key."""
GAIN = 40.0
MAX_PUSH = 6.0
"""The push away from the rival in nats per unit of the missing margin, and its maximum in nats."""
PRIOR_TICKS = 8 * 12
"""Weight of the key profile among the notes so far, in grid steps, for the first few notes."""
CHORD_WEIGHT = 1.4
"""How much more a chord is favoured than a pitch, because it lasts longer than a note."""


class Tonality(Tracker):
    """The bias of one piece towards its key and away from the strongest rival of that key.

    Like keys in general, the rival is estimated by correlation with the profiles of Aarden.
    """

    def __init__(self, key: Key) -> None:
        keys = [Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)]
        self._key = keys.index(key)
        profiles = np.stack([key_profile(k) for k in keys])
        self._profiles = profiles / profiles.sum(axis=1, keepdims=True)  # [24, 12]
        self._durations = PRIOR_TICKS * self._profiles[self._key]

    def update(self, row: np.ndarray, bar: int) -> None:
        pitch = int(row[Attribute.PITCH])
        if 0 < pitch < v.FIRST_DRUM_PITCH:
            self._durations[(pitch - 1) % 12] += int(row[Attribute.DURATION])

    def bias(self, moment: Moment) -> np.ndarray:
        weights = self._push()
        bias = no_bias()
        bias[Attribute.PITCH, PITCHES] = weights[PITCH_CLASSES]
        bias[Attribute.CHORD, CHORDS] = CHORD_WEIGHT * (CHORD_NOTES @ weights)
        return bias

    def _push(self) -> np.ndarray:
        """In favour of pitch classes that distinguish the key from its rival, if needed. [12]"""
        correlations = key_correlations(self._durations)
        others = correlations.copy()
        others[self._key] = -np.inf
        rival = int(others.argmax())
        missing = MARGIN - (correlations[self._key] - correlations[rival])
        difference = self._profiles[self._key] - self._profiles[rival]
        return min(max(0.0, GAIN * missing), MAX_PUSH) * difference / np.abs(difference).max()


PITCHES = np.arange(1, v.FIRST_DRUM_PITCH)
PITCH_CLASSES = (PITCHES - 1) % 12
CHORDS = np.array([v.chord_value(root, quality) for root in range(12) for quality in INTERVALS])


def _chord_notes() -> np.ndarray:
    """The share of each pitch class in each chord, float64 [chords, 12]."""
    shares = []
    for root in range(12):
        for intervals in INTERVALS.values():
            notes = [(root + interval) % 12 for interval in intervals]
            shares.append(np.bincount(notes, minlength=12) / len(notes))
    return np.stack(shares)


CHORD_NOTES = _chord_notes()
