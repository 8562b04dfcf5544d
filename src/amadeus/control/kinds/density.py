"""`density`: how many notes a bar has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from amadeus.control.constraint import Constraint, Moment, Tracker, no_bias
from amadeus.control.kinds.reading import match
from amadeus.control.scope import Scope, instrument_values
from amadeus.errors import ConfigError
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE
from amadeus.tokens.vocabulary import Attribute, RowType

MOST_NOTES = 1000
"""The most notes a bar that can be asked for."""
DENSITY_BIAS = 8.0
"""Nats against a note where a bar has twice as many as it should, and in proportion."""
MOST_IN_FAVOUR = 5.0
"""The most nats in favour of anything."""
MOST_AGAINST = 16.0
"""The most nats against anything; pieces that repeat themselves are this certain."""


@dataclass(frozen=True, slots=True)
class Density(Constraint):
    """How many notes a bar has: of all together, or of each instrument named."""

    name: ClassVar[str] = "density"
    examples: ClassVar[tuple[str, ...]] = ("8", "at most 12")
    note: ClassVar[str] = "notes per bar"
    for_instruments: ClassVar[bool] = True

    notes: int | None = None
    """Approximate number of notes a bar."""
    most: int | None = None
    """Never more than this."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        about, most = match(r"(\d{1,6})?\s*,?\s*(?:at most\s+(\d{1,6}))?", value).groups()
        return cls(int(about) if about else None, int(most) if most else None, scope=scope)

    def validate(self) -> None:
        if self.notes is None and self.most is None:
            raise ConfigError("density: give a number of notes a bar, or 'at most 12'")
        for number in (self.notes, self.most):
            if number is not None and not 1 <= number <= MOST_NOTES:
                raise ConfigError(f"'{self}': a bar has 1 to {MOST_NOTES:,} notes; for silence, "
                                  "write 'instruments: none'")  # fmt: skip

    @property
    def value(self) -> str:
        about = [] if self.notes is None else [str(self.notes)]
        return " ".join(about + ([] if self.most is None else [f"at most {self.most}"]))

    @property
    def hard(self) -> str:
        each = " of each of these instruments" if self.scope.instruments else ""
        return "" if self.most is None else f"no bar has more than {self.most} notes{each}"

    @property
    def soft(self) -> str:
        notes = self.notes
        return "" if notes is None else f"about {notes} notes per bar, spread over the bar"

    @property
    def most_notes(self) -> int | None:
        return self.most

    def refusal_in_edit(self, drawn: frozenset[Attribute]) -> str:
        if not drawn:
            return ""
        return ("the number of notes is kept; to write new notes, leave out what is kept and "
                "resampled")  # fmt: skip

    @property
    def decided_first(self) -> frozenset[Attribute]:
        if self.notes is None:
            return frozenset()
        players = {Attribute.INSTRUMENT} if self.scope.instruments else set()
        return frozenset({Attribute.TYPE, Attribute.BEAT} | players)

    def tracker(self) -> Tracker | None:
        return None if self.notes is None else _DensityBias(self.scope, self.notes)

    def breaches(self, rows: np.ndarray, bars: np.ndarray, num_bars: int) -> Iterator[str]:
        players = rows[:, Attribute.INSTRUMENT]
        each = list(instrument_values(self.scope.instruments))
        for some in [players == value for value in each] or [v.has_sound(rows[:, 0])]:
            for bar, count in zip(*np.unique(bars[some], return_counts=True), strict=True):
                if self.most is not None and count > self.most:
                    yield f"bar {bar + 1}: {count} notes break {self.described}"


class _DensityBias(Tracker):
    """In favour of notes in a bar that has too few, and against them in one that has enough."""

    def __init__(self, scope: Scope, target: int) -> None:
        self._scope, self._target = scope, target

    def bias(self, moment: Moment) -> np.ndarray:
        bias = no_bias()
        if not self._scope.instruments:
            bias[Attribute.TYPE, RowType.NOTE] = self._towards_target(moment.counts.total())
            return bias
        for value in range(1, v.DRUMS + 1):
            if self._scope.covers_instrument(value):
                bias[Attribute.INSTRUMENT, value] = self._towards_target(moment.counts[value])
        return bias

    def _towards_target(self, notes: int) -> float:
        missing = DENSITY_BIAS * (1 - notes / self._target)
        return float(np.clip(missing, -MOST_AGAINST, MOST_IN_FAVOUR))

    def beat_bias(self, moment: Moment) -> np.ndarray | None:
        """In favour of the beats by which a bar should have its present number of notes."""
        if self._scope.instruments:
            return None
        expected = (np.arange(MAX_SIZE) - 1) / max(1, moment.bar_ticks)
        away = np.abs(moment.counts.total() / self._target - expected)
        return -np.minimum(DENSITY_BIAS * away, MOST_IN_FAVOUR).astype(np.float32)
