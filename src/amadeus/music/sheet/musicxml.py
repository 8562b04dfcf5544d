"""MusicXML: a score as sheet music, for notation programs.

Written here rather than by a library: music21 writes one drum of a kit and draws the names of its
instruments at random, partitura writes no instruments at all. Which notes and rests there are is
decided in `sheet` and `measures`, their appearance in `engraving`, parts and clefs in `staves`.
The format: https://www.w3.org/2021/06/musicxml40/.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from amadeus.music.grid import Bars
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.midi.writing import write_bytes
from amadeus.music.score import Score, TimeSignature
from amadeus.music.sheet.engraving import accidentals, beams, keys_of, spell
from amadeus.music.sheet.measures import Measure, Symbol
from amadeus.music.sheet.resolution import QUARTER, Grace, has_pickup, shown_metre
from amadeus.music.sheet.sheet import SWING, Sheet, sheet_of
from amadeus.music.sheet.staves import Clef, Part, drum
from amadeus.music.sheet.values import Value
from amadeus.music.sheet.voices import MOST_VOICES, Head

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
    return sheet_to_musicxml(sheet_of(score, limits), title, limits)


def sheet_to_musicxml(sheet: Sheet, title: str = "", limits: Limits = LIMITS) -> bytes:
    """Sheet music as MusicXML. Raises ScoreError for more symbols than the limit."""
    measures = sheet.measures(limits)
    root = Element("score-partwise", version="3.1")
    _header(root, sheet.parts, title)
    indent(root, _INDENT)
    head, end_tag = _HEAD + tostring(root), b"\n</score-partwise>"
    written = [head.removesuffix(end_tag)]
    for number, (part, staves) in enumerate(zip(sheet.parts, measures, strict=True), start=1):
        # Measure by measure, because elements take ten times the memory of their text.
        written.append(f'\n{_INDENT}<part id="P{number}">'.encode())
        for measure in _PartWriter(sheet, part, number).write(staves):
            indent(measure, _INDENT, level=2)
            written += [f"\n{2 * _INDENT}".encode(), tostring(measure)]
        written.append(f"\n{_INDENT}</part>".encode())
    return b"".join([*written, end_tag])


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

    def __init__(self, sheet: Sheet, part: Part, number: int) -> None:
        bars = sheet.bars
        self._part, self._bars, self._number = part, bars, number
        self._keys = keys_of(sheet.score, bars)
        self._tempos = _tempos(sheet.score, bars) if number == 1 else {}
        self._is_swung = number == 1 and sheet.swing is not None
        self._has_pickup = has_pickup(bars)
        self._sharps = 0
        self._mark = ""

    def write(self, staves: list[list[Measure]]) -> Iterator[Element]:
        """The measures of the part. staves: the measures of each staff."""
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
        cut = self._bars.length_ticks[bar] < self._metre(bar).bar_ticks(QUARTER)
        return bool(cut) or (bar == 0 and self._has_pickup)

    def _attributes(self, measure: Element, bar: int, staves: int) -> None:
        """Key, time signature and clefs, where they change."""
        attributes = Element("attributes")
        if bar == 0:
            _text(attributes, "divisions", QUARTER)
        if bar in self._keys and not self._part.is_drum:
            self._sharps = self._keys[bar]
            _text(SubElement(attributes, "key"), "fifths", self._sharps)
        metre = shown_metre(self._bars, bar)
        if bar == 0 or metre != shown_metre(self._bars, bar - 1):
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
        if bar == 0 and self._is_swung:
            words = Element("words")
            words.text = SWING
            _direction(measure, words, "above", 0)
        symbols = [s for staff in staves for voice in staff for s in voice]
        velocities = [s.velocity for s in symbols if s.is_new]
        if velocities and (mark := _mark(float(np.mean(velocities)), self._mark)) != self._mark:
            self._mark = mark
            dynamics = Element("dynamics")
            SubElement(dynamics, mark)
            _direction(measure, dynamics, "below", 0)

    def _staff(self, measure: Element, voices: Measure, bar: int, staff: int | None) -> None:
        """The voices of a measure, one after the other. staff: from 0; None if it is the only."""
        drawn = {} if self._part.is_drum else accidentals(voices, self._sharps)
        for number, symbols in enumerate(voices):
            if number or staff:
                _text(SubElement(measure, "backup"), "duration", self._bars.length_ticks[bar])
            voice = MOST_VOICES * (staff or 0) + number + 1
            beamed = beams(symbols, self._metre(bar))
            for place, symbol in enumerate(symbols):
                for grace in symbol.graces:
                    note = SubElement(measure, "note")
                    accidental = drawn.get((number, place, grace.pitch, True))
                    self._grace(note, grace, voice, accidental, staff)
                for head in symbol.heads or (None,):
                    note = SubElement(measure, "note")
                    if number and head is None:
                        note.set("print-object", "no")
                    self._pitch(note, symbol, head)
                    _text(note, "voice", voice)
                    if symbol.value is not None:
                        pitch = -1 if head is None else head.pitch
                        _value(note, symbol.value, drawn.get((number, place, pitch, False)))
                    if self._part.is_drum and head is not None:
                        _text(note, "notehead", drum(head.pitch).notehead)
                    if staff is not None:
                        _text(note, "staff", staff + 1)
                    is_first = head is None or head is symbol.heads[0]
                    _lines(note, symbol, head, is_first, beamed.get(place))

    def _grace(
        self, note: Element, grace: Grace, voice: int, accidental: int | None, staff: int | None
    ) -> None:
        steals = "steal-time-following" if grace.is_on_beat else "steal-time-previous"
        SubElement(note, "grace", {steals: "25", "slash": "no" if grace.is_on_beat else "yes"})
        note.set("dynamics", f"{100 * grace.velocity / _FORTE:.2f}")
        self._name(note, grace.pitch)
        _text(note, "voice", voice)
        _text(note, "type", "eighth")
        if accidental is not None:
            _text(note, "accidental", _ACCIDENTALS[accidental])
        if staff is not None:
            _text(note, "staff", staff + 1)

    def _pitch(self, note: Element, symbol: Symbol, head: Head | None) -> None:
        """Pitch, duration and ties."""
        if head is None:
            rest = SubElement(note, "rest")
            if symbol.value is None:
                rest.set("measure", "yes")
        else:
            note.set("dynamics", f"{100 * symbol.velocity / _FORTE:.2f}")
            if head is not symbol.heads[0]:
                SubElement(note, "chord")
            self._name(note, head.pitch)
        _text(note, "duration", symbol.duration)
        for kind in _ties(head):
            SubElement(note, "tie", type=kind)
        if self._part.is_drum and head is not None:
            SubElement(note, "instrument", id=_drum_id(self._number, head.pitch))

    def _name(self, note: Element, pitch: int) -> None:
        if self._part.is_drum:
            unpitched = SubElement(note, "unpitched")
            _text(unpitched, "display-step", drum(pitch).letter)
            _text(unpitched, "display-octave", drum(pitch).octave)
            return
        name = spell(pitch, self._sharps)
        element = SubElement(note, "pitch")
        _text(element, "step", name.letter)
        if name.alter:
            _text(element, "alter", name.alter)
        _text(element, "octave", name.octave)


def _value(note: Element, value: Value, accidental: int | None) -> None:
    """Note head, dots, accidental and tuplet."""
    _text(note, "type", value.name)
    for _ in range(value.dots):
        SubElement(note, "dot")
    if accidental is not None:
        _text(note, "accidental", _ACCIDENTALS[accidental])
    if value.tuplet is not None:
        modification = SubElement(note, "time-modification")
        _text(modification, "actual-notes", value.tuplet[0])
        _text(modification, "normal-notes", value.tuplet[1])


def _lines(
    note: Element, symbol: Symbol, head: Head | None, is_first: bool, beam: list[str] | None
) -> None:
    """Beams and brackets, which a chord has once, ties and rolls."""
    for level, shape in enumerate(beam or () if is_first else (), start=1):
        SubElement(note, "beam", number=str(level)).text = shape
    notations = Element("notations")
    for kind in _ties(head):
        SubElement(notations, "tied", type=kind)
    if symbol.bracket and is_first:
        SubElement(notations, "tuplet", type=symbol.bracket)
    if symbol.is_rolled and head is not None:
        SubElement(notations, "arpeggiate")
    if len(notations):
        note.append(notations)


def _ties(head: Head | None) -> list[str]:
    if head is None:
        return []
    return ["stop"] * head.is_tied_from + ["start"] * head.is_tied_to


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


def _tempos(score: Score, bars: Bars) -> dict[int, tuple[int, float]]:
    """Place and tempo of the last tempo change, by bar, where the tempo changes clearly."""
    found: dict[int, tuple[int, float]] = {}
    last = {int(bars.index_at(np.array(t.onset_ticks))): t for t in sorted(score.tempos)}
    shown = 0.0
    for bar, tempo in last.items():
        if abs(tempo.bpm - shown) > _TEMPO_CHANGE * shown:
            shown = tempo.bpm
            found[bar] = (tempo.onset_ticks - int(bars.onset_ticks[bar]), round(shown, 2))
    return found


def _mark(velocity: float, mark: str) -> str:
    """The dynamics for a velocity; the current ones unless the velocity is clearly different."""
    if mark and abs(velocity - _MARKS[mark]) <= _MARK_CHANGE:
        return mark
    return min(_MARKS, key=lambda name: abs(_MARKS[name] - velocity))


def _text(parent: Element, tag: str, value: object) -> None:
    """A child with a text; control characters, which XML cannot hold, are left out."""
    text = str(value)
    if not text.isprintable():
        text = "".join(filter(str.isprintable, text))
    SubElement(parent, tag).text = text
