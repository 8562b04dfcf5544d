"""The attributes that a performance gives to each note, and the bins that the network predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Attribute:
    """A number in equal bins from `low` to `high`."""

    name: str
    low: float
    high: float
    bins: int

    @property
    def centres(self) -> np.ndarray:
        """The value of each bin, float64 [bins]."""
        centres: np.ndarray = self.low + (np.arange(self.bins) + 0.5) * self.width
        return centres

    @property
    def width(self) -> float:
        return (self.high - self.low) / self.bins

    def encode(self, values: np.ndarray) -> np.ndarray:
        """The bin of each value, -1 for NaN. int64, same shape."""
        known = np.isfinite(values)
        place = np.floor((np.where(known, values, self.low) - self.low) / self.width)
        return np.where(known, place.clip(0, self.bins - 1), -1).astype(np.int64)


VELOCITY = Attribute("velocity", 0, 128, 32)
"""MIDI velocity."""
OFFSET = Attribute("offset", -0.2475, 0.2475, 33)
"""How late a note begins, in quarter notes; the middle bin is 0."""
ARTICULATION = Attribute("articulation", -3, 1.4, 22)
"""Binary logarithm of the played duration divided by the written one."""
PEDAL = Attribute("pedal", 0, 3, 3)
"""Sustain pedal after a note: PEDAL_UP, PEDAL_HELD or PEDAL_CHANGED, plus a half."""
TEMPO = Attribute("tempo", -1.025, 1.025, 41)
"""Binary logarithm of the tempo of a quarter note, divided by the mean tempo; the middle is 0."""

PEDAL_UP, PEDAL_HELD, PEDAL_CHANGED = range(3)
ATTRIBUTES = (VELOCITY, OFFSET, ARTICULATION, PEDAL, TEMPO)
NAMES = tuple(attribute.name for attribute in ATTRIBUTES)
MOST_OFFSET = 0.25
"""The largest offset, in quarter notes."""
GENRES = (
    "", "baroque", "classical", "romantic", "modern", "jazz", "funk", "hiphop", "latin", "pop",
    "rock",
)  # fmt: skip
"""Genres that the network knows; the first is for an unknown one."""
