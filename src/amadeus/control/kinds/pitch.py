"""`pitch`: pitches lie in a range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from amadeus.control.constraint import Constraint, Masks, only
from amadeus.control.kinds.reading import DASH, match
from amadeus.control.scope import Scope, instrument_values
from amadeus.errors import ConfigError
from amadeus.music.keys import pitch_class
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute

DRUM_PITCHES = only(np.arange(v.FIRST_DRUM_PITCH, v.FIRST_DRUM_PITCH + 128))


@dataclass(frozen=True, slots=True)
class PitchRange(Constraint):
    """Pitches lie between two; the range applies to drum sounds only if the drums are named."""

    name: ClassVar[str] = "pitch"
    examples: ClassVar[tuple[str, ...]] = ("48-84", "C3-C6")
    for_instruments: ClassVar[bool] = True
    hard_text: ClassVar[str] = "no pitch is outside; drums are free unless they are named"

    low: int | str
    """MIDI pitch 0-127, or a name: "C4" is 60."""
    high: int | str

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        pitch = r"(\d+|[A-G][#b♯♭]?-?\d+)"
        low, high = match(rf"{pitch}(?:{DASH}{pitch})?", value).groups()
        return cls(low, high or low, scope=scope)

    def validate(self) -> None:
        if parse_pitch(self.low) > parse_pitch(self.high):
            raise ConfigError(f"'{self}': the lower pitch comes first; swap the two")

    @property
    def value(self) -> str:
        return f"{self.low}-{self.high}"

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        pitches = np.arange(parse_pitch(self.low), parse_pitch(self.high) + 1)
        mask = only(pitches + 1)
        named = instrument_values(self.scope.instruments)
        mask |= only(pitches + v.FIRST_DRUM_PITCH) if v.DRUMS in named else DRUM_PITCHES
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
