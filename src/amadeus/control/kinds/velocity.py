"""`velocity`: how loud notes are, with crescendos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from amadeus.control.constraint import Constraint, Masks, only
from amadeus.control.kinds.reading import ARROW, DASH, match
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute


@dataclass(frozen=True, slots=True)
class Velocities(Constraint):
    """Velocities lie in a range, which may move from the first bar to the last: a crescendo."""

    name: ClassVar[str] = "velocity"
    examples: ClassVar[tuple[str, ...]] = ("40-80", "40-60->90-110")
    for_instruments: ClassVar[bool] = True

    low: int
    """1-127."""
    high: int
    to: tuple[int, int] | None = None
    """The range of the last bar, if it moves in equal steps from bar to bar."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        span = rf"(\d{{1,4}})(?:{DASH}(\d{{1,4}}))?"
        low, high, last_low, last_high = match(rf"{span}(?:{ARROW}{span})?", value).groups()
        to = (int(last_low), int(last_high or last_low)) if last_low else None
        return cls(int(low), int(high or low), to, scope=scope)

    def validate(self) -> None:
        for low, high in ((self.low, self.high), self.to or (self.low, self.high)):
            if not (1 <= low <= 127 and 1 <= high <= 127):
                raise ConfigError(f"'{self}': velocities are 1 to 127")
            if low > high:
                raise ConfigError(f"'{self}': the lower velocity comes first; swap the two")

    @property
    def value(self) -> str:
        ranges = [(self.low, self.high), *([self.to] if self.to else [])]
        return "->".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)

    @property
    def hard(self) -> str:
        moving = "; the range moves from bar to bar" if self.to else ""
        return f"no velocity is outside, to the nearest of 32 bins{moving}"

    @property
    def needs_end(self) -> bool:
        return self.to is not None

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        last_low, last_high = self.to or (self.low, self.high)
        along = self.scope.fraction(bar, num_bars)
        low = self.low + along * (last_low - self.low)
        high = self.high + along * (last_high - self.high)
        bins = np.arange(1, v.SIZES[Attribute.VELOCITY])
        inside = bins[(v.velocity_of(bins) >= low) & (v.velocity_of(bins) <= high)]
        nearest = v.velocity_values(np.array([round((low + high) / 2)]))
        return {Attribute.VELOCITY: only(inside if len(inside) else nearest)}
