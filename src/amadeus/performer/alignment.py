"""Alignment of a performance with its score, note by note.

Onsets of the score and clusters of the performance are aligned by dynamic time warping on their
pitches. Then each note of the score is paired with a performed note of its pitch.
"""

from __future__ import annotations

import numpy as np

_CLUSTER_SECONDS = 0.035
"""The longest time between two notes of a cluster."""
_MOST_CELLS = 30_000_000
_SIDESTEP = 0.1
"""Cost of a step that is not diagonal."""
_FAR_SECONDS, _FAR_BEATS = 0.3, 0.3
"""Farthest that an onset may be from where its neighbours suggest, plus a share of their gap."""


def align_notes(
    onsets: np.ndarray, pitches: np.ndarray, seconds: np.ndarray, played: np.ndarray
) -> np.ndarray:
    """The performed note of each note of the score, -1 for none. int64 [N].

    onsets, pitches: of the score, in quarter notes and sorted, [N].
    seconds, played: onsets and pitches of the performance, sorted by onset, [M].
    Returns -1 for all notes if the pieces are too long to align.
    """
    matched = np.full(len(onsets), -1, dtype=np.int64)
    groups = np.cumsum(np.diff(onsets, prepend=onsets[:1]) > 1e-6)
    clusters = np.cumsum(np.diff(seconds, prepend=seconds[:1]) > _CLUSTER_SECONDS)
    if not len(onsets) or not len(seconds):
        return matched
    if (groups[-1] + 1) * (clusters[-1] + 1) > _MOST_CELLS:
        return matched
    path = _warp(_pitch_sets(groups, pitches), _pitch_sets(clusters, played))
    is_free = np.ones(len(seconds), dtype=bool)
    _match_cells(path, groups, pitches, clusters, played, matched, is_free)
    _drop_outliers(onsets, groups, seconds, matched, is_free)
    _match_rest(onsets, groups, pitches, seconds, played, matched, is_free)
    return matched


def _pitch_sets(groups: np.ndarray, pitches: np.ndarray) -> np.ndarray:
    sets = np.zeros((groups[-1] + 1, 128), dtype=np.float32)
    sets[groups, pitches] = 1
    return sets


def _warp(score: np.ndarray, played: np.ndarray) -> list[tuple[int, int]]:
    """The cheapest path through two sequences of pitch sets, as pairs of indices.

    The cost of a pair is 1 minus the Dice coefficient. Computed along antidiagonals.
    """
    rows, columns = len(score), len(played)
    sizes = score.sum(1)[:, None] + played.sum(1)[None]
    cost = 1 - 2 * (score @ played.T) / sizes
    choice = np.zeros((rows, columns), dtype=np.uint8)
    last = np.full(rows + 1, np.inf)  # of the antidiagonal before, by row + 1
    before_last = np.full(rows + 1, np.inf)
    for diagonal in range(rows + columns - 1):
        low, high = max(0, diagonal - columns + 1), min(rows, diagonal + 1)
        i = np.arange(low, high)
        here = cost[i, diagonal - i]
        options = np.stack(
            [before_last[i], last[i] + _SIDESTEP, last[i + 1] + _SIDESTEP]
        )  # diagonal, down, right
        if diagonal == 0:
            options[0] = 0
        best = options.argmin(0)
        choice[i, diagonal - i] = best
        now = np.full(rows + 1, np.inf)
        now[i + 1] = options[best, np.arange(len(i))] + here
        before_last, last = last, now
    row, column = rows - 1, columns - 1
    path = [(row, column)]
    while row or column:
        step = int(choice[row, column])
        row, column = row - (step != 2), column - (step != 1)
        path.append((row, column))
    return path[::-1]


def _match_cells(
    path: list[tuple[int, int]],
    groups: np.ndarray,
    pitches: np.ndarray,
    clusters: np.ndarray,
    played: np.ndarray,
    matched: np.ndarray,
    is_free: np.ndarray,
) -> None:
    """Pair the notes of equal pitch in each pair of a group and a cluster."""
    group_ends = np.searchsorted(groups, np.arange(groups[-1] + 2))
    cluster_ends = np.searchsorted(clusters, np.arange(clusters[-1] + 2))
    for i, j in path:
        notes = range(cluster_ends[j], cluster_ends[j + 1])
        by_pitch = {int(played[k]): k for k in reversed(notes) if is_free[k]}
        for n in range(group_ends[i], group_ends[i + 1]):
            found = by_pitch.pop(int(pitches[n]), None)
            if found is not None and matched[n] < 0:
                matched[n], is_free[found] = found, False


def _group_times(
    onsets: np.ndarray, groups: np.ndarray, seconds: np.ndarray, matched: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Groups with matched notes: their indices, onsets in quarters and median times. [G] each."""
    own = np.flatnonzero(matched >= 0)
    indices, first = np.unique(groups[own], return_index=True)
    times = [np.median(part) for part in np.split(seconds[matched[own]], first[1:])]
    return indices, onsets[own[first]], np.array(times)


def _drop_outliers(
    onsets: np.ndarray,
    groups: np.ndarray,
    seconds: np.ndarray,
    matched: np.ndarray,
    is_free: np.ndarray,
) -> None:
    """Take back pairs that are far from where the groups before and after suggest."""
    indices, beats, times = _group_times(onsets, groups, seconds, matched)
    if len(indices) < 3:
        return
    share = (beats[1:-1] - beats[:-2]) / (beats[2:] - beats[:-2])
    expected = times[:-2] + share * (times[2:] - times[:-2])
    gap = np.abs(times[2:] - times[:-2])
    is_far = np.abs(times[1:-1] - expected) > _FAR_SECONDS + _FAR_BEATS * gap
    bad = np.isin(groups, indices[1:-1][is_far]) & (matched >= 0)
    is_free[matched[bad]] = True
    matched[bad] = -1


def _match_rest(
    onsets: np.ndarray,
    groups: np.ndarray,
    pitches: np.ndarray,
    seconds: np.ndarray,
    played: np.ndarray,
    matched: np.ndarray,
    is_free: np.ndarray,
) -> None:
    """Pair the notes that are left with the nearest free note of their pitch."""
    _, beats, times = _group_times(onsets, groups, seconds, matched)
    if len(beats) < 2:
        return
    for n in np.flatnonzero(matched < 0).tolist():
        expected = float(np.interp(onsets[n], beats, times))
        low, high = np.searchsorted(seconds, (expected - _FAR_SECONDS, expected + _FAR_SECONDS))
        near = np.arange(low, high)
        near = near[is_free[low:high] & (played[low:high] == pitches[n])]
        if len(near):
            best = int(near[np.abs(seconds[near] - expected).argmin()])
            matched[n], is_free[best] = best, False
