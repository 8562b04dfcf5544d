"""`time signature`, which may also be called `metre`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from amadeus.control.constraint import Constraint, Masks, only
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError, VocabularyError
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute, RowType

if TYPE_CHECKING:
    from amadeus.text.prompt import PromptFacts


@dataclass(frozen=True, slots=True)
class Metre(Constraint):
    """Bars have a time signature."""

    name: ClassVar[str] = "time signature"
    names: ClassVar[tuple[str, ...]] = ("time signature", "metre")
    examples: ClassVar[tuple[str, ...]] = ("3/4",)
    hard_text: ClassVar[str] = "every bar has this time signature"

    time_signature: str
    """ "3/4"."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        return cls(value.replace(" ", ""), scope=scope)

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        return [cls(facts.time_signature)] if facts.time_signature else []

    def validate(self) -> None:
        self.index  # noqa: B018

    @property
    def index(self) -> int:
        """Index into METRES."""
        numerator, _, denominator = self.time_signature.partition("/")
        if not (numerator.isdecimal() and denominator.isdecimal()):
            raise ConfigError(f"{self.time_signature!r} is no time signature; write it like 3/4")
        try:
            return v.metre_index(int(numerator), int(denominator))
        except VocabularyError as error:
            raise ConfigError(str(error)) from None

    def profile(self) -> dict[str, Any]:
        return {"time_signature": self.time_signature}

    def refusal_in_edit(self, drawn: frozenset[Attribute]) -> str:
        return "an edit keeps the bars and their time signatures; leave this out"

    def masks(self, bar: int, num_bars: int | None) -> Masks:
        opening = [v.bar_type(self.index), v.rest_type(self.index)]
        return {Attribute.TYPE: only([*range(RowType.END, v.FIRST_BAR), *opening])}
