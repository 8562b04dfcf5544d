"""What the symbols of a measure look like: note heads and dots, beams, triplets, accidentals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amadeus.music.grid import GRID
from amadeus.music.notation import Measure, Symbol
from amadeus.music.score import TimeSignature

TYPES: dict[int, tuple[str, int]] = {
    72: ("whole", 1), 48: ("whole", 0), 36: ("half", 1), 24: ("half", 0), 18: ("quarter", 1),
    12: ("quarter", 0), 9: ("eighth", 1), 6: ("eighth", 0), 3: ("16th", 0),
    8: ("quarter", 0), 4: ("eighth", 0), 2: ("16th", 0), 1: ("32nd", 0),
}  # fmt: skip
"""Name and number of dots of a duration in ticks of GRID."""
TRIPLETS = (8, 4, 2, 1)
"""Durations of triplets: three last as long as two of their name."""
_FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}


@dataclass(frozen=True, slots=True)
class Spelling:
    """A pitch by its name."""

    letter: str
    alter: int
    """Semitones up."""
    octave: int


def spell(pitch: int, sharps: int) -> Spelling:
    """The name of a MIDI pitch in a key with this number of sharps, or flats if negative.

    Of the names of its pitch class, the one from three fifths below the major tonic to eight above
    it on the line of fifths: F sharp and E flat in C major, G sharp in A minor.
    """
    lowest = sharps - 3
    fifths = lowest + (7 * pitch - lowest) % 12
    alter = (fifths + 1) // 7
    return Spelling("FCGDAEB"[(fifths + 1) % 7], alter, (pitch - alter) // 12 - 1)


def sharps_of(tonic: int, is_minor: bool) -> int:
    """The sharps of a key, or flats if negative: -5 to 6. tonic: a pitch class."""
    major = tonic + 3 if is_minor else tonic
    return (7 * major + 5) % 12 - 5


def accidentals(voices: Measure, sharps: int) -> dict[tuple[int, int, int], int]:
    """The accidentals that are drawn: by number of voice and symbol, and pitch, the alteration.

    One holds on its line to the end of the measure, in all voices; ties need none.
    """
    in_force: dict[tuple[str, int], int] = {}
    drawn = {}
    order = sorted(
        (symbol.onset, number, place, symbol)
        for number, voice in enumerate(voices)
        for place, symbol in enumerate(voice)
        if not symbol.is_tied_from
    )
    for _, number, place, symbol in order:
        for pitch in symbol.pitches:
            name = spell(pitch, sharps)
            line = name.letter, name.octave
            if in_force.get(line, _of_key(name.letter, sharps)) != name.alter:
                drawn[number, place, pitch] = name.alter
            in_force[line] = name.alter
    return drawn


def _of_key(letter: str, sharps: int) -> int:
    """The alteration that a key signature gives to a letter."""
    return (sharps - 1 - "FCGDAEB".index(letter)) // 7 + 1


def tuplets(symbols: Sequence[Symbol]) -> dict[int, str]:
    """Where brackets of triplets start and stop, by place in the voice."""
    marks = {}
    inside = 0
    for place, symbol in enumerate(symbols):
        if symbol.duration not in TRIPLETS:
            inside = 0
            continue
        if not inside:
            marks[place] = "start"
        inside += symbol.duration
        if inside % (GRID // 2) == 0:
            # One symbol alone would be its own bracket.
            marks[place] = "stop" if marks.get(place) is None else ""
            inside = 0
    return {place: mark for place, mark in marks.items() if mark}


def beams(symbols: Sequence[Symbol], metre: TimeSignature) -> dict[int, list[str]]:
    """The beams of each note that has some, from the main one inwards, by place in the voice."""
    found: dict[int, list[str]] = {}
    for group in _beamed_groups(symbols, metre):
        flags = [_flags(symbols[place]) for place in group]
        for i, place in enumerate(group):
            before = flags[i - 1] if i else 0
            after = flags[i + 1] if i + 1 < len(group) else 0
            found[place] = [
                _beam(level <= before, level <= after, i == 0 or before < after)
                for level in range(1, flags[i] + 1)
            ]
    return found


def _beam(is_before: bool, is_after: bool, points_on: bool) -> str:
    """How a beam of a level goes through a note with such neighbours."""
    if is_before and is_after:
        return "continue"
    if is_before or is_after:
        return "end" if is_before else "begin"
    return "forward hook" if points_on else "backward hook"


def _beamed_groups(symbols: Sequence[Symbol], metre: TimeSignature) -> list[list[int]]:
    """Neighbours with flags that lie in one beat, two or more."""
    is_compound = metre.denominator == 8 and metre.numerator % 3 == 0
    beat = 3 * GRID // 2 if is_compound else GRID
    groups: list[list[int]] = [[]]
    last = -1
    for place, symbol in enumerate(symbols):
        if not symbol.pitches or not _flags(symbol):
            groups.append([])
            continue
        if symbol.onset // beat != last:
            groups.append([])
        groups[-1].append(place)
        last = symbol.onset // beat
    return [group for group in groups if len(group) > 1]


def _flags(symbol: Symbol) -> int:
    return _FLAGS.get(TYPES[symbol.duration][0], 0) if symbol.duration in TYPES else 0
