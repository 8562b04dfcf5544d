"""What every constraint is, and those on the values of notes: scale, pitch, loudness, length.

A constraint is hard: its masks say which values notes may have in a bar. Some constraints also
favour some of the values that are left (`soft_part`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np

from amadeus.control.scope import WHOLE, Scope, instrument_values
from amadeus.errors import ConfigError, ScoreError
from amadeus.music.chords import INTERVALS, QUALITIES
from amadeus.music.grid import GRID
from amadeus.music.keys import pitch_class
from amadeus.music.scales import Scale, parse_scale
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE
from amadeus.tokens.vocabulary import Attribute

Masks = dict[Attribute, np.ndarray]
"""Of some attributes, the values that notes may have, bool [V] each."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """Something that a piece is held to."""

    name: ClassVar[str] = ""
    """What it is called in text: "key"."""
    for_instruments: ClassVar[bool] = False
    """Whether it may hold for some instruments only."""
    held: ClassVar[str] = ""
    soft_part: ClassVar[str] = ""

    scope: Scope = field(default=WHOLE, kw_only=True)
    source: str = field(default="", kw_only=True, compare=False)
    """Where it was said, for messages."""

    def __post_init__(self) -> None:
        if self.scope.instruments and not self.for_instruments:
            raise ConfigError(
                f"'{self}': {self.name} holds for all instruments; leave out "
                f"'for {', '.join(self.scope.instruments)}'"
            )

    @property
    def hard(self) -> str:
        """What always holds, in words."""
        return self.held

    @property
    def soft(self) -> str:
        """What the music is drawn towards, in words; empty where nothing is soft."""
        return self.soft_part

    @property
    def value(self) -> str:
        """What it asks for, as text."""
        raise NotImplementedError

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        """What the notes that it covers may be in a bar, counted from 0, of its range."""
        return {}

    def __str__(self) -> str:
        return f"{self.name}: {self.value}{self.scope}"


def only(values: list[int] | np.ndarray) -> np.ndarray:
    """These values, bool [V]."""
    return np.isin(np.arange(MAX_SIZE), values)


_DRUM_PITCHES = only(np.arange(v.FIRST_DRUM_PITCH, v.FIRST_DRUM_PITCH + 128))


@dataclass(frozen=True, slots=True)
class InScale(Constraint):
    """Pitches, and chords unless it is for some instruments only, come from a scale; drums may
    play what they like."""

    name: ClassVar[str] = "key"
    for_instruments: ClassVar[bool] = True
    held: ClassVar[str] = "pitches and chords are of the scale"

    scale_name: str
    """ "A minor", "D dorian", "E blues", or notes: "C E G A"."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        try:
            parse_scale(self.scale_name)
        except ScoreError as error:
            raise ConfigError(f"key {self.scale_name!r}: {error}") from None

    @property
    def value(self) -> str:
        return self.scale_name

    @property
    def scale(self) -> Scale:
        return parse_scale(self.scale_name)

    @property
    def soft(self) -> str:
        if self.scope.instruments or self.scale.tonic is None:
            return ""
        drawn = "" if self.scale.key is None else f"drawn towards {self.scale.key}; "
        return f"{drawn}a new piece begins and ends on its tonic, unless chords say otherwise"

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        masks = {Attribute.PITCH: _pitches_of(self.scale.pitch_classes)}
        if not self.scope.instruments:
            masks[Attribute.CHORD] = _chords_of(self.scale.pitch_classes)
        return masks


@lru_cache(maxsize=64)
def _pitches_of(scale: tuple[int, ...]) -> np.ndarray:
    return only([p + 1 for p in range(128) if p % 12 in scale]) | _DRUM_PITCHES


@lru_cache(maxsize=64)
def _chords_of(scale: tuple[int, ...]) -> np.ndarray:
    """Chords all of whose notes are in the scale, and no chord at all."""
    fitting = [
        v.chord_value(root, quality)
        for root in scale
        for quality in QUALITIES
        if {(root + i) % 12 for i in INTERVALS[quality]} <= set(scale)
    ]
    return only([v.NO_CHORD, *fitting])


@dataclass(frozen=True, slots=True)
class PitchRange(Constraint):
    """Pitches lie between two; drum sounds only where the drums are named."""

    name: ClassVar[str] = "pitch"
    for_instruments: ClassVar[bool] = True
    held: ClassVar[str] = "no pitch lies outside"

    low: int | str
    """MIDI pitch 0-127, or a name: "C4" is 60."""
    high: int | str

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        if parse_pitch(self.low) > parse_pitch(self.high):
            raise ConfigError(f"'{self}': the lower pitch comes first; swap the two")

    @property
    def value(self) -> str:
        return f"{self.low}-{self.high}"

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        pitches = np.arange(parse_pitch(self.low), parse_pitch(self.high) + 1)
        mask = only(pitches + 1)
        named = instrument_values(self.scope.instruments)
        mask |= only(pitches + v.FIRST_DRUM_PITCH) if v.DRUMS in named else _DRUM_PITCHES
        return {Attribute.PITCH: mask}


_PITCH = re.compile(r"([A-Ga-g])([#b♯♭]?)(-?\d+)")


def parse_pitch(pitch: int | str) -> int:
    """The MIDI pitch, 0-127, of a number or a name such as "C4" (60) or "F#3".

    Raises ConfigError for any other.
    """
    text = str(pitch).strip()
    named = _PITCH.fullmatch(text)
    if named:
        letter, sign, octave = named.groups()
        # B# and Cb belong to the octave of their letter.
        step = pitch_class(letter) + {"": 0, "#": 1, "♯": 1}.get(sign, -1)
        number = 12 * (int(octave) + 1) + step
    else:
        number = int(text) if text.isdecimal() and len(text) < 4 else -1
    if not 0 <= number < 128:
        raise ConfigError(f"{text!r} is no pitch; write 0 to 127, or a name such as C4 (60)")
    return number


@dataclass(frozen=True, slots=True)
class Velocities(Constraint):
    """Velocities lie in a range, which may move from the first bar to the last: a crescendo."""

    name: ClassVar[str] = "velocity"
    for_instruments: ClassVar[bool] = True
    held: ClassVar[str] = "no velocity lies outside, to the nearest of 32 bins"

    low: int
    """1-127."""
    high: int
    to: tuple[int, int] | None = None
    """The range of the last bar, where it moves; bar by bar in equal steps."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        for low, high in ((self.low, self.high), self.to or (self.low, self.high)):
            if not (1 <= low <= 127 and 1 <= high <= 127):
                raise ConfigError(f"'{self}': velocities are 1 to 127")
            if low > high:
                raise ConfigError(f"'{self}': the lower velocity comes first; swap the two")

    @property
    def value(self) -> str:
        ranges = [(self.low, self.high), *([self.to] if self.to else [])]
        return "->".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        last_low, last_high = self.to or (self.low, self.high)
        along = self.scope.fraction(bar, num_bars)
        low = self.low + along * (last_low - self.low)
        high = self.high + along * (last_high - self.high)
        bins = np.arange(1, v.SIZES[Attribute.VELOCITY])
        inside = bins[(v.velocity_of(bins) >= low) & (v.velocity_of(bins) <= high)]
        nearest = v.velocity_values(np.array([round((low + high) / 2)]))
        return {Attribute.VELOCITY: only(inside if len(inside) else nearest)}


@dataclass(frozen=True, slots=True)
class Durations(Constraint):
    """Notes have one of these lengths."""

    name: ClassVar[str] = "durations"
    for_instruments: ClassVar[bool] = True
    held: ClassVar[str] = "notes have no other length"

    values: tuple[str, ...]
    """Note values: "1/4", "1/4." with a dot, "1/8t" of a triplet; "1/1" is 4 quarters."""

    def __post_init__(self) -> None:
        Constraint.__post_init__(self)
        if not self.values:
            raise ConfigError("durations: name at least one note value, such as 1/8")
        for value in self.values:
            parse_note_value(value)

    @property
    def value(self) -> str:
        return " ".join(self.values)

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        return {Attribute.DURATION: only([parse_note_value(value) for value in self.values])}


_NOTE_VALUE = re.compile(r"(\d{1,2})/(\d{1,2})(\.|t)?")


def parse_note_value(text: str) -> int:
    """Length in grid steps of a note value: "1/4", "1/4.", "1/8t".

    Raises ConfigError for one that the grid does not have.
    """
    match = _NOTE_VALUE.fullmatch(text.strip())
    if not match:
        raise ConfigError(f"{text!r} is no note value; write 1/4, dotted 1/4., of a triplet 1/8t")
    numerator, denominator, mark = match.groups()
    times, parts = {".": (3, 2), "t": (2, 3), None: (1, 1)}[mark]
    steps, rest = divmod(4 * GRID * int(numerator) * times, max(1, int(denominator)) * parts)
    if rest or not 1 <= steps <= v.MAX_DURATION_TICKS or int(denominator) == 0:
        raise ConfigError(
            f"{text!r} has no place on the grid of {GRID} steps to a quarter; "
            "choose among 1/1 1/2 1/4 1/8 1/16, dotted (1/8.) or of triplets (1/16t)"
        )
    return steps
