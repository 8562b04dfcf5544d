"""MusicXML: a score as sheet music, for notation programs.

Written here rather than by a library: music21 writes one drum of a kit and draws the names of its
instruments at random, partitura writes no instruments at all. Which notes and rests there are is
decided in `notation`, what they look like in `engraving`, who reads them in `staves`. The format:
https://www.w3.org/2021/06/musicxml40/.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.engraving import TRIPLETS, TYPES, accidentals, beams, sharps_of, spell, tuplets
from amadeus.music.grid import GRID, Bars, bars_of, quantize
from amadeus.music.keys import estimate_key
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi.writing import write_bytes
from amadeus.music.notation import (
    MOST_VOICES,
    Chord,
    Measure,
    Symbol,
    drum_voice,
    measures_of,
    num_symbols,
    voices_of,
)
from amadeus.music.score import KeySignature, Score, TimeSignature
from amadeus.music.staves import Clef, Part, drum, parts_of

_HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" '
    b'"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_INDENT = " "
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_MARKS = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}
"""The velocities that dynamics stand for."""
_MARK_CHANGE = 12
_TEMPO_CHANGE = 0.08
_FORTE = 90  # the velocity that MusicXML calls 100 %


def write_musicxml(
    score: Score, path: str | os.PathLike[str], title: str = "", limits: Limits = LIMITS
) -> Path:
    """Write a score as MusicXML 3.1, whole or not at all; returns its path.

    Raises ScoreError if there is nothing to write or too much, or the path cannot be written.
    """
    return write_bytes(path, to_musicxml(score, title, limits))


def to_musicxml(score: Score, title: str = "", limits: Limits = LIMITS) -> bytes:
    """The score as MusicXML. Raises ScoreError for no notes, or more symbols than the limit."""
    if score.num_notes == 0:
        raise ScoreError("there is nothing to write: the score has no notes")
    limits.check("symbols", score.num_notes)
    score = quantize(score)
    # A note may move onto the barline after the last bar.
    bars = bars_of(score, score.end_ticks + GRID)
    parts = parts_of(score)
    voices = [[staff_voices(part, staff, bars) for staff in part.staves] for part in parts]
    end = max(voice[-1].end for part in voices for staff in part for voice in staff)
    count = int(bars.index_at(np.array(end - 1))) + 1
    limits.check("bars", count)  # of a coarse grid, there may be more than were read
    limits.check("symbols", count * sum(map(len, voices)))  # a rest in each measure at least
    measures = []
    symbols = 0
    for staves in voices:
        measures.append([measures_of(staff, bars, limits)[:count] for staff in staves])
        symbols += sum(map(num_symbols, measures[-1]))
        limits.check("symbols", symbols)
    root = Element("score-partwise", version="3.1")
    _header(root, parts, title)
    indent(root, _INDENT)
    head, end_tag = _HEAD + tostring(root), b"\n</score-partwise>"
    written = [head.removesuffix(end_tag)]
    for number, (part, written_down) in enumerate(zip(parts, measures, strict=True), start=1):
        # Measure by measure, because elements take ten times the memory of their text.
        written.append(f'\n{_INDENT}<part id="P{number}">'.encode())
        for measure in _PartWriter(score, part, bars, number).write(written_down):
            indent(measure, _INDENT, level=2)
            written += [f"\n{2 * _INDENT}".encode(), tostring(measure)]
        written.append(f"\n{_INDENT}</part>".encode())
    return b"".join([*written, end_tag])


def staff_voices(part: Part, staff: np.ndarray, bars: Bars) -> list[list[Chord]]:
    """The voices of one of the part's staves."""
    return drum_voice(staff, bars) if part.is_drum else voices_of(staff, bars)


def _header(root: Element, parts: list[Part], title: str) -> None:
    if title:
        _text(SubElement(root, "work"), "work-title", title)
    _text(SubElement(SubElement(root, "identification"), "encoding"), "software", "Amadeus")
    listing = SubElement(root, "part-list")
    for number, part in enumerate(parts, start=1):
        element = SubElement(listing, "score-part", id=f"P{number}")
        _text(element, "part-name", part.name)
        instruments = list(_instruments(part, number))
        for identity, name, _ in instruments:
            _text(SubElement(element, "score-instrument", id=identity), "instrument-name", name)
        for identity, _, pitch in instruments:
            midi = SubElement(element, "midi-instrument", id=identity)
            _text(midi, "midi-channel", 10 if part.is_drum else _channel(number))
            _text(midi, "midi-program", 1 if part.is_drum else part.program + 1)
            if pitch is not None:
                _text(midi, "midi-unpitched", pitch + 1)


def _instruments(part: Part, number: int) -> Iterator[tuple[str, str, int | None]]:
    """Identity and name of every instrument of a part, and the pitch of drums."""
    if not part.is_drum:
        yield f"P{number}-I1", part.name, None
        return
    for pitch in np.unique(part.staves[0]["pitch"]).tolist():
        yield _drum_id(number, pitch), drum(pitch).name, pitch


def _drum_id(number: int, pitch: int) -> str:
    return f"P{number}-I{pitch + 1}"


def _channel(number: int) -> int:
    """A MIDI channel from 1 on, never that of the drums."""
    channel = (number - 1) % 15 + 1
    return channel + (channel >= 10)


class _PartWriter:
    """Writes the measures of one part."""

    def __init__(self, score: Score, part: Part, bars: Bars, number: int) -> None:
        self._part, self._bars, self._number = part, bars, number
        self._keys = _keys(score, bars)
        self._tempos = _tempos(score, bars) if number == 1 else {}
        first = bars.time_signatures[0].bar_ticks(GRID)
        self._has_pickup = len(bars) > 1 and bars.metre[1] == 1 and bars.length_ticks[1] > first
        """A single short bar of its own metre at the start is counted in the metre after it."""
        self._sharps = 0
        self._mark = ""

    def write(self, staves: list[list[Measure]]) -> Iterator[Element]:
        """The measures. staves: of every staff, its measures."""
        for bar, measures in enumerate(zip(*staves, strict=True)):
            measure = Element("measure", number=str(bar + 1 - self._has_pickup))
            if self._is_short(bar):
                measure.set("implicit", "yes")
            self._attributes(measure, bar, len(staves))
            self._directions(measure, bar, list(measures))
            for staff, voices in enumerate(measures):
                self._staff(measure, voices, bar, staff if len(staves) > 1 else None)
            if bar + 1 == len(staves[0]):
                _text(SubElement(measure, "barline", location="right"), "bar-style", "light-heavy")
            yield measure

    def _metre(self, bar: int) -> TimeSignature:
        return self._bars.time_signatures[self._bars.metre[bar]]

    def _is_short(self, bar: int) -> bool:
        cut = self._bars.length_ticks[bar] < self._metre(bar).bar_ticks(GRID)
        return bool(cut) or (bar == 0 and self._has_pickup)

    def _shown_metre(self, bar: int) -> TimeSignature:
        return self._metre(1 if self._has_pickup and bar == 0 else bar)

    def _attributes(self, measure: Element, bar: int, staves: int) -> None:
        """Key, metre and clefs, where they are new."""
        attributes = Element("attributes")
        if bar == 0:
            _text(attributes, "divisions", GRID)
        if bar in self._keys and not self._part.is_drum:
            self._sharps = self._keys[bar]
            _text(SubElement(attributes, "key"), "fifths", self._sharps)
        metre = self._shown_metre(bar)
        if bar == 0 or metre != self._shown_metre(bar - 1):
            time = SubElement(attributes, "time")
            _text(time, "beats", metre.numerator)
            _text(time, "beat-type", metre.denominator)
        if bar == 0:
            if staves > 1:
                _text(attributes, "staves", staves)
            for number, clef in enumerate(self._part.clefs, start=1):
                _clef(attributes, clef, number if staves > 1 else None)
        if len(attributes):
            measure.append(attributes)

    def _directions(self, measure: Element, bar: int, staves: list[Measure]) -> None:
        """Tempo, and dynamics where the music gets clearly louder or softer."""
        if bar in self._tempos:
            offset, bpm = self._tempos[bar]
            metronome = Element("metronome")
            _text(metronome, "beat-unit", "quarter")
            _text(metronome, "per-minute", round(bpm))
            direction = _direction(measure, metronome, "above", offset)
            SubElement(direction, "sound", tempo=f"{bpm:g}")
        symbols = [s for staff in staves for voice in staff for s in voice]
        velocities = [s.velocity for s in symbols if s.pitches and not s.is_tied_from]
        if velocities and (mark := _mark(float(np.mean(velocities)), self._mark)) != self._mark:
            self._mark = mark
            dynamics = Element("dynamics")
            SubElement(dynamics, mark)
            _direction(measure, dynamics, "below", 0)

    def _staff(self, measure: Element, voices: Measure, bar: int, staff: int | None) -> None:
        """The voices of a measure, one after the other. staff: from 0; None if it is the only."""
        metre = self._metre(bar)
        drawn = {} if self._part.is_drum else accidentals(voices, self._sharps)
        for number, symbols in enumerate(voices):
            if number or staff:
                _text(SubElement(measure, "backup"), "duration", self._bars.length_ticks[bar])
            voice = MOST_VOICES * (staff or 0) + number + 1
            beamed, brackets = beams(symbols, metre), tuplets(symbols)
            for place, symbol in enumerate(symbols):
                is_bar_rest = not symbol.pitches and len(symbols) == 1
                for pitch in symbol.pitches or (None,):
                    note = SubElement(measure, "note")
                    if number and pitch is None:
                        note.set("print-object", "no")
                    self._pitch(note, symbol, pitch, is_bar_rest)
                    _text(note, "voice", voice)
                    if not is_bar_rest:
                        _value(note, symbol.duration, drawn.get((number, place, pitch or 0)))
                    if self._part.is_drum and pitch is not None:
                        _text(note, "notehead", drum(pitch).notehead)
                    if staff is not None:
                        _text(note, "staff", staff + 1)
                    is_first = pitch is None or pitch == symbol.pitches[0]
                    _lines(note, symbol, is_first, beamed.get(place), brackets.get(place))

    def _pitch(self, note: Element, symbol: Symbol, pitch: int | None, is_bar_rest: bool) -> None:
        """What sounds, how long and with which ties."""
        if pitch is None:
            rest = SubElement(note, "rest")
            if is_bar_rest:
                rest.set("measure", "yes")
        else:
            note.set("dynamics", f"{100 * symbol.velocity / _FORTE:.2f}")
            if pitch != symbol.pitches[0]:
                SubElement(note, "chord")
            if self._part.is_drum:
                unpitched = SubElement(note, "unpitched")
                _text(unpitched, "display-step", drum(pitch).letter)
                _text(unpitched, "display-octave", drum(pitch).octave)
            else:
                name = spell(pitch, self._sharps)
                element = SubElement(note, "pitch")
                _text(element, "step", name.letter)
                if name.alter:
                    _text(element, "alter", name.alter)
                _text(element, "octave", name.octave)
        _text(note, "duration", symbol.duration)
        for kind in _ties(symbol):
            SubElement(note, "tie", type=kind)
        if self._part.is_drum and pitch is not None:
            SubElement(note, "instrument", id=_drum_id(self._number, pitch))


def _value(note: Element, duration: int, accidental: int | None) -> None:
    """Note head, dots, accidental and triplet."""
    name, dots = TYPES[duration]
    _text(note, "type", name)
    for _ in range(dots):
        SubElement(note, "dot")
    if accidental is not None:
        _text(note, "accidental", _ACCIDENTALS[accidental])
    if duration in TRIPLETS:
        modification = SubElement(note, "time-modification")
        _text(modification, "actual-notes", 3)
        _text(modification, "normal-notes", 2)


def _lines(
    note: Element, symbol: Symbol, is_first: bool, beam: list[str] | None, tuplet: str | None
) -> None:
    """Beams and brackets, which a chord has once, and ties."""
    for level, shape in enumerate(beam or () if is_first else (), start=1):
        SubElement(note, "beam", number=str(level)).text = shape
    notations = Element("notations")
    for kind in _ties(symbol):
        SubElement(notations, "tied", type=kind)
    if tuplet and is_first:
        SubElement(notations, "tuplet", type=tuplet)
    if len(notations):
        note.append(notations)


def _ties(symbol: Symbol) -> list[str]:
    return ["stop"] * symbol.is_tied_from + ["start"] * symbol.is_tied_to


def _clef(attributes: Element, clef: Clef, staff: int | None) -> None:
    element = SubElement(attributes, "clef")
    if staff is not None:
        element.set("number", str(staff))
    _text(element, "sign", clef.sign)
    if clef.line is not None:
        _text(element, "line", clef.line)
    if clef.octaves:
        _text(element, "clef-octave-change", clef.octaves)


def _direction(measure: Element, content: Element, placement: str, offset: int) -> Element:
    direction = SubElement(measure, "direction", placement=placement)
    SubElement(direction, "direction-type").append(content)
    if offset:
        _text(direction, "offset", offset)
    return direction


def _keys(score: Score, bars: Bars) -> dict[int, int]:
    """The sharps of each bar in which a key signature begins; those written, if not by default.

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


def _tempos(score: Score, bars: Bars) -> dict[int, tuple[int, float]]:
    """Of each bar in which the tempo clearly changes, where it does last, and to which."""
    found: dict[int, tuple[int, float]] = {}
    last = {int(bars.index_at(np.array(t.onset_ticks))): t for t in sorted(score.tempos)}
    shown = 0.0
    for bar, tempo in last.items():
        if abs(tempo.bpm - shown) > _TEMPO_CHANGE * shown:
            shown = tempo.bpm
            found[bar] = (tempo.onset_ticks - int(bars.onset_ticks[bar]), round(shown, 2))
    return found


def _mark(velocity: float, mark: str) -> str:
    """The dynamics of a velocity; those in force unless they are clearly left."""
    if mark and abs(velocity - _MARKS[mark]) <= _MARK_CHANGE:
        return mark
    return min(_MARKS, key=lambda name: abs(_MARKS[name] - velocity))


def _text(parent: Element, tag: str, value: object) -> None:
    """A child with a text; control characters, which XML cannot hold, are left out."""
    text = str(value)
    if not text.isprintable():
        text = "".join(filter(str.isprintable, text))
    SubElement(parent, tag).text = text
