"""Swing: the first of each pair of eighths or sixteenths is longer than the second."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from amadeus.errors import ConfigError
from amadeus.music.grid import bars_of
from amadeus.music.score import Score
from amadeus.performer.features import NoteTable

_STRAIGHT, _MOST = 50.0, 80.0
_FORM = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%?\s*(8ths|eighths|16ths|sixteenths)?")
_NEAR = 1 / 24
"""Farthest that an onset is from a position that it counts for, in quarter notes."""


@dataclass(frozen=True, slots=True)
class Swing:
    """The share of the first note in a pair, 0.5 to 0.8, and the length of a pair."""

    ratio: float
    pair: float = 1.0
    """In quarter notes: 1 for swung eighths, 0.5 for swung sixteenths."""

    def __call__(self, onsets: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Positions in quarter notes, swung. Same shape.

        starts: the quarter note that each position is counted from.
        """
        place = (onsets - starts) / self.pair
        index = np.floor(place)
        inside = np.interp(place - index, [0, 0.5, 1], [0, self.ratio, 1])
        swung: np.ndarray = starts + (index + inside) * self.pair
        return swung


def parse_swing(text: str) -> Swing:
    """A swing such as "62%", "58% sixteenths" or "triplet". Raises ConfigError for others."""
    words = text.strip().lower()
    if words in ("triplet", "triplets"):
        return Swing(2 / 3)
    match = _FORM.fullmatch(words)
    if match is None:
        raise ConfigError(
            f"cannot parse the swing {text!r}; write 62%, '58% sixteenths' or triplet"
        )
    percent = float(match[1])
    if not _STRAIGHT <= percent <= _MOST:
        raise ConfigError(
            f"swing {match[1]}% is out of range; choose 50% (straight) to 80%, as in 62%"
        )
    is_eighths = match[2] in (None, "8ths", "eighths")
    return Swing(percent / 100, 1.0 if is_eighths else 0.5)


def swing_positions(
    score: Score, table: NoteTable, swing: Swing, positions: np.ndarray
) -> np.ndarray:
    """Swung positions, in quarter notes, of positions in a score. Same shape.

    Quarters with triplets stay as they are, and so do bars in compound time, such as 6/8.
    """
    bars = bars_of(score, int(positions.max(initial=0) * score.ticks_per_quarter) + 1)
    begin = bars.onset_ticks / score.ticks_per_quarter
    bar = (np.searchsorted(begin, positions + 1e-9, side="right") - 1).clip(0)
    starts = begin[bar] + np.floor(positions - begin[bar] + 1e-9)
    metres = [(metre.numerator, metre.denominator) for metre in bars.time_signatures]
    compound = np.array([n > 3 and n % 3 == 0 and d >= 8 for n, d in metres])
    stays = compound[bars.metre[bar]] | np.isin(starts, _triplet_quarters(table, begin))
    return np.where(stays, positions, swing(positions, starts))


def _triplet_quarters(table: NoteTable, begin: np.ndarray) -> np.ndarray:
    """Starts of the quarters with an onset on a triplet, but none on an even division."""
    bar = (np.searchsorted(begin, table.onset + 1e-9, side="right") - 1).clip(0)
    starts = begin[bar] + np.floor(table.onset - begin[bar] + 1e-9)
    place = table.onset - starts
    is_triplet = np.minimum(np.abs(place - 1 / 3), np.abs(place - 2 / 3)) < _NEAR
    is_even = np.abs(place * 4 - np.rint(place * 4)) / 4 < _NEAR
    is_even &= place > _NEAR
    return np.setdiff1d(starts[is_triplet], starts[is_even & (place < 1 - _NEAR)])
