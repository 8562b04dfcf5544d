"""`key`: pitches and chords come from a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from amadeus.control.constraint import Constraint, Masks, Tracker, only
from amadeus.control.kinds.pitch import DRUM_PITCHES
from amadeus.control.scope import Scope, spread
from amadeus.control.tonality import Tonality
from amadeus.errors import ConfigError, ScoreError
from amadeus.music.chords import INTERVALS, QUALITIES
from amadeus.music.scales import Scale, parse_scale
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute

if TYPE_CHECKING:
    from amadeus.text.prompt import PromptFacts


@dataclass(frozen=True, slots=True)
class InScale(Constraint):
    """Pitches come from a scale, and chords do too unless it is for some instruments only."""

    name: ClassVar[str] = "key"
    names: ClassVar[tuple[str, ...]] = ("key", "scale")
    examples: ClassVar[tuple[str, ...]] = ("A minor", "D dorian", "C E G A")
    note: ClassVar[str] = "a scale or its notes"
    for_instruments: ClassVar[bool] = True

    scale_name: str
    """ "A minor", "D dorian", "E blues", or notes: "C E G A"."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        return cls(value, scope=scope)

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        return [cls(name, scope=scope) for name, scope in spread(facts.scales, num_bars)]

    def validate(self) -> None:
        try:
            parse_scale(self.scale_name)
        except ScoreError as error:
            raise ConfigError(f"key {self.scale_name!r}: {error}") from None

    @property
    def scale(self) -> Scale:
        return parse_scale(self.scale_name)

    @property
    def hard(self) -> str:
        chords = "" if self.scope.instruments else " and chords"
        return f"pitches{chords} belong to the scale; drums are free"

    @property
    def soft(self) -> str:
        if self.scope.instruments or self.scale.tonic is None:
            return ""
        favoured = "" if self.scale.key is None else f"{self.scale.key} is favoured; "
        return f"{favoured}a new piece begins and ends on the tonic, unless chords are given"

    def profile(self) -> dict[str, Any]:
        return {"key": self.scale.key}

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        masks = {Attribute.PITCH: _pitches_of(self.scale.pitch_classes)}
        if not self.scope.instruments:
            masks[Attribute.CHORD] = _chords_of(self.scale.pitch_classes)
        return masks

    def opening_masks(self, bar: int, num_bars: int | None) -> Masks:
        end = self.scope.end(num_bars)
        is_edge = bar == self.scope.first or (end is not None and bar == end - 1)
        if not is_edge or self.scope.instruments or self.scale.tonic is None:
            return {}
        return {Attribute.CHORD: only([v.NO_CHORD, *chords_on(self.scale.tonic)])}

    def tracker(self) -> Tracker | None:
        key = None if self.scope.instruments else self.scale.key
        return None if key is None else Tonality(key)


@lru_cache(maxsize=64)
def _pitches_of(scale: tuple[int, ...]) -> np.ndarray:
    return only([p + 1 for p in range(128) if p % 12 in scale]) | DRUM_PITCHES


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


def chords_on(root: int) -> list[int]:
    """Values of `chord` on a root."""
    return [v.chord_value(root, quality) for quality in QUALITIES]
