"""Groove: the timing and the accents of a file, by position in the bar, for other music."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.errors import ConfigError
from amadeus.music.grid import bars_of
from amadeus.music.score import Score
from amadeus.performer.features import NoteTable

_GRID = np.array([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4])
"""Positions in a quarter note."""
_EIGHTH, _LATE_TRIPLET = 3, 4
_SWUNG = (0.56, 0.72)
"""Where swung second eighths begin."""
_NEAR = 1 / 24
_LEAST_NOTES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Groove:
    """Offsets and accents by quarter of the bar and position in the quarter. Q quarters."""

    offset: np.ndarray
    """In quarter notes, float64 [Q, 6]."""
    accent: np.ndarray
    """Velocity divided by the mean velocity, float64 [Q, 6]."""

    def __call__(self, score: Score, table: NoteTable) -> tuple[np.ndarray, np.ndarray]:
        """Onsets in quarter notes and velocities of a score in this groove, float64 [N] each.

        Notes between the positions of the groove move with the positions around them.
        """
        quarter, place = _places(score, table)
        quarter = quarter % len(self.offset)
        following = (quarter + 1) % len(self.offset)
        offsets = np.append(self.offset[quarter], self.offset[following][:, :1], axis=1)
        accents = np.append(self.accent[quarter], self.accent[following][:, :1], axis=1)
        grid = np.append(_GRID, 1.0)
        right = np.searchsorted(grid, place, side="right").clip(1, len(grid) - 1)
        share = (place - grid[right - 1]) / (grid[right] - grid[right - 1])
        rows = np.arange(len(place))

        def between(values: np.ndarray) -> np.ndarray:
            return values[rows, right - 1] * (1 - share) + values[rows, right] * share

        velocity = table.velocity * between(accents)
        return table.onset + between(offsets), velocity.clip(1, 127)


def groove_of(score: Score) -> Groove:
    """The groove of a piece that was played to a click, with swung eighths as eighths.

    Positions without notes get the mean of their position in other quarters, or else no change.
    Raises ConfigError for a piece with fewer than 8 notes.
    """
    table = NoteTable.of(score)
    if len(table) < _LEAST_NOTES:
        raise ConfigError(
            f"{len(table)} notes are too few for a groove; give a file with at least {_LEAST_NOTES}"
        )
    quarter, place = _places(score, table)
    quarters = max(1, round(_bar_quarters(score)))
    # A note just before a quarter belongs to it.
    late = place > 1 - 1 / 8
    quarter, place = quarter + late, np.where(late, place - 1, place)
    index = np.abs(place[:, None] - _GRID).argmin(1)
    if _is_swung(place):
        index[(place >= _SWUNG[0]) & (place <= _SWUNG[1])] = _EIGHTH
    quarter %= quarters
    accent = table.velocity / table.velocity.mean()
    offset = place - _GRID[index]
    return Groove(
        _by_position(quarter, index, offset, quarters, 0.0),
        _by_position(quarter, index, accent, quarters, 1.0),
    )


def _is_swung(place: np.ndarray) -> bool:
    swung = np.count_nonzero((place >= _SWUNG[0]) & (place <= _SWUNG[1]))
    straight = np.count_nonzero(np.abs(place - 0.5) <= _NEAR)
    triplets = np.count_nonzero(np.abs(place - 1 / 3) <= _NEAR)
    return swung > max(4 * straight, 2 * triplets)


def _by_position(
    quarter: np.ndarray, index: np.ndarray, values: np.ndarray, quarters: int, default: float
) -> np.ndarray:
    """Mean values by quarter and position, float64 [quarters, 6]."""
    shape = quarters, len(_GRID)
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (quarter, index), values)
    np.add.at(count, (quarter, index), 1)
    overall = np.where(count.sum(0) > 0, total.sum(0) / np.maximum(count.sum(0), 1), default)
    return np.where(count > 0, total / np.maximum(count, 1), overall)


def _places(score: Score, table: NoteTable) -> tuple[np.ndarray, np.ndarray]:
    """The quarter of its bar and the position in that quarter of every note. [N] each."""
    bars = bars_of(score)
    ticks = np.rint(table.onset * score.ticks_per_quarter).astype(np.int64)
    in_bar = (ticks - bars.onset_ticks[bars.index_at(ticks)]) / score.ticks_per_quarter
    quarter = np.floor(in_bar + 1e-9).astype(np.int64)
    return quarter, (in_bar - quarter).clip(0)


def _bar_quarters(score: Score) -> float:
    """The length of the most common bar, in quarter notes."""
    lengths, counts = np.unique(bars_of(score).length_ticks, return_counts=True)
    return float(lengths[counts.argmax()]) / score.ticks_per_quarter
