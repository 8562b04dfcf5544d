"""What the network reads about each note of a score: its pitch, position, length and neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.music.grid import bars_of
from amadeus.music.score import Score

FAMILIES = 17
"""The 16 families of General MIDI programs, and drums."""
DRUM_FAMILY = 16
_LOOK_BACK = 24
"""Number of earlier notes among which notes that still sound are searched for."""
NUM_FEATURES = 38


@dataclass(frozen=True, slots=True, eq=False)
class NoteTable:
    """The notes of all parts, sorted by onset, then pitch. N notes."""

    part: np.ndarray
    """Index of the track, int64 [N]."""
    row: np.ndarray
    """Index of the note in its track, int64 [N]."""
    onset: np.ndarray
    """In quarter notes, float64 [N]."""
    duration: np.ndarray
    """In quarter notes, float64 [N]."""
    pitch: np.ndarray
    """int64 [N]."""
    velocity: np.ndarray
    """int64 [N]."""
    family: np.ndarray
    """0 to 15, or DRUM_FAMILY, int64 [N]."""
    group: np.ndarray
    """Index of the onset among the different onsets of the piece, int64 [N]."""

    def __len__(self) -> int:
        return len(self.onset)

    @property
    def group_onsets(self) -> np.ndarray:
        """The different onsets, in quarter notes, float64 [G]."""
        first = np.flatnonzero(np.diff(self.group, prepend=-1))
        onsets: np.ndarray = self.onset[first]
        return onsets

    @classmethod
    def of(cls, score: Score) -> NoteTable:
        sizes = [len(track.notes) for track in score.tracks]
        part = np.repeat(np.arange(len(sizes)), sizes)
        row = np.concatenate([np.arange(size) for size in sizes] or [np.empty(0, np.int64)])
        family = np.array(
            [DRUM_FAMILY if track.is_drum else track.program // 8 for track in score.tracks],
            dtype=np.int64,
        )[part]
        columns = {
            name: np.concatenate(
                [track.notes[name].astype(np.int64) for track in score.tracks]
                or [np.empty(0, np.int64)]
            )
            for name in ("onset_ticks", "duration_ticks", "pitch", "velocity")
        }
        order = np.lexsort((row, part, columns["pitch"], columns["onset_ticks"]))
        ticks = columns["onset_ticks"][order]
        return cls(
            part=part[order],
            row=row[order],
            onset=ticks / score.ticks_per_quarter,
            duration=columns["duration_ticks"][order] / score.ticks_per_quarter,
            pitch=columns["pitch"][order],
            velocity=columns["velocity"][order],
            family=family[order],
            group=np.cumsum(np.diff(ticks, prepend=ticks[:1]) > 0),
        )


def features_of(score: Score, table: NoteTable) -> np.ndarray:
    """Numbers for every note, about -2 to 2 each. float32 [N, NUM_FEATURES]."""
    if not len(table):
        return np.empty((0, NUM_FEATURES), np.float32)
    columns = [*_pitches(table), *_lengths(table), *_positions(score, table)]
    features = np.stack(columns, axis=1).astype(np.float32)
    assert features.shape[1] == NUM_FEATURES
    return features


def _pitches(table: NoteTable) -> list[np.ndarray]:
    is_pitched = table.family != DRUM_FAMILY
    pitch = table.pitch.astype(np.float64)
    top, bottom, sounding = _chord(table, pitch)
    before = _neighbour_in_part(table, -1)
    after = _neighbour_in_part(table, 1)
    leap_in = np.where(before >= 0, pitch - pitch[before], 0)
    leap_out = np.where(after >= 0, pitch[after] - pitch, 0)
    group_size = np.bincount(table.group)[table.group]
    columns = [
        (pitch - 64) / 20,
        np.minimum(top - pitch, 36) / 12,
        np.minimum(pitch - bottom, 36) / 12,
        top == pitch,
        bottom == pitch,
        (pitch - (top + bottom) / 2) / 12,
        np.clip(leap_in, -24, 24) / 8,
        np.clip(leap_out, -24, 24) / 8,
        (leap_in == 0) & (before >= 0),
        (pitch - _local_mean(pitch, 32)) / 12,
        (pitch - _local_mean(pitch, 256)) / 12,
    ]
    return [
        *(np.where(is_pitched, column, 0.0) for column in columns),
        np.log2(group_size),
        np.log2(sounding),
    ]


def _lengths(table: NoteTable) -> list[np.ndarray]:
    onsets = table.group_onsets
    gaps = np.diff(onsets)
    to_next = np.append(gaps, 1.0)[table.group]
    from_last = np.concatenate([[1.0], gaps])[table.group]
    after = _neighbour_in_part(table, 1)
    rest = np.where(after >= 0, table.onset[after] - table.onset - table.duration, 0.0)
    per_group = np.concatenate([[1.0], gaps])
    pace = np.log2(np.maximum(_local_mean(per_group, 16), 1 / 64))[table.group]
    duration = np.log2(np.clip(table.duration, 1 / 64, 16))
    return [
        duration / 2,
        np.log2(np.clip(to_next, 1 / 64, 16)) / 2,
        np.log2(np.clip(from_last, 1 / 64, 16)) / 2,
        np.clip(duration - np.log2(np.clip(to_next, 1 / 64, 16)), -2, 4) / 2,
        np.clip(rest, -2, 2),
        pace / 2,
        (duration - _local_mean(duration, 64)) / 2,
    ]


def _positions(score: Score, table: NoteTable) -> list[np.ndarray]:
    bars = bars_of(score)
    ticks = np.rint(table.onset * score.ticks_per_quarter).astype(np.int64)
    bar = bars.index_at(ticks)
    in_bar = (ticks - bars.onset_ticks[bar]) / score.ticks_per_quarter
    length = np.maximum(bars.length_ticks[bar] / score.ticks_per_quarter, 1e-6)
    numerators = np.array([metre.numerator for metre in bars.time_signatures])[bars.metre[bar]]
    is_compound = (numerators > 3) & (numerators % 3 == 0)
    angle, turn = 2 * np.pi * in_bar, 2 * np.pi * in_bar / length
    place = (table.onset - table.onset[0]) / max(table.onset[-1] - table.onset[0], 1e-6)
    to_start, to_end = table.onset - table.onset[0], table.onset[-1] - table.onset
    phrase = 2 * np.pi * (bar + in_bar / length) / 4
    return [
        np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle),
        np.cos(4 * angle), np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn),
        in_bar < 1 / 24,
        np.abs(in_bar - np.rint(in_bar)) < 1 / 24,
        np.log2(length) / 2,
        is_compound,
        place,
        np.exp(-to_start / 4),
        np.exp(-to_end / 4),
        np.sin(phrase),
        np.cos(phrase),
    ]  # fmt: skip


def _chord(table: NoteTable, pitch: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The highest and the lowest pitch that sound with each note, and the number of notes."""
    is_pitched = table.family != DRUM_FAMILY
    groups = table.group[-1] + 1
    top, bottom = np.full(groups, -np.inf), np.full(groups, np.inf)
    np.maximum.at(top, table.group[is_pitched], pitch[is_pitched])
    np.minimum.at(bottom, table.group[is_pitched], pitch[is_pitched])
    count = np.bincount(table.group).astype(np.float64)
    end = table.onset + table.duration
    for step in range(1, min(_LOOK_BACK, len(table) - 1) + 1):
        held = np.flatnonzero(
            (table.group[step:] > table.group[:-step])
            & (end[:-step] > table.onset[step:] + 1 / 48)
            & is_pitched[:-step]
            # Counted once per group, at its first note.
            & (np.diff(table.group, prepend=-1)[step:] > 0)
        )
        np.maximum.at(top, table.group[held + step], pitch[held])
        np.minimum.at(bottom, table.group[held + step], pitch[held])
        np.add.at(count, table.group[held + step], 1)
    top, bottom = top[table.group], bottom[table.group]
    found = np.isfinite(top) & np.isfinite(bottom)
    return np.where(found, top, pitch), np.where(found, bottom, pitch), count[table.group]


def _neighbour_in_part(table: NoteTable, step: int) -> np.ndarray:
    """The note of the same part in the next (1) or last (-1) group, nearest in pitch order.

    -1 where there is none. int64 [N].
    """
    order = np.lexsort((table.pitch, table.group, table.part))
    part, group = table.part[order], table.group[order]
    key = part * (int(group.max(initial=0)) + 2) + group
    if step > 0:
        place = np.searchsorted(key, key, side="right")
    else:
        place = np.searchsorted(key, key, side="left") - 1
    inside = (place >= 0) & (place < len(order))
    clipped = place.clip(0, max(0, len(order) - 1))
    inside &= part[clipped] == part
    found = np.full(len(order), -1, dtype=np.int64)
    found[order] = np.where(inside, order[clipped], -1)
    return found


def _local_mean(values: np.ndarray, width: int) -> np.ndarray:
    """The mean over `width` entries to both sides. Same shape."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    low, high = np.maximum(places - width, 0), np.minimum(places + width + 1, len(values))
    mean: np.ndarray = (total[high] - total[low]) / (high - low)
    return mean
