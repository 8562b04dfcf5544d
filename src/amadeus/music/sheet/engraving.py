"""What the symbols of a measure look like: keys, spelling, accidentals and beams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.music.grid import Bars
from amadeus.music.keys import estimate_key
from amadeus.music.score import KeySignature, Score, TimeSignature
from amadeus.music.sheet.measures import Measure, Symbol
from amadeus.music.sheet.resolution import QUARTER, is_compound


@dataclass(frozen=True, slots=True)
class Spelling:
    """The name of a pitch."""

    letter: str
    alter: int
    """Semitones up."""
    octave: int

    def alter_of_key(self, sharps: int) -> int:
        """The alteration that a key signature gives to the letter, in semitones."""
        return (sharps - 1 - "FCGDAEB".index(self.letter)) // 7 + 1


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


def accidentals(voices: Measure, sharps: int) -> dict[tuple[int, int, int, bool], int]:
    """The accidentals that are drawn, as alterations.

    The keys are the number of the voice and the symbol, the pitch, and whether it is a grace note.
    An accidental holds on its line to the end of the measure, in all voices; ties need none.
    """
    in_force: dict[tuple[str, int], int] = {}
    drawn = {}
    order = sorted(
        (symbol.onset, number, place)
        for number, voice in enumerate(voices)
        for place, symbol in enumerate(voice)
        if symbol.is_new
    )
    for _, number, place in order:
        symbol = voices[number][place]
        graces = [(grace.pitch, True) for grace in symbol.graces]
        heads = [(head.pitch, False) for head in symbol.heads if not head.is_tied_from]
        for pitch, is_grace in graces + heads:
            name = spell(pitch, sharps)
            line = name.letter, name.octave
            if in_force.get(line, name.alter_of_key(sharps)) != name.alter:
                drawn[number, place, pitch, is_grace] = name.alter
            in_force[line] = name.alter
    return drawn


def beams(symbols: Sequence[Symbol], metre: TimeSignature) -> dict[int, list[str]]:
    """The beams of each beamed note, from the main beam inwards, by place in the voice."""
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
    """The shape of a beam at a note."""
    if is_before and is_after:
        return "continue"
    if is_before or is_after:
        return "end" if is_before else "begin"
    return "forward hook" if points_on else "backward hook"


def _beamed_groups(symbols: Sequence[Symbol], metre: TimeSignature) -> list[list[int]]:
    """Neighbours with flags that lie in one beat, two or more."""
    beat = 3 * QUARTER // 2 if is_compound(metre) else QUARTER
    groups: list[list[int]] = [[]]
    last = -1
    for place, symbol in enumerate(symbols):
        if not symbol.heads or not _flags(symbol):
            groups.append([])
            continue
        if symbol.onset // beat != last:
            groups.append([])
        groups[-1].append(place)
        last = symbol.onset // beat
    return [group for group in groups if len(group) > 1]


def _flags(symbol: Symbol) -> int:
    return 0 if symbol.value is None else symbol.value.num_flags


def keys_of(score: Score, bars: Bars) -> dict[int, int]:
    """The number of sharps by bar, where a key signature begins; estimated if the file has none.

    C major at the start and nothing else is what programs write that know no keys.
    """
    given = score.key_signatures
    if given and any(key.sharps for key in given):
        signatures = list(given)
    else:
        key = estimate_key(score)
        sharps = 0 if key is None else sharps_of(key.tonic, key.mode == "minor")
        signatures = [KeySignature(0, sharps)]
    return {0: 0} | {int(bars.index_at(np.array(k.onset_ticks))): k.sharps for k in signatures}
