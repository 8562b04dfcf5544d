"""The register of every instrument in real music."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import numpy as np

from amadeus.critic.bars import Bars
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute

Registers = Mapping[int, tuple[int, int]]
"""By value of `instrument`, the lowest and the highest value of `pitch` that belong to it."""
_EVERYTHING = (1, 128)
_FEWEST = 200
"""Fewest notes of an instrument for its register to be estimated."""
_SHARE = 0.98
"""Share of its notes within the register."""


@cache
def registers() -> Registers:
    """The registers in the training pieces (docs/training.md)."""
    table = files("amadeus").joinpath("data/registers.json").read_text(encoding="utf-8")
    return {int(value): (low, high) for value, (low, high) in json.loads(table).items()}


def measure_registers(pieces: Iterable[Bars]) -> Registers:
    """The registers of the pitched instruments that have enough notes in these bars."""
    notes = np.concatenate([bars.notes for bars in pieces])
    outside = (1 - _SHARE) / 2
    found = {}
    for value in range(1, v.DRUMS):
        pitch = notes[notes[:, Attribute.INSTRUMENT] == value, Attribute.PITCH]
        if len(pitch) >= _FEWEST:
            low, high = np.quantile(pitch, (outside, 1 - outside), method="inverted_cdf")
            found[value] = int(low), int(high)
    return found


def semitones_outside(pitched: Bars) -> np.ndarray:
    """How far every note is from the register of its instrument, int64 [N], 0 within it."""
    known = registers()
    instruments = pitched.column(Attribute.INSTRUMENT).tolist()
    bounds = np.array([known.get(value, _EVERYTHING) for value in instruments]).reshape(-1, 2)
    pitch = pitched.column(Attribute.PITCH)
    outside: np.ndarray = np.maximum(0, np.maximum(bounds[:, 0] - pitch, pitch - bounds[:, 1]))
    return outside
