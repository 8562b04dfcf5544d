"""A performance as a layer on a score, and the score with that layer added.

The written score stays on the grid. `apply` adds a performance by an amount from 0 to 1. No note
is lost, none begins at or before an earlier one of the piece, and none is shorter than a tick.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from amadeus.music.midi.messages import MAX_BPM, MIN_BPM
from amadeus.music.score import CONTROL_DTYPE, Score, Tempo
from amadeus.performer.features import NoteTable
from amadeus.performer.files import add_controls, refine

SUSTAIN = 64
_FULL = 127


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """What is played differently from what is written. N notes, in the order of a `NoteTable`."""

    velocity: np.ndarray
    """MIDI velocity, float64 [N]."""
    onset: np.ndarray
    """In quarter notes, float64 [N]."""
    end: np.ndarray
    """In quarter notes, float64 [N]."""
    tempo: np.ndarray
    """Binary logarithm of the tempo ratio of each quarter note from the start, float64 [Q]."""
    pedal: tuple[tuple[float, bool], ...] = ()
    """Moves of the sustain pedal: when, in quarter notes, and whether it goes down."""
    pedal_parts: tuple[int, ...] = ()
    """Tracks that the pedal is for."""

    @classmethod
    def written(cls, table: NoteTable) -> Performance:
        """Everything as written."""
        return cls(
            velocity=table.velocity.astype(float),
            onset=table.onset,
            end=table.onset + table.duration,
            tempo=np.empty(0),
        )


def apply(score: Score, table: NoteTable, performance: Performance, amount: float) -> Score:
    """The score as it is played.

    table: of the score. amount: 0 gives the score itself, 1 the whole performance.
    The result has enough ticks per quarter note for small offsets, unless nothing changes.
    """
    if amount == 0 or not len(table):
        return score
    fine = refine(score)
    onset, end = _ticks(fine, table, performance, amount)
    velocity = np.rint(table.velocity + amount * (performance.velocity - table.velocity))
    tracks = []
    for part, track in enumerate(fine.tracks):
        here = table.part == part
        row = table.row[here]
        notes = track.notes.copy()
        notes["onset_ticks"][row] = onset[here]
        notes["duration_ticks"][row] = end[here] - onset[here]
        notes["velocity"][row] = velocity[here].clip(1, 127)
        tracks.append(replace(track, notes=notes))
    played = replace(fine, tracks=tuple(tracks))
    played = _with_pedal(played, performance, amount)
    return replace(played, tempos=_tempos(fine, performance.tempo * amount))


def _ticks(
    fine: Score, table: NoteTable, performance: Performance, amount: float
) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and ends in ticks, int64 [N] each.

    The positions at amount 1 keep the order of the score. Positions between those and the written
    ones then keep it as well, and move in one direction as the amount grows.
    """
    tpq = fine.ticks_per_quarter
    written = np.rint(table.onset * tpq).astype(np.int64)
    written_end = np.rint((table.onset + table.duration) * tpq).astype(np.int64)
    onset = _in_order(np.rint(performance.onset * tpq).astype(np.int64), table.group)
    end = np.rint(performance.end * tpq).astype(np.int64)
    end = np.minimum(end, _next_of_pitch(table, onset, written, written_end))
    end = np.maximum(end, onset + 1)
    return _between(written, onset, amount), _between(written_end, end, amount)


def _between(written: np.ndarray, played: np.ndarray, amount: float) -> np.ndarray:
    # Values that are at least 1 apart stay apart, which rounding half to even would not ensure.
    return np.floor(written + amount * (played - written) + 0.5).astype(np.int64)


def _in_order(wanted: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Onsets as near to the wanted ones as the order of groups allows. int64 [N].

    Each group has a range of its own, which ends halfway between its mean and the next one.
    """
    first = np.flatnonzero(np.diff(group, prepend=-1))
    # The mean of each group, moved so that groups are at least a tick apart.
    centre = np.add.reduceat(wanted, first) // np.diff(np.append(first, len(group)))
    steps = np.arange(len(first))
    centre = np.maximum.accumulate(np.maximum(centre, 0) - steps) + steps
    gaps = np.diff(centre)
    low = centre - np.concatenate([centre[:1], (gaps - 1) // 2])
    high = centre + np.append(gaps // 2, 2**40)
    return np.clip(wanted, low[group], high[group])


def _next_of_pitch(
    table: NoteTable, onset: np.ndarray, written: np.ndarray, written_end: np.ndarray
) -> np.ndarray:
    """The latest end of each note: the next onset of its pitch in its part, if it is later.

    Notes that overlap with the next one as written are not limited. int64 [N].
    """
    latest = np.full(len(table), 2**40)
    order = np.lexsort((onset, table.pitch, table.part))
    here, after = order[:-1], order[1:]
    same = (table.part[here] == table.part[after]) & (table.pitch[here] == table.pitch[after])
    same &= written_end[here] <= written[after]
    latest[here[same]] = onset[after[same]]
    return latest


def _with_pedal(score: Score, performance: Performance, amount: float) -> Score:
    """Adds the moves of the pedal; `amount` is how far down it goes."""
    if not performance.pedal:
        return score
    moves = np.array(
        [
            (round(onset * score.ticks_per_quarter), SUSTAIN, round(_FULL * amount * is_down))
            for onset, is_down in performance.pedal
        ],
        dtype=CONTROL_DTYPE,
    )
    return add_controls(score, performance.pedal_parts, moves)


def _tempos(score: Score, ratios: np.ndarray) -> tuple[Tempo, ...]:
    """The tempos of a score, multiplied by 2 to the power of a ratio in each quarter note."""
    if not len(ratios) or not np.any(ratios):
        return score.tempos
    tpq = score.ticks_per_quarter
    written = sorted(score.tempos) or [Tempo(0, 120.0)]
    starts = np.array([tempo.onset_ticks for tempo in written])
    ticks = np.unique(np.concatenate([starts, np.arange(len(ratios) + 1) * tpq, [0]]))
    base = np.array([tempo.bpm for tempo in written])
    base = base[(np.searchsorted(starts, ticks, side="right") - 1).clip(0)]
    exponents = np.append(ratios, 0.0)[(ticks // tpq).clip(max=len(ratios))]
    bpm = (base * 2.0**exponents).clip(MIN_BPM, MAX_BPM)
    tempos: list[Tempo] = []
    for tick, value in zip(ticks.tolist(), np.round(bpm, 3).tolist(), strict=True):
        if not tempos or tempos[-1].bpm != value:
            tempos.append(Tempo(tick, value))
    return tuple(tempos)


KEEP = ("velocity", "timing", "articulation", "pedal", "tempo")
"""What a performance can leave as it is written."""


def keep(performance: Performance, written: Performance, kept: Collection[str]) -> Performance:
    """The performance with some attributes as in another, to which swing and grooves belong."""
    if "velocity" in kept:
        performance = replace(performance, velocity=written.velocity)
    if "timing" in kept:
        length = performance.end - performance.onset
        performance = replace(performance, onset=written.onset, end=written.onset + length)
    if "articulation" in kept:
        moved = performance.onset - written.onset
        performance = replace(performance, end=written.end + moved)
    if "pedal" in kept:
        performance = replace(performance, pedal=(), pedal_parts=())
    if "tempo" in kept:
        performance = replace(performance, tempo=written.tempo)
    return performance
