"""The beat grid: bars from time signatures, and scores on a finer or a coarser grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Protocol, TypeVar

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.score import Score, Text, TimeSignature, sort_notes

GRID = 12
"""Grid positions per quarter note: sixteenths and triplets are both exact."""
MOST_TICKS_PER_QUARTER = 2**15 - 1
"""What a MIDI file can say."""

Ticks = TypeVar("Ticks", int, np.ndarray)


class Move(Protocol):
    """Takes positions in ticks elsewhere, and keeps their order."""

    def __call__(self, ticks: Ticks) -> Ticks: ...


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


def clip_bars(score: Score) -> Bars:
    """The bars of the whole clip: those with notes, and those up to `clip_end`."""
    return bars_of(score, clip_end(score))


def clip_end(score: Score) -> int:
    """A tick in the last bar of the clip, plus 1.

    The last bar is the one in which the last note begins. In a score that was read from a file it
    may also be a later one: the last one that a note sounds through, to three quarters at least,
    or the last whole one before the end that the file states.
    """
    onsets = [int(track.notes["onset_ticks"][-1]) for track in score.tracks if len(track.notes)]
    end = max(onsets, default=0)
    if score.source is None or max(score.end_ticks, score.length_ticks) <= end:
        return end + 1
    bars = bars_of(score, max(score.end_ticks, score.length_ticks))
    sounding = bars.onset_ticks + bars.length_ticks * 3 // 4 <= score.end_ticks
    slack = score.ticks_per_quarter // GRID
    is_whole = bars.onset_ticks + bars.length_ticks <= score.length_ticks + slack
    return max(end, int(bars.onset_ticks[sounding | is_whole].max(initial=0))) + 1


def count_bars(score: Score, end_ticks: int | None = None) -> int:
    """How many bars begin before the end of the last note, or `end_ticks`, without making them."""
    end, count = score.end_ticks if end_ticks is None else end_ticks, 0
    metres = metres_of(score)
    for metre, following in zip_longest(metres, metres[1:]):
        stop = min(end, following.onset_ticks) if following else end
        if stop > metre.onset_ticks:
            count -= (metre.onset_ticks - stop) // metre.bar_ticks(score.ticks_per_quarter)
    return count


def metres_of(score: Score) -> tuple[TimeSignature, ...]:
    """Time signatures in order, one a position, from tick 0 on (4/4 where none is given)."""
    by_onset = {t.onset_ticks: t for t in sorted(score.time_signatures)}
    if 0 not in by_onset:
        by_onset[0] = TimeSignature(0, 4, 4)
    return tuple(by_onset[onset] for onset in sorted(by_onset))


def snap(ticks: Ticks, given_per_quarter: int, ticks_per_quarter: int = GRID) -> Ticks:
    """Positions, `given_per_quarter` ticks to a quarter, at their nearest grid positions."""
    doubled = 2 * ticks * ticks_per_quarter + given_per_quarter
    return doubled // (2 * given_per_quarter)


def quantize(score: Score, ticks_per_quarter: int = GRID) -> Score:
    """Move every onset and end to the nearest grid position; no note becomes shorter than one.

    Whatever else a score holds moves to the grid too. A score on the grid comes back equal.
    """
    if score.ticks_per_quarter == ticks_per_quarter:
        return score

    def moved_to(ticks: Ticks) -> Ticks:
        return snap(ticks, score.ticks_per_quarter, ticks_per_quarter)

    return _moved(score, ticks_per_quarter, moved_to)


def rescale(score: Score, ticks_per_quarter: int) -> Score:
    """The same music in shorter ticks, so that nothing moves in time.

    Raises ScoreError unless each old tick is a whole number of the new ones.
    """
    factor, rest = divmod(ticks_per_quarter, score.ticks_per_quarter)
    if rest or factor < 1:
        raise ScoreError(
            f"{ticks_per_quarter} ticks per quarter are no multiple of the score's "
            f"{score.ticks_per_quarter}; choose one, or quantize"
        )

    def scale(ticks: Ticks) -> Ticks:
        return ticks * factor

    return _moved(score, ticks_per_quarter, scale)


def _moved(score: Score, ticks_per_quarter: int, move: Move) -> Score:
    """The score with every position in it moved, in order; no note is shorter than a tick."""

    def texts(given: tuple[Text, ...]) -> tuple[Text, ...]:
        return tuple(replace(text, onset_ticks=move(text.onset_ticks)) for text in given)

    def in_force(events: tuple) -> tuple:
        # The last event on a position is the one in force there.
        by_onset = {move(e.onset_ticks): e for e in events}
        return tuple(replace(e, onset_ticks=onset) for onset, e in sorted(by_onset.items()))

    return replace(
        score,
        ticks_per_quarter=ticks_per_quarter,
        tracks=tuple(
            replace(
                track,
                notes=_moved_notes(track.notes, move),
                controls=_moved_rows(track.controls, move),
                pitch_bends=_moved_rows(track.pitch_bends, move),
                lyrics=texts(track.lyrics),
            )
            for track in score.tracks
        ),
        tempos=in_force(score.tempos),
        time_signatures=in_force(score.time_signatures),
        chords=in_force(score.chords),
        key_signatures=in_force(score.key_signatures),
        markers=texts(score.markers),
        lyrics=texts(score.lyrics),
        length_ticks=move(score.length_ticks),
        source=None,
    )


def _moved_notes(notes: np.ndarray, move: Move) -> np.ndarray:
    moved = _moved_rows(notes, move)
    ends = move(notes["onset_ticks"] + notes["duration_ticks"])
    moved["duration_ticks"] = np.maximum(1, ends - moved["onset_ticks"])
    return sort_notes(moved)


def _moved_rows(rows: np.ndarray, move: Move) -> np.ndarray:
    moved = rows.copy()
    moved["onset_ticks"] = move(rows["onset_ticks"])
    return moved
