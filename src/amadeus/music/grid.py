"""The beat grid: bars from time signatures, and quantisation to 12 positions per quarter note."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from amadeus.music.score import Score, TimeSignature, sort_notes

GRID = 12
"""Grid positions per quarter note: sixteenths and triplets are both exact."""

Ticks = TypeVar("Ticks", int, np.ndarray)


@dataclass(frozen=True, slots=True)
class Bars:
    """Every bar of a piece, as columns."""

    onset_ticks: np.ndarray
    """Where each bar begins, int64 [M]."""
    length_ticks: np.ndarray
    """How long it is, int64 [M]; shorter than its metre says where a new metre cuts it off."""
    metre: np.ndarray
    """Index into `time_signatures`, int64 [M]."""
    time_signatures: tuple[TimeSignature, ...]

    def __len__(self) -> int:
        return len(self.onset_ticks)

    def index_at(self, ticks: np.ndarray) -> np.ndarray:
        """The bar that each position falls in. Same shape as `ticks`."""
        return np.searchsorted(self.onset_ticks, ticks, side="right") - 1


def bars_of(score: Score, end_ticks: int | None = None) -> Bars:
    """The bars from tick 0 to the last note onset (or `end_ticks`, exclusive), at least one."""
    if end_ticks is None:
        onsets = [int(t.notes["onset_ticks"][-1]) for t in score.tracks if len(t.notes)]
        end_ticks = max(onsets, default=0) + 1
    metres = metres_of(score)
    onsets_, lengths_, indices_ = [], [], []
    for i, metre in enumerate(metres):
        start = metre.onset_ticks
        stop = metres[i + 1].onset_ticks if i + 1 < len(metres) else end_ticks
        stop = min(stop, end_ticks)
        if stop <= start:
            break
        onset = np.arange(start, stop, metre.bar_ticks(score.ticks_per_quarter), dtype=np.int64)
        length = np.full(len(onset), metre.bar_ticks(score.ticks_per_quarter), dtype=np.int64)
        if i + 1 < len(metres) and stop == metres[i + 1].onset_ticks:
            length[-1] = stop - onset[-1]
        onsets_.append(onset)
        lengths_.append(length)
        indices_.append(np.full(len(onset), i, dtype=np.int64))
    return Bars(np.concatenate(onsets_), np.concatenate(lengths_), np.concatenate(indices_), metres)


def metres_of(score: Score) -> tuple[TimeSignature, ...]:
    """Time signatures in order, one a position, from tick 0 on (4/4 where none is given)."""
    by_onset = {t.onset_ticks: t for t in sorted(score.time_signatures)}
    if 0 not in by_onset:
        by_onset[0] = TimeSignature(0, 4, 4)
    return tuple(by_onset[onset] for onset in sorted(by_onset))


def quantize(score: Score, ticks_per_quarter: int = GRID) -> Score:
    """Move every onset and end to the nearest grid position; no note becomes shorter than one.

    Tempos, time signatures and chords move to the grid too. A score on the grid comes back equal.
    """
    if score.ticks_per_quarter == ticks_per_quarter:
        return score

    def snap(ticks: Ticks) -> Ticks:
        doubled = 2 * ticks * ticks_per_quarter + score.ticks_per_quarter
        return doubled // (2 * score.ticks_per_quarter)

    tracks = []
    for track in score.tracks:
        notes = track.notes.copy()
        notes["onset_ticks"] = snap(track.notes["onset_ticks"])
        ends = snap(track.notes["onset_ticks"] + track.notes["duration_ticks"])
        notes["duration_ticks"] = np.maximum(1, ends - notes["onset_ticks"])
        tracks.append(replace(track, notes=sort_notes(notes)))

    def moved(events: tuple) -> tuple:
        # The last event on a grid position is the one in force there.
        by_onset = {snap(e.onset_ticks): e for e in events}
        return tuple(replace(e, onset_ticks=onset) for onset, e in sorted(by_onset.items()))

    return Score(
        ticks_per_quarter=ticks_per_quarter,
        tracks=tuple(tracks),
        tempos=moved(score.tempos),
        time_signatures=moved(score.time_signatures),
        chords=moved(score.chords),
    )


def is_on_grid(score: Score, ticks_per_quarter: int = GRID) -> bool:
    """Whether every note onset sits exactly on a grid position."""
    return all(
        not np.any(track.notes["onset_ticks"] * ticks_per_quarter % score.ticks_per_quarter)
        for track in score.tracks
    )
