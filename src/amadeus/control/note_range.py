"""Single notes of a piece, named by pitch, instrument and place.

"C4 at 9:2.5", "C4-G5 for cello", "36-40 for drums from 9:1 to 10:4": anything left out matches all.
A place is bar:beat, both counted from 1, with beats of the time signature.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from amadeus.control.kinds.pitch import parse_pitch
from amadeus.control.scope import instrument_values, programs_of
from amadeus.errors import ConfigError
from amadeus.music.grid import GRID
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_metres, bar_onsets, row_onsets
from amadeus.tokens.vocabulary import METRES, Attribute

Place = tuple[int, float]
"""Bar and beat, counted from 1."""

_PITCH = r"\d+|[A-G][#b♯♭]?-?\d+"
_PLACE = r"(\d{1,6}):(\d{1,3}(?:\.\d{1,6})?)"
_TEXT = re.compile(
    rf"(?:({_PITCH})(?:\s*[-\u2013]\s*({_PITCH}))?)?"
    r"(?:\s*\bfor\s+(.+?))?"
    rf"(?:\s*\b(?:at\s+{_PLACE}|from\s+{_PLACE}\s+to\s+{_PLACE}))?",
    re.IGNORECASE,
)
_NEAR = 0.55
"""A note is at a place within this many grid steps: half a step, and a margin for rounding."""


@dataclass(frozen=True, slots=True)
class NoteRange:
    """Notes between two pitches and two places, both included."""

    low: int = 0
    high: int = 127
    instrument: str = ""
    """Name; any instrument if empty."""
    first: Place | None = None
    last: Place | None = None

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ConfigError("the lower pitch comes first; swap the two")
        for bar, beat in (p for p in (self.first, self.last) if p):
            if bar < 1 or beat < 1:
                raise ConfigError(f"bars and beats count from 1, got {bar}:{beat:g}")
        if self.first and self.last and self.first > self.last:
            raise ConfigError("the earlier place comes first; swap the two")
        if self.instrument:
            programs_of(self.instrument)


@lru_cache(maxsize=4096)
def parse_notes(text: str) -> NoteRange:
    """The notes that a text names. Raises ConfigError for text that is not understood."""
    match = _TEXT.fullmatch(text.strip())
    try:
        if not match or not match[0]:
            raise ConfigError("write 'C4-G5', 'C4 for cello at 9:2.5' or 'from 9:1 to 10:4'")
        low, high, name, *numbers = match.groups()
        places = [
            (int(bar), float(beat))
            for bar, beat in zip(numbers[::2], numbers[1::2], strict=True)
            if bar
        ]
        return NoteRange(
            low=parse_pitch(low) if low else 0,
            high=parse_pitch(high or low) if low else 127,
            instrument=name or "",
            first=places[0] if places else None,
            last=places[-1] if places else None,
        )
    except ConfigError as error:
        raise ConfigError(f"notes {text!r}: {error}") from None


def named_notes(tokens: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """Which rows of a piece are named by any of the texts, bool [N].

    tokens: the piece, int64 [N, A]. Raises ConfigError for a text that names no note, and for bars
    and beats that the piece does not have.
    """
    instruments = tokens[:, Attribute.INSTRUMENT]
    pitches = tokens[:, Attribute.PITCH] - v.first_pitch(instruments)
    sound = v.has_sound(tokens[:, Attribute.TYPE])
    metres, bars, onsets = bar_metres(tokens), bar_onsets(tokens), row_onsets(tokens)
    named = np.zeros(len(tokens), dtype=bool)
    for text in texts:
        asked = parse_notes(text)
        matches = sound & (pitches >= asked.low) & (pitches <= asked.high)
        if asked.instrument:
            matches &= np.isin(instruments, list(instrument_values((asked.instrument,))))
        if asked.first and asked.last:
            matches &= onsets >= _grid_step(asked.first, bars, metres) - _NEAR
            matches &= onsets <= _grid_step(asked.last, bars, metres) + _NEAR
        if not matches.any():
            raise ConfigError(
                f"no note is {text!r}; the piece has {len(metres)} bars and pitches from "
                f"{pitches[sound].min()} to {pitches[sound].max()}"
            )
        named |= matches
    return named


def _grid_step(place: Place, bars: np.ndarray, metres: np.ndarray) -> float:
    """A place in grid steps. Raises ConfigError if the piece does not have it.

    bars: their beginnings and the end of the last one, [M + 1]; metres: indices into METRES, [M].
    """
    bar, beat = place
    if bar > len(metres):
        raise ConfigError(f"the piece has {len(metres)} bars, so there is no bar {bar}; name bars "
                          f"from 1 to {len(metres)}")  # fmt: skip
    numerator, denominator = METRES[int(metres[bar - 1])]
    step = float(bars[bar - 1] + (beat - 1) * 4 * GRID / denominator)
    if step > bars[bar] + _NEAR:
        raise ConfigError(f"bar {bar} has {numerator} beats, so there is no beat {beat:g}; name "
                          f"beats from 1 to {numerator}")  # fmt: skip
    return step
