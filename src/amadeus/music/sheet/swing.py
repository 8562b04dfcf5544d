"""Swing: pairs of a long and a short eighth, which are written as straight eighths with a mark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.music.grid import Bars
from amadeus.music.sheet.resolution import QUARTER, StaffNote, is_compound

_SWUNG = (0.58, 0.74)
"""Where in a quarter the second eighth of a swung pair begins."""
_NEAR = 0.06
_LEAST_SHARE = 0.15
"""The least share of the onsets that are swung second eighths."""


@dataclass(frozen=True, slots=True)
class Swing:
    """The position of the second eighth in its quarter; 0.5 would be straight."""

    ratio: float

    def straighten(self, notes: list[StaffNote], bars: Bars) -> tuple[list[StaffNote], Warp]:
        """The notes with straight eighths, and the way back to the played times.

        Only quarters without other onsets change: real triplets and sixteenths stay.
        """
        onsets = np.unique([note.onset for note in notes])
        begin = _quarters(onsets, bars)
        offsets = (onsets - begin) / QUARTER
        swung = (offsets >= _SWUNG[0]) & (offsets <= _SWUNG[1])
        other = ~(swung | (offsets <= _NEAR) | (offsets >= 1 - _NEAR))
        # Three quarters in the time of two, of which the second one begins like a swung eighth.
        triplets = begin[np.abs(offsets - 1 / 3) <= _NEAR] - QUARTER
        quarters = np.setdiff1d(begin[swung], np.concatenate([begin[other], triplets]))
        warp = Warp(quarters, self.ratio)
        times = np.array([(note.onset, note.end) for note in notes], dtype=np.int64)
        moved = warp.straight(times).tolist()
        return [
            StaffNote(onset, max(end, onset + 1), note.pitch, note.velocity)
            for note, (onset, end) in zip(notes, moved, strict=True)
        ], warp


@dataclass(frozen=True, slots=True)
class Warp:
    """Times between straight and swung, in the quarters that swing."""

    quarters: np.ndarray
    """Where they begin, int64 [Q], sorted."""
    ratio: float = 0.5

    def straight(self, units: np.ndarray) -> np.ndarray:
        """Written times of played ones. Same shape."""
        return self._moved(units, self.ratio, 0.5)

    def swung(self, units: np.ndarray) -> np.ndarray:
        """Played times of written ones. Same shape."""
        return self._moved(units, 0.5, self.ratio)

    def _moved(self, units: np.ndarray, old: float, new: float) -> np.ndarray:
        if not len(self.quarters):
            return units
        place = np.searchsorted(self.quarters, units, side="right") - 1
        begin = self.quarters[place.clip(min=0)]
        offset = (units - begin) / QUARTER
        moved = np.interp(offset, [0, old, 1], [0, new, 1])
        inside = (place >= 0) & (offset < 1)
        return np.where(inside, np.rint(begin + moved * QUARTER).astype(np.int64), units)


NO_WARP = Warp(np.empty(0, np.int64))


def find_swing(notes: list[StaffNote], bars: Bars) -> Swing | None:
    """The swing of a piece, or None if its eighths are straight or it is full of triplets."""
    if not notes or any(map(is_compound, bars.time_signatures)):
        return None
    onsets = np.unique([note.onset for note in notes])
    offsets = (onsets - _quarters(onsets, bars)) / QUARTER
    swung = offsets[(offsets >= _SWUNG[0]) & (offsets <= _SWUNG[1])]
    straight = np.count_nonzero(np.abs(offsets - 0.5) <= _NEAR)
    triplets = np.count_nonzero(np.abs(offsets - 1 / 3) <= _NEAR)
    if len(swung) < max(8, _LEAST_SHARE * len(offsets), 4 * straight, 2 * triplets):
        return None
    return Swing(float(np.median(swung)))


def _quarters(onsets: np.ndarray, bars: Bars) -> np.ndarray:
    """The beginning of the quarter of its bar in which each onset lies."""
    begin = bars.onset_ticks[bars.index_at(onsets)]
    return begin + (onsets - begin) // QUARTER * QUARTER
