"""`tempo`: an exact tempo, a range of tempos, or a tempo that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from amadeus.control.constraint import Constraint, Masks, only
from amadeus.control.kinds.reading import ARROW, DASH, NUMBER, match
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError
from amadeus.music.tempo_words import FASTEST_BPM, SLOWEST_BPM
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute

if TYPE_CHECKING:
    from amadeus.text.prompt import PromptFacts

_BPM = rf"{NUMBER}(?:\s*bpm)?"
FASTER, SLOWER = 1.4, 0.7
"""Last tempo of an accelerando and of a ritardando without numbers, relative to the first one."""
ENDING_SHARE = 0.25
"""Share of the bars that slow down in a ritardando."""


@dataclass(frozen=True, slots=True)
class ExactTempo(Constraint):
    """A tempo, or one that moves from the first bar to the last in equal steps.

    Composing uses the nearest of 65 tempo bins; the finished score has the exact numbers.
    """

    name: ClassVar[str] = "tempo"
    examples: ClassVar[tuple[str, ...]] = ("120", "90->120")
    note: ClassVar[str] = "quarter notes per minute"

    bpm: float
    """Quarter notes a minute."""
    to: float | None = None
    """The tempo of the last bar, if it moves."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        bpm, to = match(rf"{_BPM}(?:{ARROW}{_BPM})?", value).groups()
        return cls(float(bpm), float(to) if to else None, scope=scope)

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        bpm, change = facts.bpm, facts.tempo_change
        if bpm is None:
            return []
        if facts.final_bpm is not None:
            return [cls(bpm, facts.final_bpm)]
        if change == "accelerando":
            return [cls(bpm, min(round(FASTER * bpm), FASTEST_BPM))]
        if change != "ritardando":
            return [cls(bpm)]
        last = max(round(SLOWER * bpm), SLOWEST_BPM)
        slowing = max(2, round(ENDING_SHARE * (num_bars or 0)))
        if num_bars is None or slowing >= num_bars:
            return [cls(bpm, last)]
        turn = num_bars - slowing
        return [
            cls(bpm, scope=Scope((1, turn))),
            cls(bpm, last, scope=Scope((turn + 1, None))),
        ]

    def validate(self) -> None:
        for bpm in (self.bpm, self.to or self.bpm):
            _check_tempo(bpm)

    @property
    def value(self) -> str:
        return f"{self.bpm:g}" if self.to is None else f"{self.bpm:g}->{self.to:g}"

    @property
    def hard(self) -> str:
        if self.to is not None:
            return "changes in equal steps from the first bar to the last, exactly"
        return "exactly this tempo"

    @property
    def needs_end(self) -> bool:
        return self.to is not None

    def bpm_at(self, bar: int, num_bars: int | None) -> float:
        """Quarter notes a minute in a bar, counted from 0."""
        end = self.bpm if self.to is None else self.to
        return float(self.bpm + self.scope.fraction(bar, num_bars) * (end - self.bpm))

    def profile(self) -> dict[str, Any]:
        return {"bpm": self.bpm}

    def conflict(self, other: Any, bars: Sequence[int], num_bars: int | None) -> str:
        # Masks do not tell two tempos apart that share a bin.
        for bar in bars:
            if self.bpm_at(bar, num_bars) != other.bpm_at(bar, num_bars):
                return f"bar {bar + 1} has one tempo"
        return ""

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        return {Attribute.TEMPO: only(v.tempo_values(np.array([self.bpm_at(bar, num_bars)])))}


@dataclass(frozen=True, slots=True)
class TempoRange(Constraint):
    """Every tempo lies in a range, to the nearest bin."""

    name: ClassVar[str] = "tempo"
    examples: ClassVar[tuple[str, ...]] = ("90-110",)
    hard_text: ClassVar[str] = "every tempo is in this range, to the nearest of 65 bins"

    low: float
    """Quarter notes a minute."""
    high: float

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        low, high = match(rf"{_BPM}{DASH}{_BPM}", value).groups()
        return cls(float(low), float(high), scope=scope)

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        if facts.tempo_range is None or facts.bpm is not None:
            return []
        low, high = facts.tempo_range
        # What a tempo word allows ends where the next one begins.
        return [cls(max(low, SLOWEST_BPM), min(high, FASTEST_BPM) - 1e-6)]

    def validate(self) -> None:
        _check_tempo(self.low)
        _check_tempo(self.high)
        if self.low > self.high:
            raise ConfigError(f"'{self}': the lower tempo comes first; for a curve write 120->90")

    @property
    def value(self) -> str:
        return f"{self.low:g}-{self.high:g}"

    def profile(self) -> dict[str, Any]:
        return {"bpm": (self.low * self.high) ** 0.5}

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        inside = np.flatnonzero((self.low <= v.TEMPOS) & (self.high >= v.TEMPOS)) + 1
        nearest = v.tempo_values(np.array([(self.low + self.high) / 2]))
        return {Attribute.TEMPO: only(inside if len(inside) else nearest)}


def _check_tempo(bpm: float) -> None:
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise ConfigError(
            f"a tempo of {bpm:g} has no token; choose {SLOWEST_BPM} to {FASTEST_BPM} quarter "
            "notes a minute"
        )
