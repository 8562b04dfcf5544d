"""The parts of a score with their staves and clefs, and the notation of drums."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from amadeus.music.instruments import DRUMS, everyday_name
from amadeus.music.score import Score, Track, sort_notes

MIDDLE_C = 60
_GRAND_STAFF = {*range(9), *range(16, 21), 46}
"""Keyboards and the harp, which use two staves."""
_HANDS = re.compile(r"\b(right|left|rh|lh|upper|lower|hand)\b", re.IGNORECASE)
_HANDS_APART = 5  # semitones between the mean pitches of the two
_FAR = 18  # semitones from the middle line: more than four ledger lines
_FAR_APART = np.int64(2**48)  # ticks, more than a piece has
_MOST_FAR = 0.1  # of the notes of a staff


@dataclass(frozen=True, slots=True)
class Clef:
    """A clef: its sign, its line, and how many octaves higher the notes sound."""

    sign: str
    line: int | None = None
    octaves: int = 0

    def share_far(self, notes: np.ndarray) -> float:
        """The share of the notes that need more than four ledger lines, 0 to 1."""
        middle = {"G": 71, "C": 60, "F": 50}[self.sign] + 12 * self.octaves
        return float((np.abs(notes["pitch"] - middle) > _FAR).mean())


TREBLE, ALTO, BASS = Clef("G", 2), Clef("C", 3), Clef("F", 4)
HIGH, LOW = Clef("G", 2, 1), Clef("F", 4, -1)
PERCUSSION = Clef("percussion")
_OWN_CLEFS = {
    41: ALTO,
    **dict.fromkeys(range(24, 32), Clef("G", 2, -1)),  # guitars
    **dict.fromkeys((*range(32, 40), 43), LOW),  # basses
    **dict.fromkeys((9, 72, 78), HIGH),  # glockenspiel, piccolo, whistle
}


@dataclass(frozen=True, slots=True)
class Part:
    """The part of one player, with the notes of each staff."""

    name: str
    program: int
    """0-127, or DRUMS."""
    staves: tuple[np.ndarray, ...]
    """NOTE_DTYPE arrays, from the top."""

    @property
    def is_drum(self) -> bool:
        return self.program == DRUMS

    @property
    def clefs(self) -> tuple[Clef, ...]:
        if self.is_drum:
            return (PERCUSSION,)
        return tuple(_clef(self.program, staff) for staff in self.staves)


def parts_of(score: Score) -> list[Part]:
    """The parts that have notes, in order.

    Keyboards have two staves where they reach far enough, split at middle C, others where no clef
    is near; two tracks of one keyboard, the higher one first, are its two hands. Names that several
    would have are numbered.
    """
    parts = []
    tracks = _joined(score)
    while tracks:
        track = tracks.pop(0)
        program = track.instrument
        name = _HANDS.sub(" ", track.name).strip() or everyday_name(program).capitalize()
        if tracks and _are_hands(track, tracks[0]):
            parts.append(Part(name, program, (track.notes, tracks.pop(0).notes)))
        elif _needs_two_staves(program, track.notes):
            low = track.notes["pitch"] < MIDDLE_C
            parts.append(Part(name, program, (track.notes[~low], track.notes[low])))
        else:
            name = track.name.strip() or name
            parts.append(Part(name, program, (track.notes,)))
    return _numbered(parts)


def _numbered(parts: list[Part]) -> list[Part]:
    """The parts, numbered where several have the same name."""
    names, met = Counter(part.name for part in parts), Counter[str]()
    numbered = []
    for part in parts:
        met[part.name] += 1
        several = names[part.name] > 1
        name = f"{part.name} {met[part.name]}" if several else part.name
        numbered.append(replace(part, name=name))
    return numbered


def _joined(score: Score) -> list[Track]:
    """The tracks that play, without those that MIDI needs for overlapping notes of one pitch."""
    tracks: list[Track] = []
    for track in score.tracks:
        if not len(track.notes):
            continue
        if tracks and _is_one_player(tracks[-1], track) and _overlaps(tracks[-1], track):
            notes = np.concatenate([tracks[-1].notes, track.notes])
            tracks[-1] = replace(tracks[-1], notes=sort_notes(notes))
        else:
            tracks.append(track)
    return tracks


def _is_one_player(track: Track, other: Track) -> bool:
    return (track.is_drum, track.program, track.name) == (other.is_drum, other.program, other.name)


def _overlaps(track: Track, other: Track) -> bool:
    """Whether each note of the other track begins while its pitch is already held."""
    notes = track.notes[np.lexsort((track.notes["onset_ticks"], track.notes["pitch"]))]
    pitch = notes["pitch"] * _FAR_APART
    begins, ends = (
        pitch + notes["onset_ticks"],
        pitch + notes["onset_ticks"] + notes["duration_ticks"],
    )
    last_end = np.maximum.accumulate(ends)  # of the notes of a pitch so far
    onsets = other.notes["pitch"] * _FAR_APART + other.notes["onset_ticks"]
    before = np.searchsorted(begins, onsets) - 1
    return bool(np.all((before >= 0) & (last_end[before] > onsets)))


def _are_hands(upper: Track, lower: Track) -> bool:
    apart = upper.notes["pitch"].mean() - lower.notes["pitch"].mean()
    return (
        not (upper.is_drum or lower.is_drum)
        and upper.program in _GRAND_STAFF
        and upper.program == lower.program
        and _HANDS.sub("", upper.name) == _HANDS.sub("", lower.name)
        and apart > _HANDS_APART
    )


def _needs_two_staves(program: int, notes: np.ndarray) -> bool:
    """Whether one staff would need more ledger lines than its players are used to."""
    low, high = int(notes["pitch"].min()), int(notes["pitch"].max())
    if program == DRUMS or not low < MIDDLE_C <= high:
        return False
    if program in _GRAND_STAFF:
        return low < MIDDLE_C - 5 and high > MIDDLE_C + 5
    return _clef(program, notes).share_far(notes) > _MOST_FAR


def _clef(program: int, notes: np.ndarray) -> Clef:
    """The usual clef of the instrument, or the closest one if that is too far from the notes."""
    own = _OWN_CLEFS.get(program) or (TREBLE if notes["pitch"].mean() >= MIDDLE_C else BASS)
    if own.share_far(notes) <= _MOST_FAR:
        return own
    return min((own, TREBLE, BASS, HIGH, LOW), key=lambda clef: clef.share_far(notes))


@dataclass(frozen=True, slots=True)
class Drum:
    """One instrument of a drum kit, and its place on the staff, named as on a treble staff."""

    name: str
    letter: str = "E"
    octave: int = 5
    notehead: str = "normal"


def _drums(table: str) -> dict[int, Drum]:
    """ "38 Snare, C5" and "42 Closed hi-hat, G5 x", a line each."""
    drums = {}
    for line in table.strip().splitlines():
        label, place = line.split(", ")
        number, name = label.split(" ", 1)
        position, _, head = place.partition(" ")
        drums[int(number)] = Drum(name, position[0], int(position[1]), head or "normal")
    return drums


_DRUMS = _drums("""
35 Acoustic bass drum, E4
36 Bass drum, F4
37 Side stick, C5 x
38 Snare, C5
39 Hand clap, C5 triangle
40 Electric snare, C5 diamond
41 Low floor tom, G4
42 Closed hi-hat, G5 x
43 High floor tom, A4
44 Pedal hi-hat, D4 x
45 Low tom, B4
46 Open hi-hat, G5 circle-x
47 Low-mid tom, D5
48 High-mid tom, E5
49 Crash cymbal, A5 x
50 High tom, F5
51 Ride cymbal, F5 x
52 China cymbal, C6 x
53 Ride bell, F5 diamond
54 Tambourine, B4 x
55 Splash cymbal, B5 x
56 Cowbell, E5 triangle
57 Crash cymbal 2, B5 diamond
59 Ride cymbal 2, D5 x
""")


def drum(pitch: int) -> Drum:
    """The notation of a General MIDI drum; unknown drums are written in the fourth space."""
    return _DRUMS.get(pitch, Drum(f"Percussion {pitch}", notehead="diamond"))
