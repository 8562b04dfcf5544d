"""ABC: the melody of a score and its chords, as a lead sheet.

The format: https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.chords import chord_name, estimate_chords
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi.notices import Notices
from amadeus.music.score import Chord, Score, TimeSignature, Track
from amadeus.music.sheet.engraving import Spelling, keys_of, spell
from amadeus.music.sheet.measures import Symbol, measures_of
from amadeus.music.sheet.resolution import QUARTER, SIXTEENTH, TOLERANCE, nearest, shown_metre
from amadeus.music.sheet.sheet import SWING, Sheet, make_staff, staff_notes
from amadeus.music.sheet.values import note_values

_BARS_OF_A_LINE = 4
_MELODIC_NAME = re.compile(r"\b(melod\w*|vocals?|voice|lead|sing\w*|soprano)\b", re.IGNORECASE)
_LEAST_SHARE = 0.25
"""Of the notes of the fullest track, those that a melody must have."""
_MAJOR_KEYS = (
    "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#",
)  # fmt: skip
_ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def to_abc(sheet: Sheet, title: str = "", limits: Limits = LIMITS) -> bytes:
    """The lead sheet of a score. Raises ScoreError beyond the limits, or for drums alone."""
    melody = melody_of(sheet.score)
    if not len(melody):
        raise ScoreError("there is no melody to write: the score has only drums; write a PDF")
    staff = make_staff(staff_notes(melody), sheet.bars, False, sheet.swing, Notices())
    count = sheet.num_bars
    limits.check("bars", count)
    measures = measures_of(staff.voices[:1], staff.snapper, sheet.bars, count, limits)
    chords = [
        replace(chord, onset_ticks=nearest(chord.onset_ticks))
        for chord in sheet.score.chords or estimate_chords(sheet.score)
    ]
    writer = _Writer(sheet, chords)
    bars = [writer.bar(number, measure[0]) for number, measure in enumerate(measures)]
    lines = [
        " | ".join(bars[start : start + _BARS_OF_A_LINE])
        for start in range(0, len(bars), _BARS_OF_A_LINE)
    ]
    return "\n".join([*writer.header(title), " |\n".join(lines) + " |]", ""]).encode()


def left_out(sheet: Sheet) -> str:
    """What a lead sheet lacks, as a sentence."""
    count = sheet.score.num_notes - len(melody_of(sheet.score))
    return f"sheet music: a lead sheet has the melody and the chords; {count:,} notes are left out"


def melody_of(score: Score) -> np.ndarray:
    """The melody: one note at a time of the track that most likely has it. NOTE_DTYPE, [N].

    That is the track whose name says so, otherwise the highest of those that play enough.
    """
    tracks = [track for track in score.tracks if len(track.notes) and not track.is_drum]
    if not tracks:
        return score.pitched_notes
    most = max(len(track.notes) for track in tracks)
    tracks = [track for track in tracks if len(track.notes) >= _LEAST_SHARE * most]

    together = TOLERANCE * score.ticks_per_quarter // QUARTER

    def likelihood(track: Track) -> tuple[bool, bool, float]:
        is_named = _MELODIC_NAME.search(track.name) is not None
        line = _top_line(track.notes, together)
        return is_named, bool(track.lyrics), float(line["pitch"].mean())

    return _top_line(max(tracks, key=likelihood).notes, together)


def _top_line(notes: np.ndarray, together: int) -> np.ndarray:
    """The highest note at each onset, up to the next one. together: ticks that are no gap."""
    is_last = np.append(np.diff(notes["onset_ticks"]) > together, True)
    top = notes[is_last].copy()
    room = np.append(np.diff(top["onset_ticks"]), np.iinfo(np.int64).max)
    top["duration_ticks"] = np.minimum(top["duration_ticks"], room)
    return top


class _Writer:
    """Writes the bars of a melody, one after the other."""

    def __init__(self, sheet: Sheet, chords: list[Chord]) -> None:
        self._sheet, self._chords = sheet, chords
        self._keys = keys_of(sheet.score, sheet.bars)
        self._sharps = self._keys[0]
        tempos = sorted(sheet.score.tempos)
        self._bpm = round(tempos[0].bpm) if tempos else 120

    def header(self, title: str) -> list[str]:
        plain = "".join(filter(str.isprintable, title)).strip() or "Untitled"
        metre = shown_metre(self._sheet.bars, 0)
        return [
            "X:1",
            f"T:{plain}",
            f"M:{metre.numerator}/{metre.denominator}",
            "L:1/16",
            f"Q:1/4={self._bpm}",
            f"K:{_MAJOR_KEYS[self._keys[0] + 7]}",
        ]

    def bar(self, number: int, symbols: list[Symbol]) -> str:
        """A bar, with what changes at its beginning."""
        words = []
        bars = self._sheet.bars
        metre = shown_metre(bars, number)
        if number and metre != shown_metre(bars, number - 1):
            words.append(f"[M:{metre.numerator}/{metre.denominator}]")
        if number and self._keys.get(number, self._sharps) != self._sharps:
            self._sharps = self._keys[number]
            words.append(f"[K:{_MAJOR_KEYS[self._sharps + 7]}]")
        if number == 0 and self._sheet.swing is not None:
            words.append(f'"^{SWING}"')
        begin = int(bars.onset_ticks[number])
        end = begin + int(bars.length_ticks[number])
        changes = {
            chord.onset_ticks - begin: chord
            for chord in self._chords
            if begin <= chord.onset_ticks < end
        }
        altered: set[str] = set()
        pieces = [piece for s in symbols for piece in _split(s, sorted(changes), metre)]
        for place, symbol in enumerate(pieces):
            due = [onset for onset in changes if onset <= symbol.onset]
            names = [chord_name(changes.pop(onset)) for onset in sorted(due)]
            chord = f'"{names[-1]}"' if names else ""
            words.append(f"{chord}{_tuplet(pieces, place)}{self._symbol(symbol, altered)}")
        return " ".join(words)

    def _symbol(self, symbol: Symbol, altered: set[str]) -> str:
        length = Fraction(symbol.duration, SIXTEENTH)
        if symbol.value is not None and symbol.value.tuplet is not None:
            length *= Fraction(*symbol.value.tuplet)
        if not symbol.heads:
            return f"z{_length(length)}"
        graces = "".join(self._pitch(grace.pitch, altered) for grace in symbol.graces)
        head = symbol.heads[-1]
        # The accidental of a tied note holds on.
        pitch = self._pitch(head.pitch, altered)
        tie = "-" if head.is_tied_to else ""
        return f"{'{' + graces + '}' if graces else ''}{pitch}{_length(length)}{tie}"

    def _pitch(self, pitch: int, altered: set[str]) -> str:
        """A pitch with its accidental, repeated after any other on its letter in the bar."""
        name = spell(pitch, self._sharps)
        accidental = ""
        if name.alter != name.alter_of_key(self._sharps) or name.letter in altered:
            altered.add(name.letter)
            accidental = _ACCIDENTALS[name.alter]
        return accidental + _letter(name)


def _letter(name: Spelling) -> str:
    if name.octave >= 5:
        return name.letter.lower() + "'" * (name.octave - 5)
    return name.letter + "," * (4 - name.octave)


def _length(length: Fraction) -> str:
    """A length in units: nothing for one, /2 for a half."""
    if length.denominator == 1:
        return "" if length == 1 else str(length)
    return f"{length.numerator if length.numerator > 1 else ''}/{length.denominator}"


def _tuplet(symbols: list[Symbol], place: int) -> str:
    """The beginning of a tuplet: so many in the time of so many, for the next so many symbols."""
    symbol = symbols[place]
    if symbol.bracket != "start" or symbol.value is None or symbol.value.tuplet is None:
        return ""
    stop = next(p for p in range(place, len(symbols)) if symbols[p].bracket == "stop")
    actual, normal = symbol.value.tuplet
    return f"({actual}:{normal}:{stop - place + 1}"


def _split(symbol: Symbol, changes: list[int], metre: TimeSignature) -> Iterator[Symbol]:
    """A symbol, divided where the chord changes; those in tuplets stay whole."""
    end = symbol.onset + symbol.duration
    inside = [change for change in changes if symbol.onset < change < end]
    if not inside or (symbol.value is not None and symbol.value.tuplet is not None):
        yield symbol
        return
    edges = [symbol.onset, *inside, end]
    for start, stop in pairwise(edges):
        onset = start
        for value in note_values(start, stop - start, metre):
            is_last = onset + value.duration == end
            heads = tuple(replace(h, is_tied_to=h.is_tied_to or not is_last) for h in symbol.heads)
            graces = symbol.graces if onset == symbol.onset else ()
            yield replace(
                symbol,
                onset=onset,
                duration=value.duration,
                value=value,
                heads=heads,
                graces=graces,
            )
            onset += value.duration
