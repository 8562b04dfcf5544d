"""Moves the notes of a staff to 64ths and tuplets, in the simplest division of each beat."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from amadeus.music.grid import Bars
from amadeus.music.sheet.resolution import (
    EIGHTH,
    QUARTER,
    SIXTY_FOURTH,
    TOLERANCE,
    StaffNote,
    is_compound,
    nearest,
)

_DIVISIONS = (
    *((1, 0), (2, 0), (4, 0), (3, 1), (8, 0), (6, 1)),
    *((5, 3), (12, 3), (7, 4), (10, 5), (14, 7)),
)
"""Divisions of a beat, simplest first, each with the number of onsets that it needs: one late note
makes no quintuplet. If none fits, the beat is divided into 64ths."""
_FREE_DIVISIONS = (1, 2, 4, 8, 3, 6)
"""Divisions of a beat in which notes end but no note begins."""
_COARSE = 240
"""The shortest unit, about a sixteenth, on which notes of a 32nd or less may end a 64th early or
late; longer notes may do so on half of it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A beat, or a pair of beats, and its division."""

    onset: int
    length: int
    family: int = 2
    """2 for halves, quarters and so on to 64ths; 3, 5 or 7 for tuplets and their halves."""

    @property
    def end(self) -> int:
        return self.onset + self.length

    @property
    def finest(self) -> int:
        """The smallest unit into which the segment may be divided."""
        unit = SIXTY_FOURTH
        if self.family != 2:
            unit = self.length // self.family
            while unit % 2 == 0 and unit > SIXTY_FOURTH:
                unit //= 2
        return unit

    def snap(self, position: int, unit: int) -> int:
        """The nearest multiple of the unit within the segment, its end included."""
        return min(self.end, self.onset + nearest(position - self.onset, unit))


class Snapper:
    """The segments of one staff, from the onsets of its notes."""

    def __init__(self, onsets: list[int], bars: Bars) -> None:
        """onsets: distinct and in order, in units."""
        self._onsets, self._bars = onsets, bars
        self._bar_onsets = bars.onset_ticks.tolist()
        self._segments: dict[int, Segment] = {}
        self.moved: dict[int, int] = {}
        """The written position of each onset."""
        for onset in onsets:
            if onset not in self.moved:
                self._divide(self._plain(onset))
        self._written = sorted(set(self.moved.values()))

    def at(self, position: int) -> Segment:
        """The segment that contains a position."""
        plain = self._plain(position)
        return self._segments.get(plain.onset, plain)

    def end_of(self, onset: int, target: int) -> int:
        """The written end of a note. onset: as written. target: the exact end.

        It ends with the next onset, or on the coarsest division at most a 64th away.
        """
        place = bisect_left(self._written, target)
        near = [o for o in self._written[max(0, place - 1) : place + 1] if o > onset]
        if near:
            best = min(near, key=lambda o: abs(o - target))
            if abs(best - target) <= SIXTY_FOURTH:
                return best
        segment = self.at(max(onset, target - 1))
        if segment.family == 2:
            segment = self._free(segment, target)
        unit = EIGHTH if segment.family == 2 else segment.length // segment.family
        while unit > segment.finest:
            found = segment.snap(target, unit)
            is_long = target - onset > 2 * SIXTY_FOURTH or unit >= _COARSE
            tolerance = SIXTY_FOURTH if is_long and unit >= _COARSE // 2 else TOLERANCE
            if found > onset and abs(found - target) <= tolerance:
                return found
            unit //= 2
        return max(segment.snap(target, segment.finest), onset + self.at(onset).finest)

    def ends_of(self, onset: int, targets: list[int]) -> dict[int, int]:
        """The written ends of the notes of a chord, by exact end; close ones are joined."""
        ends = {}
        waiting = sorted(set(targets))
        while waiting:
            close = [t for t in waiting if t - waiting[0] <= 2 * SIXTY_FOURTH]
            end = self.end_of(onset, (close[0] + close[-1]) // 2)
            joined = [t for t in close if abs(end - t) <= SIXTY_FOURTH]
            if waiting[0] not in joined:
                joined, end = waiting[:1], self.end_of(onset, waiting[0])
            ends.update(dict.fromkeys(joined, end))
            waiting = [t for t in waiting if t not in ends]
        return ends

    def end_of_stroke(self, onset: int) -> int:
        """The written end of a drum stroke: the next stroke or the end of its beat."""
        place = bisect_right(self._written, onset)
        end = self.at(onset).end
        return min(end, self._written[place]) if place < len(self._written) else end

    def _plain(self, position: int) -> Segment:
        """The beat at a position; the last one of a bar may be shorter."""
        bar = min(bisect_right(self._bar_onsets, position) - 1, len(self._bar_onsets) - 1)
        begin, length = self._bar_onsets[bar], int(self._bars.length_ticks[bar])
        metre = self._bars.time_signatures[self._bars.metre[bar]]
        beat = EIGHTH if is_compound(metre) else QUARTER
        onset = begin + (position - begin) // beat * beat
        end = min(onset + beat, begin + length) if position < begin + length else onset + beat
        return Segment(onset, end - onset)

    def _between(self, segment: Segment) -> list[int]:
        onsets = self._onsets
        return onsets[bisect_left(onsets, segment.onset) : bisect_left(onsets, segment.end)]

    def _divide(self, segment: Segment) -> None:
        """Choose the division of a segment and move its onsets."""
        if (pair := self._half_note(segment)) is not None:
            unit = pair.length // 3
            for half in (pair.onset, pair.onset + QUARTER):
                self._segments[half] = pair
        else:
            segment, unit = self._simplest(segment)
            self._segments[segment.onset] = segment
            pair = segment
        for onset in self._between(pair):
            self.moved[onset] = pair.snap(onset, unit)

    def _simplest(self, segment: Segment) -> tuple[Segment, int]:
        """The segment with its family, and the unit of its onsets."""
        onsets = self._between(segment)
        for count, needed in _DIVISIONS:
            unit, rest = divmod(segment.length, count)
            if rest or not _is_tuplet_of(segment.length, count):
                continue
            moved = {segment.snap(onset, unit) for onset in onsets if _fits(segment, onset, unit)}
            if all(_fits(segment, onset, unit) for onset in onsets):
                odd = [m for m in moved if not _is_dyadic((m - segment.onset) // unit, count)]
                if len(odd) >= needed:
                    family = next((p for p in (3, 5, 7) if count % p == 0), 2)
                    return replace(segment, family=family), unit
        return segment, SIXTY_FOURTH

    def _half_note(self, segment: Segment) -> Segment | None:
        """Three quarters in the time of a half note, if that is what the onsets are."""
        bar = bisect_right(self._bar_onsets, segment.onset) - 1
        begin = self._bar_onsets[bar]
        pair = Segment(
            begin + (segment.onset - begin) // (2 * QUARTER) * 2 * QUARTER, 2 * QUARTER, 3
        )
        metre = self._bars.time_signatures[self._bars.metre[bar]]
        if is_compound(metre) or pair.end > begin + int(self._bars.length_ticks[bar]):
            return None
        unit = pair.length // 3
        onsets = self._between(pair)
        if not all(_fits(pair, onset, unit) for onset in onsets):
            return None
        places = {(pair.snap(onset, unit) - pair.onset) // unit for onset in onsets}
        return pair if {1, 2} <= places else None

    def _free(self, segment: Segment, target: int) -> Segment:
        """The division of a beat without onsets, from the first note that ends in it."""
        if segment.onset in self._segments or not _is_tuplet_of(segment.length, 3):
            return segment
        for count in _FREE_DIVISIONS:
            unit = segment.length // count
            if _fits(segment, target, unit):
                segment = replace(segment, family=3 if count % 3 == 0 else 2)
                break
        self._segments[segment.onset] = segment
        return segment


def _fits(segment: Segment, position: int, unit: int) -> bool:
    return abs(segment.onset + nearest(position - segment.onset, unit) - position) <= TOLERANCE


def _is_tuplet_of(length: int, count: int) -> bool:
    """Whether a beat of this length may have so many parts."""
    if count & (count - 1) == 0:
        return length % count == 0 and (length // count) % SIXTY_FOURTH == 0
    return length in (QUARTER // 4, QUARTER // 2, QUARTER, 2 * QUARTER) and length // count >= 60


def _is_dyadic(place: int, count: int) -> bool:
    """Whether place / count is a multiple of a half, a quarter, an eighth and so on."""
    rest = count // gcd(place, count)
    return rest & (rest - 1) == 0


def snap_staff(
    notes: list[StaffNote], bars: Bars, is_drum: bool
) -> tuple[list[StaffNote], Snapper]:
    """The notes on the grid of their beats, and that grid.

    Drum strokes last until the next one: how long they are held has no meaning.
    """
    snapper = Snapper(np.unique([note.onset for note in notes]).tolist(), bars)
    moved = [replace(note, onset=snapper.moved[note.onset]) for note in notes]
    if is_drum:
        return [replace(n, end=snapper.end_of_stroke(n.onset)) for n in moved], snapper
    targets = [
        written.onset + written.delay + note.end - note.onset
        for note, written in zip(notes, moved, strict=True)
    ]
    chords: dict[int, list[int]] = defaultdict(list)
    for note, target in zip(moved, targets, strict=True):
        chords[note.onset].append(target)
    ends = {onset: snapper.ends_of(onset, chord) for onset, chord in chords.items()}
    return [
        replace(note, end=ends[note.onset][target])
        for note, target in zip(moved, targets, strict=True)
    ], snapper
