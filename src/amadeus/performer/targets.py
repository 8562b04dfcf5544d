"""What a player did with each note of a score, measured from an aligned performance.

All attributes are float64 [N, 5], in the order of `ATTRIBUTES`; NaN where nothing is known.
"""

from __future__ import annotations

import numpy as np

from amadeus.music.score import Score
from amadeus.performer.attributes import NAMES, PEDAL_CHANGED, PEDAL_HELD, PEDAL_UP
from amadeus.performer.features import NoteTable

_SUSTAIN = 64
_WIDEST_GAP = 4.0
"""Quarter notes without a matched note, beyond which timing is unknown."""
_WILD = 1.6
"""A binary logarithm of tempo beyond this is taken for an error of the alignment."""


def measure_performance(
    score: Score, table: NoteTable, played: Score, matched: np.ndarray
) -> np.ndarray:
    """The attributes of each note of a score in one performance.

    table: of the score. matched: index of each note's performed note in the table of `played`.
    """
    targets = np.full((len(table), len(NAMES)), np.nan)
    own = np.flatnonzero(matched >= 0)
    if len(own) < 2:
        return targets
    heard = NoteTable.of(played)
    begin = played.ticks_to_seconds(heard.onset * played.ticks_per_quarter)
    end = played.ticks_to_seconds((heard.onset + heard.duration) * played.ticks_per_quarter)
    targets[own, 0] = heard.velocity[matched[own]]

    clock = _Clock(table.onset[own], begin[matched[own]])
    beats = np.floor(table.onset).astype(np.int64)
    start, period = clock(beats), clock(beats + 1) - clock(beats)
    written = np.diff(
        score.ticks_to_seconds(np.stack([beats, beats + 1], 1) * score.ticks_per_quarter)
    )[:, 0]
    tempo = np.log2(written / np.maximum(period, 1e-3))
    tempo -= np.median(tempo)
    is_known = clock.is_dense(beats) & clock.is_dense(beats + 1) & (np.abs(tempo) < _WILD)
    targets[is_known, 4] = tempo[is_known]

    timed = own[is_known[own]]
    at = matched[timed]
    expected = start[timed] + (table.onset[timed] - beats[timed]) * period[timed]
    targets[timed, 1] = (begin[at] - expected) / period[timed]
    length = clock(table.onset + table.duration) - clock(table.onset)
    ratio = (end[at] - begin[at]) / np.maximum(length[timed], 1e-3)
    targets[timed, 2] = np.log2(np.maximum(ratio, 1e-3))
    targets[:, 3] = _pedal(played, table, clock)
    targets[~is_known, 3] = np.nan
    return targets


class _Clock:
    """Seconds of a performance at positions in its score, by the onsets that were matched."""

    def __init__(self, onsets: np.ndarray, seconds: np.ndarray) -> None:
        """onsets: in quarter notes, sorted, [M]; seconds: of the matched notes, [M]."""
        self._at, first = np.unique(onsets, return_index=True)
        times = np.array([np.median(part) for part in np.split(seconds, first[1:])])
        self._seconds = np.maximum.accumulate(times)

    def __call__(self, onsets: np.ndarray) -> np.ndarray:
        """Continues at the mean tempo beyond the first and the last onset."""
        rate = (self._seconds[-1] - self._seconds[0]) / max(self._at[-1] - self._at[0], 1e-6)
        seconds: np.ndarray = np.interp(onsets, self._at, self._seconds)
        seconds = seconds + np.minimum(onsets - self._at[0], 0) * rate
        seconds = seconds + np.maximum(onsets - self._at[-1], 0) * rate
        return seconds

    def is_dense(self, onsets: np.ndarray) -> np.ndarray:
        """Whether matched onsets are near on both sides."""
        place = np.searchsorted(self._at, onsets)
        before = self._at[(place - 1).clip(0)]
        after = self._at[place.clip(max=len(self._at) - 1)]
        dense: np.ndarray = after - before <= _WIDEST_GAP
        return dense


def _pedal(played: Score, table: NoteTable, clock: _Clock) -> np.ndarray:
    """The pedal state after each note; NaN for performances without any pedal. float64 [N]."""
    moves = np.concatenate([track.controls for track in played.tracks])
    moves = moves[moves["number"] == _SUSTAIN]
    if not len(moves):
        return np.full(len(table), np.nan)
    moves = moves[np.argsort(moves["onset_ticks"], kind="stable")]
    times = played.ticks_to_seconds(moves["onset_ticks"])
    is_down = moves["value"] >= 64
    onsets = table.group_onsets
    middle = clock((onsets + np.append(onsets[1:], onsets[-1] + 1)) / 2)
    last = np.searchsorted(times, middle, side="right") - 1
    down = (last >= 0) & is_down[last.clip(0)]
    lifts = np.concatenate([[0], np.cumsum(~is_down)])
    count = lifts[last + 1]
    changed = np.diff(count, prepend=0) > 0
    state = np.where(down, np.where(changed, PEDAL_CHANGED, PEDAL_HELD), PEDAL_UP)
    states: np.ndarray = state[table.group] + 0.5
    return states


def measure_written(score: Score, table: NoteTable) -> np.ndarray:
    """Velocity, pedal and tempo of a sequence whose notes are on the grid, but which is expressive.

    A part with little variation of velocity has no known ones.
    """
    targets = np.full((len(table), len(NAMES)), np.nan)
    for part in np.unique(table.part).tolist():
        here = table.part == part
        velocity = table.velocity[here]
        if len(np.unique(velocity)) >= 8 and velocity.std() >= 5:
            targets[here, 0] = velocity
    if len(score.tempos) >= 32:
        beats = np.floor(table.onset).astype(np.int64)
        ticks = np.stack([beats, beats + 1], 1) * score.ticks_per_quarter
        period = np.diff(score.ticks_to_seconds(ticks))[:, 0]
        tempo = -np.log2(np.maximum(period, 1e-3))
        tempo -= np.median(tempo)
        targets[:, 4] = np.where(np.abs(tempo) < _WILD, tempo, np.nan)
    return targets


def quantize_drums(played: Score) -> tuple[Score, np.ndarray]:
    """Drums that were played to a click: as a score, and their attributes in its order.

    Onsets move to the nearest sixteenth or triplet. Offsets beyond 0.07 quarter notes are unknown:
    such notes belong to a finer grid.
    """
    from dataclasses import replace

    grid = np.array([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1])
    tracks, rows = [], []
    for track in played.tracks:
        onset = track.notes["onset_ticks"] / played.ticks_per_quarter
        beat, place = np.floor(onset), onset % 1
        nearest = grid[np.abs(place[:, None] - grid).argmin(1)]
        notes = track.notes.copy()
        notes["onset_ticks"] = np.rint((beat + nearest) * played.ticks_per_quarter)
        notes["duration_ticks"] = max(1, played.ticks_per_quarter // 4)
        order = np.lexsort((notes["velocity"], notes["pitch"], notes["onset_ticks"]))
        offset = place - nearest
        offset[np.abs(offset) > 0.07] = np.nan
        tracks.append(replace(track, notes=notes[order]))
        rows.append(np.stack([track.notes["velocity"][order], offset[order]], 1))
    score = replace(played, tracks=tuple(tracks), source=None)
    table = NoteTable.of(score)
    targets = np.full((len(table), len(NAMES)), np.nan)
    for part, values in enumerate(rows):
        here = table.part == part
        targets[here, :2] = values[table.row[here]]
    return score, targets
