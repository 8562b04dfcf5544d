"""Voices of a staff: two where possible, with ties where more notes sound at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from amadeus.music.midi.notices import Notices
from amadeus.music.sheet.resolution import Grace, StaffNote

USUAL_VOICES = 2
"""Stems up and stems down. More voices would be hard to read."""
MOST_VOICES = 4
"""More than two only for notes of the same pitch that overlap."""


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """A note head in a chord, with its own ties."""

    pitch: int
    is_tied_from: bool = False
    is_tied_to: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of a voice in which no note begins or ends."""

    onset: int
    end: int
    heads: tuple[Head, ...]
    """From the lowest to the highest; at least one."""
    velocity: int
    graces: tuple[Grace, ...] = ()
    is_rolled: bool = False


@dataclass(slots=True)
class _Voice:
    notes: list[StaffNote] = field(default_factory=list)
    end: int = 0
    sounding: dict[int, int] = field(default_factory=dict)
    """The place in `notes` of the last note of each pitch."""

    def is_free(self, onset: int) -> bool:
        return self.end <= onset

    def holds(self, note: StaffNote) -> bool:
        place = self.sounding.get(note.pitch)
        return place is not None and self.notes[place].end > note.onset

    def add(self, note: StaffNote) -> None:
        self.sounding[note.pitch] = len(self.notes)
        self.notes.append(note)
        self.end = max(self.end, note.end)


def voices_of(notes: list[StaffNote], notices: Notices) -> list[list[StaffNote]]:
    """The notes of each voice of a staff, the highest voice first.

    Notes that begin and end together stay together. Where more than two such chords overlap, a
    voice takes in the third one, and ties join what is held.
    """
    voices: list[list[StaffNote]] = []
    for region in _regions(sorted(notes, key=lambda n: (n.onset, -n.pitch, -n.end))):
        found = [voice.notes for voice in _assigned(region, notices) if voice.notes]
        found.sort(key=lambda voice: -sum(note.pitch for note in voice) / len(voice))
        voices += [[] for _ in range(len(found) - len(voices))]
        for voice, more in zip(voices, found, strict=False):
            voice += more
    return voices


def _regions(notes: list[StaffNote]) -> Iterable[list[StaffNote]]:
    """The notes, divided wherever no note is held."""
    region: list[StaffNote] = []
    end = 0
    for note in notes:
        if region and note.onset >= end:
            yield region
            region = []
        region.append(note)
        end = max(end, note.end)
    if region:
        yield region


def _assigned(notes: list[StaffNote], notices: Notices) -> list[_Voice]:
    chords: dict[tuple[int, int], list[StaffNote]] = {}
    for note in notes:
        chords.setdefault((note.onset, note.end), []).append(note)
    voices: list[_Voice] = []
    for (onset, end), chord in chords.items():
        home = next((voice for voice in voices if voice.is_free(onset)), None)
        if home is None and len(voices) < USUAL_VOICES:
            home = _Voice()
            voices.append(home)
        for note in chord:
            by_distance = sorted(voices[:USUAL_VOICES], key=lambda v: abs(v.end - end))
            places = [home] if home is not None else by_distance
            _place(note, [*places, *voices], voices, notices)
    return voices


def _place(
    note: StaffNote, preferred: list[_Voice], voices: list[_Voice], notices: Notices
) -> None:
    """Put a note into the first voice that does not hold its pitch already."""
    for voice in preferred:
        if not voice.holds(note):
            voice.add(note)
            return
    same = [voice.notes[voice.sounding[note.pitch]] for voice in voices]
    if any((other.onset, other.end) == (note.onset, note.end) for other in same):
        notices.add("sheet music: notes doubled at the same pitch are written once")
    elif len(voices) < MOST_VOICES:
        voices.append(_Voice())
        voices[-1].add(note)
    else:
        notices.add("sheet music: overlapping notes of one pitch are shortened or joined")
        voice = min(voices, key=lambda v: v.notes[v.sounding[note.pitch]].end)
        place = voice.sounding[note.pitch]
        other = voice.notes[place]
        if other.onset < note.onset:
            voice.notes[place] = replace(other, end=note.onset)
            voice.add(note)
        elif other.end < note.end:
            voice.notes[place] = replace(other, end=note.end)
            voice.end = max(voice.end, note.end)


def slices_of(voice: list[StaffNote]) -> Iterable[Slice]:
    """The voice as a sequence of chords; a note that outlasts one is tied to the next."""
    for region in _regions(sorted(voice, key=lambda note: note.onset)):
        times = sorted({time for note in region for time in (note.onset, note.end)})
        sounding: list[StaffNote] = []
        place = 0
        for onset, end in pairwise(times):
            sounding = [note for note in sounding if note.end > onset]
            first_new = place
            while place < len(region) and region[place].onset == onset:
                sounding.append(region[place])
                place += 1
            new = region[first_new:place]
            heads = (Head(n.pitch, n.onset < onset, n.end > end) for n in sounding)
            yield Slice(
                onset,
                end,
                tuple(sorted(heads)),
                max(note.velocity for note in new or sounding),
                tuple(grace for note in new for grace in note.graces),
                any(note.is_rolled for note in new),
            )
