"""Ornaments: grace notes, and chords that are rolled from one end to the other."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from amadeus.music.sheet.resolution import (
    SIXTEENTH,
    SIXTY_FOURTH,
    TOLERANCE,
    Grace,
    StaffNote,
)

_LONGEST_GRACE = SIXTY_FOURTH + TOLERANCE
_RUN = range(TOLERANCE, 2 * SIXTY_FOURTH + TOLERANCE)
"""How soon after another note a note belongs to a run of 32nds or 64ths."""
_WIDEST_STEP = 2
"""Semitones between a grace note and its main note."""
_MOST_NOTES = 16
"""More than a rolled chord has."""


def with_graces(notes: list[StaffNote]) -> list[StaffNote]:
    """The notes of a staff with very short ones before a main note as its grace notes.

    notes: as played. The main note, a second away, is a sixteenth or longer. One of the two
    begins on a sixteenth, since both would be off the beat in a run of 64ths.
    """
    notes = sorted(notes, key=lambda note: note.onset)
    mains: dict[int, StaffNote] = {}
    removed = set()
    for place, note in enumerate(notes):
        is_in_run = place > 0 and note.onset - notes[place - 1].onset in _RUN
        if note.end - note.onset > _LONGEST_GRACE or is_in_run:
            continue
        main = _main_of(notes, place)
        if main is None or main in mains or main in removed:
            continue
        is_on_beat = _is_on_sixteenth(note.onset) and not _is_on_sixteenth(notes[main].onset)
        if not is_on_beat and not _is_on_sixteenth(notes[main].onset):
            continue
        grace = Grace(note.pitch, note.velocity, is_on_beat)
        late = notes[main].onset - note.onset if is_on_beat else 0
        mains[main] = replace(
            notes[main],
            onset=notes[main].onset - late,
            end=notes[main].end - late,
            delay=SIXTY_FOURTH * is_on_beat,
            graces=(grace,),
        )
        removed.add(place)
    return [mains.get(place, note) for place, note in enumerate(notes) if place not in removed]


def _main_of(notes: list[StaffNote], place: int) -> int | None:
    """The place of the note that a grace note at this place would ornament."""
    grace = notes[place]
    for other in range(place + 1, min(len(notes), place + 8)):
        gap = notes[other].onset - grace.onset
        if gap > SIXTY_FOURTH + TOLERANCE // 2:
            return None
        is_step = 0 < abs(notes[other].pitch - grace.pitch) <= _WIDEST_STEP
        if (
            gap >= SIXTY_FOURTH - TOLERANCE // 2
            and is_step
            and notes[other].end - notes[other].onset >= SIXTEENTH
        ):
            return other
    return None


def _is_on_sixteenth(onset: int) -> bool:
    return abs((onset + TOLERANCE // 2) % SIXTEENTH - TOLERANCE // 2) <= TOLERANCE // 2


def with_rolls(notes: list[StaffNote]) -> list[StaffNote]:
    """The notes of a staff with chords that are played from the lowest note to the highest.

    notes: as played. Such a chord is written where it begins, and played within a 64th.
    """
    notes = sorted(notes, key=lambda note: (note.onset, note.pitch))
    place = 0
    while place < len(notes):
        nearby = notes[place : place + _MOST_NOTES]
        chord = [n for n in nearby if n.onset - nearby[0].onset <= SIXTY_FOURTH + TOLERANCE]
        before, after = (
            notes[max(0, place - 1) : place],
            notes[place + len(chord) : place + len(chord) + 1],
        )
        others = [*before, *after]
        is_alone = all(_distance(chord, other.onset) > SIXTY_FOURTH for other in others)
        if is_alone and _is_roll(chord):
            for number, note in enumerate(chord):
                delay = SIXTY_FOURTH * number // (len(chord) - 1)
                rolled = replace(note, onset=chord[0].onset, delay=delay, is_rolled=True)
                notes[place + number] = replace(rolled, end=rolled.onset + note.end - note.onset)
            place += len(chord)
        else:
            place += 1
    return notes


def _distance(chord: list[StaffNote], onset: int) -> int:
    return max(chord[0].onset - onset, onset - chord[-1].onset)


def _is_roll(chord: list[StaffNote]) -> bool:
    """Whether notes rise at an even pace and sound on together. chord: by onset."""
    steps = len(chord) - 1
    first, last = chord[0].onset, chord[-1].onset
    return (
        2 <= steps < _MOST_NOTES - 1
        and last - first > TOLERANCE
        and all(lower.pitch < upper.pitch for lower, upper in pairwise(chord))
        and all(
            abs((note.onset - first) * steps - SIXTY_FOURTH * number) <= TOLERANCE * steps
            for number, note in enumerate(chord)
        )
        and all(note.end >= last + SIXTEENTH and not note.graces for note in chord)
    )
