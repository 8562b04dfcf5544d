"""`durations`: which lengths notes may have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from amadeus.control.constraint import Constraint, Masks, only
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError
from amadeus.music.grid import GRID
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute


@dataclass(frozen=True, slots=True)
class Durations(Constraint):
    """Notes have one of these lengths."""

    name: ClassVar[str] = "durations"
    examples: ClassVar[tuple[str, ...]] = ("1/8 1/4 1/4. 1/8t",)
    note: ClassVar[str] = "dotted with '.', triplets with 't'"
    for_instruments: ClassVar[bool] = True
    hard_text: ClassVar[str] = "notes have no other lengths"

    values: tuple[str, ...]
    """Note values: "1/4", "1/4." with a dot, "1/8t" of a triplet; "1/1" is 4 quarters."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        return cls(tuple(re.split(r"[\s,]+", value.strip(" ,"))), scope=scope)

    def validate(self) -> None:
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
    note_value = _NOTE_VALUE.fullmatch(text.strip())
    if not note_value:
        raise ConfigError(f"{text!r} is no note value; write 1/4, dotted 1/4., of a triplet 1/8t")
    numerator, denominator, mark = note_value.groups()
    times, divisor = {".": (3, 2), "t": (2, 3), None: (1, 1)}[mark]
    steps, rest = divmod(4 * GRID * int(numerator) * times, max(1, int(denominator)) * divisor)
    if rest or not 1 <= steps <= v.MAX_DURATION_TICKS or int(denominator) == 0:
        raise ConfigError(
            f"{text!r} has no place on the grid of {GRID} steps to a quarter; "
            "choose among 1/1 1/2 1/4 1/8 1/16, dotted (1/8.) or of triplets (1/16t)"
        )
    return steps
