"""`form`: the sections of the piece; sections with the same label share their music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from amadeus.control.constraint import Constraint, Tracker
from amadeus.control.recall import Recall, recalled_bars
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError
from amadeus.music.sections import (
    Section,
    form_text,
    is_open,
    read_sections,
    usual_length,
    with_lengths,
)

if TYPE_CHECKING:
    from amadeus.text.prompt import PromptFacts


@dataclass(frozen=True, slots=True)
class Form(Constraint):
    """The sections of the piece, in order."""

    name: ClassVar[str] = "form"
    examples: ClassVar[tuple[str, ...]] = ("AABA", "intro:4 A:8 A:8 B:8 A':8 outro:4", "rondo")
    note: ClassVar[str] = "sections, with their bars if you like"
    for_bars: ClassVar[bool] = False
    hard_text: ClassVar[str] = "the sections add up to the length of the piece"
    soft_text: ClassVar[str] = (
        "sections with the same label have the same notes, but for small changes"
    )

    text: str
    """As `music.sections` reads it."""
    sections: tuple[Section, ...] = field(default=(), kw_only=True, compare=False)
    """With their lengths, once the length of the piece is known (`resolve`)."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        return cls(value, scope=scope)

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None) -> Sequence[Constraint]:
        return [cls(facts.form)] if facts.form else []

    def validate(self) -> None:
        read_sections(self.text)

    @property
    def usual_length(self) -> int:
        """Bars of the piece if nothing else states its length."""
        return usual_length(read_sections(self.text))

    def check_length(self, num_bars: int | None, max_notes: int | None) -> None:
        super(Form, self).check_length(num_bars, max_notes)
        if num_bars is not None:
            try:
                with_lengths(read_sections(self.text), num_bars)
            except ConfigError as error:
                raise ConfigError(f"{self.described}: {error}") from None

    @property
    def allows_note_limit(self) -> bool:
        return not is_open(read_sections(self.text))

    @property
    def needs_end(self) -> bool:
        return True

    def conflict(self, other: Any, bars: Sequence[int], num_bars: int | None) -> str:
        same = read_sections(self.text) == read_sections(other.text)
        return "" if same else "a piece has one form"

    def refusal_in_edit(self, drawn: frozenset[Any]) -> str:
        return "an edit keeps the bars of the piece; leave this out"

    def resolve(self, constraints: Sequence[Constraint], num_bars: int | None) -> Constraint:
        if num_bars is None:
            return self
        return replace(self, sections=with_lengths(read_sections(self.text), num_bars))

    def tracker(self) -> Tracker | None:
        return Recall(recalled_bars(self.sections)) if self.sections else None

    def __str__(self) -> str:
        return f"{self.name}: {form_text(read_sections(self.text))}"
