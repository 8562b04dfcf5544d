"""`chords`: a chord progression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from amadeus.control.constraint import Constraint, Masks, only
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError, ScoreError
from amadeus.music.chords import parse_chord
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import METRE_TICKS, Attribute

if TYPE_CHECKING:
    from amadeus.text.prompt import PromptFacts

CHORD_TONES = "pitches of the chord are favoured"


@dataclass(frozen=True, slots=True)
class Chords(Constraint):
    """A chord progression, bar by bar, which repeats."""

    name: ClassVar[str] = "chords"
    examples: ClassVar[tuple[str, ...]] = ("Am F C G", "Am F | C G")
    note: ClassVar[str] = "one chord per bar, or bars divided evenly"
    favours_chord_tones: ClassVar[bool] = True
    soft_text: ClassVar[str] = CHORD_TONES

    progression: str
    """ "Am F C G" is four bars; with bar lines, "Am F | C G", a bar is split evenly."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        return cls(value, scope=scope)

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        return [cls(facts.chords)] if facts.chords else []

    def validate(self) -> None:
        if not self.bars or not all(self.bars):
            raise ConfigError(f"'{self}': every bar needs a chord; write them like 'Am F | C G'")

    @property
    def hard(self) -> str:
        splits = any(len(bar) > 1 for bar in self.bars)
        place = "its part of the bar, which is split evenly" if splits else "its bar"
        return f"every note has the chord of {place}; the progression repeats"

    @property
    def bars(self) -> tuple[tuple[int, ...], ...]:
        """Values of `chord`, bar by bar."""
        text = self.progression.strip().strip("|")
        bars = text.split("|") if "|" in self.progression else text.split()
        return tuple(tuple(read_chord(chord) for chord in bar.split()) for bar in bars)

    @property
    def period(self) -> int:
        return len(self.bars)

    def parts(self, bar: int) -> tuple[int, ...]:
        """Values of `chord` of the even parts of a bar, counted from 0, of its range."""
        bars = self.bars
        return bars[(bar - self.scope.first) % len(bars)]

    def conflict(self, other: Any, bars: Sequence[int], num_bars: int | None) -> str:
        differing = (bar for bar in bars if self.parts(bar) != other.parts(bar))
        bar = next(differing, None)
        return "" if bar is None else f"their chords differ in bar {bar + 1}"

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        return {Attribute.CHORD: only(list(self.parts(bar)))}

    def split(self, bar: int, lengths: frozenset[int]) -> list[Masks]:
        chords = self.parts(bar)
        if len(chords) < 2:
            return []
        if len(lengths) > 1:
            raise ConfigError(
                f"{self.described} splits bar {bar + 1}, so its time signature must be known; "
                "add 'time signature: 4/4', or give one chord a bar"
            )
        (ticks,) = lengths
        if len(chords) > ticks:
            raise ConfigError(f"{self.described}: bar {bar + 1} is too short for "
                              f"{len(chords)} chords; use fewer")  # fmt: skip
        beats = np.arange(1, ticks + 1)
        parts = _part_of(beats, ticks, len(chords))
        return [
            {Attribute.BEAT: only(beats[parts == part]), Attribute.CHORD: only([chord])}
            for part, chord in enumerate(chords)
        ]

    def breaches(self, rows: np.ndarray, bars: np.ndarray, num_bars: int) -> Iterator[str]:
        ticks = 1
        for row, bar in zip(rows, bars.tolist(), strict=True):
            if v.opens_bar(row[0]):
                ticks = int(METRE_TICKS[v.metre_of(row[0])])
            parts = self.parts(bar)
            part = int(_part_of(row[Attribute.BEAT], ticks, len(parts)))
            if v.has_sound(row[0]) and row[Attribute.CHORD] != parts[part]:
                yield f"bar {bar + 1}: a note under another chord breaks {self.described}"


def read_chord(name: str) -> int:
    """The value of `chord` of a chord symbol. Raises ConfigError for one that is unknown."""
    try:
        return v.chord_value(*parse_chord(name))
    except ScoreError as error:
        raise ConfigError(str(error)) from None


def _part_of(beats: np.ndarray, bar_ticks: int, parts: int) -> np.ndarray:
    """Which of the even parts of a bar each beat, counted from 1, is in. Same shape."""
    return (beats - 1) * parts // bar_ticks
