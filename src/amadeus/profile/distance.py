"""How far apart two profiles are."""

from __future__ import annotations

import numpy as np

from amadeus.music.keys import Key
from amadeus.profile.profile import MEASURES, Part, Profile

_OCTAVES_OF_TEMPO = 1.0
"""Tempos this far apart differ as much as any."""
_RELATIVE_KEY = 0.5
POSITION = ("from_start", "bars_left")
"""Fields that say where in a piece the music is."""


def differences(asked: Profile, heard: Profile) -> dict[str, float]:
    """By field, how far a profile is from what was asked for, from 0 (equal) to 1.

    Fields that either leaves open are left out, and so is where in a piece they are.
    """
    ours, theirs = asked.stated, heard.stated
    return {
        name: _difference(name, ours[name], theirs[name])
        for name in ours
        if name in theirs and name not in POSITION
    }


def distance(asked: Profile, heard: Profile) -> float:
    """The mean of their differences; 0 where nothing can be compared."""
    return float(np.mean(list(differences(asked, heard).values()) or [0.0]))


def _difference(name: str, one: object, other: object) -> float:
    if isinstance(one, Key) and isinstance(other, Key):
        return 0.0 if one == other else _RELATIVE_KEY if one == other.relative else 1.0
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _unshared(one, other) if name == "parts" else float(set(one).isdisjoint(other))
    if isinstance(one, str):
        return float(one != other)
    assert isinstance(one, (int, float))
    assert isinstance(other, (int, float))
    if name == "bpm":
        return min(1.0, abs(np.log2(one / other)) / _OCTAVES_OF_TEMPO)
    if name == "num_parts":
        return min(1.0, abs(np.log2(one / other)) / 2)
    measure = _MEASURES[name]
    return min(1.0, 2 * abs(measure.range_of(one) - measure.range_of(other)) / len(measure.edges))


_MEASURES = {measure.name: measure for measure in MEASURES}


def _unshared(asked: tuple[Part, ...], heard: tuple[Part, ...]) -> float:
    """1 less the share of all instruments that both have; in notes, where both say how many."""
    ours = {part.instrument: part.share for part in asked}
    theirs = {part.instrument: part.share for part in heard}
    together = set(ours) | set(theirs)
    if None in ours.values() or None in theirs.values():
        return 1 - len(set(ours) & set(theirs)) / len(together)
    return sum(abs((ours.get(i) or 0) - (theirs.get(i) or 0)) for i in together) / 2
