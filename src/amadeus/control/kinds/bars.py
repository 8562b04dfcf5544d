"""`bars`: the length of the piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from amadeus.control.constraint import Constraint
from amadeus.control.kinds.reading import match
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError
from amadeus.tokens.vocabulary import Attribute

if TYPE_CHECKING:
    from amadeus.text.prompt import PromptFacts


@dataclass(frozen=True, slots=True)
class Length(Constraint):
    """The exact number of bars of the piece."""

    name: ClassVar[str] = "bars"
    examples: ClassVar[tuple[str, ...]] = ("16",)
    for_bars: ClassVar[bool] = False
    hard_text: ClassVar[str] = "the piece has this number of bars"

    num_bars: int

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        return cls(int(match(r"\d{1,6}", value)[0]), scope=scope)

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        return [] if facts.num_bars is None else [cls(facts.num_bars)]

    def validate(self) -> None:
        if self.num_bars < 1:
            raise ConfigError(f"a piece has at least 1 bar, got {self.num_bars}")

    def conflict(self, other: Any, bars: Sequence[int], num_bars: int | None) -> str:
        return "" if self.num_bars == other.num_bars else "a piece has one length"

    def refusal_in_edit(self, drawn: frozenset[Attribute]) -> str:
        return "an edit keeps the bars and their time signatures; leave this out"

    def breaches(self, rows: Any, bars: Any, num_bars: int) -> Iterator[str]:
        if self.num_bars != num_bars:
            yield f"the piece has {num_bars} bars, which breaks {self.described}"
