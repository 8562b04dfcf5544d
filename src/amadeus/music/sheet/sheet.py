"""A score as sheet music: its parts, their measures, and what had to be simplified."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.grid import Bars
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi.notices import Notices
from amadeus.music.score import Score
from amadeus.music.sheet.measures import Measure, measures_of, num_symbols
from amadeus.music.sheet.ornaments import with_graces, with_rolls
from amadeus.music.sheet.resolution import (
    SIXTY_FOURTH,
    StaffNote,
    in_units,
    sheet_bars,
)
from amadeus.music.sheet.snapping import Snapper, snap_staff
from amadeus.music.sheet.staves import Part, parts_of
from amadeus.music.sheet.swing import NO_WARP, Swing, Warp, find_swing
from amadeus.music.sheet.voices import voices_of

SWING = "Swing"
"""What is written above eighths that are played long and short."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The notes of a staff by voice, its beats, and the way back to swung times."""

    voices: list[list[StaffNote]]
    snapper: Snapper
    warp: Warp


@dataclass(frozen=True, slots=True)
class Sheet:
    """A score as sheet music. Times are in units, see `resolution`."""

    score: Score
    """In units."""
    bars: Bars
    """Those up to the last note."""
    parts: list[Part]
    staves: list[list[Staff]]
    """Of each part."""
    swing: Swing | None
    notices: tuple[str, ...]
    """What was simplified, a sentence each."""

    @property
    def num_bars(self) -> int:
        """Up to the last note."""
        voices = [v for part in self.staves for staff in part for v in staff.voices]
        end = max(note.end for voice in voices for note in voice)
        return int(self.bars.index_at(np.array(end - 1))) + 1

    def measures(self, limits: Limits = LIMITS) -> list[list[list[Measure]]]:
        """The measures of each staff of each part. Raises ScoreError beyond the limits."""
        count = self.num_bars
        limits.check("bars", count)
        # At least one rest in each measure.
        limits.check("symbols", count * sum(map(len, self.staves)))
        found = []
        total = 0
        for part, staves in zip(self.parts, self.staves, strict=True):
            found.append(
                [
                    measures_of(s.voices, s.snapper, self.bars, count, limits, not part.is_drum)
                    for s in staves
                ]
            )
            total += sum(map(num_symbols, found[-1]))
            limits.check("symbols", total)
        return found


def sheet_of(score: Score, limits: Limits = LIMITS) -> Sheet:
    """The sheet music of a score, from its ticks.

    Raises ScoreError for no notes, or for more notes than the limit on symbols.
    """
    if score.num_notes == 0:
        raise ScoreError("there is nothing to write: the score has no notes")
    limits.check("symbols", score.num_notes)
    fine = in_units(score)
    bars = sheet_bars(fine)
    parts = parts_of(fine)
    notes = [[staff_notes(staff) for staff in part.staves] for part in parts]
    swing = find_swing([note for part in notes for staff in part for note in staff], bars)
    notices = Notices()
    staves = [
        [make_staff(staff, bars, part.is_drum, swing, notices) for staff in found]
        for part, found in zip(parts, notes, strict=True)
    ]
    return Sheet(fine, bars, parts, staves, swing, tuple(map(str, notices)))


def staff_notes(staff: np.ndarray) -> list[StaffNote]:
    """The notes of a NOTE_DTYPE array, as played."""
    return [
        StaffNote(onset, onset + duration, pitch, velocity)
        for onset, duration, pitch, velocity in staff.tolist()
    ]


def make_staff(
    notes: list[StaffNote], bars: Bars, is_drum: bool, swing: Swing | None, notices: Notices
) -> Staff:
    """The written notes of a staff in voices. notes: as played."""
    warp = NO_WARP
    if swing is not None:
        notes, warp = swing.straighten(notes, bars)
    if is_drum:
        moved, snapper = snap_staff(notes, bars, is_drum)
        return Staff(voices_of(moved, notices), snapper, warp)
    notes = with_rolls(with_graces(notes))
    short = sum(note.end - note.onset < SIXTY_FOURTH // 2 for note in notes)
    if short:
        notices.add("sheet music: notes shorter than a 128th are written as 64ths", count=short)
    moved, snapper = snap_staff(notes, bars, is_drum)
    return Staff(voices_of(moved, notices), snapper, warp)
