"""The set of all constraints on a piece: from prompts, from text and from Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from amadeus.control.constraint import Constraint
from amadeus.control.kinds import KINDS, Form, Length
from amadeus.control.parse import parse_constraint
from amadeus.control.plan import Plan
from amadeus.control.scope import WHOLE
from amadeus.errors import ConfigError
from amadeus.profile import Profile
from amadeus.text.prompt import PromptFacts


class Constraints:
    """Any number of constraints, which all hold; immutable.

    Constraints("key: A minor", PitchRange("C3", "C6"), Constraints.from_prompt(facts))
    """

    def __init__(self, *parts: Constraint | Constraints | str) -> None:
        """parts: constraints, text as `parse_constraint` reads it, or constraints already joined.

        Raises ConfigError for text that is none.
        """
        self._all: tuple[Constraint, ...] = tuple(c for part in parts for c in _constraints(part))

    def __iter__(self) -> Iterator[Constraint]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constraints) and self._all == other._all

    def __hash__(self) -> int:
        return hash(self._all)

    def __repr__(self) -> str:
        return f"Constraints({', '.join(map(repr, map(str, self._all)))})"

    @classmethod
    def from_prompt(cls, facts: PromptFacts, num_bars: int | None = None) -> Constraints:
        """What a prompt states.

        num_bars: bars of the piece, where they are known. Keys that follow each other share them,
        and a change of tempo at the end needs them; without them, only the first key holds.
        """
        sources = {chip.label: f'"{chip.span.text.strip()}" in the prompt' for chip in facts.chips}
        stated = (c for kind in KINDS for c in kind.from_prompt(facts, num_bars))
        return cls(*(replace(c, source=sources.get(c.prompt_label, "")) for c in stated))

    def plan(self, num_bars: int | None = None, max_notes: int | None = None) -> Plan:
        """The plan of a piece with these constraints.

        num_bars: by default what a constraint says, or else open; max_notes: where the piece is
        cut. Raises ConfigError, naming them, for constraints that contradict each other.
        """
        lengths = [c for c in self if isinstance(c, Length)]
        if num_bars is not None:
            for constraint in lengths:
                if constraint.num_bars != num_bars:
                    raise ConfigError(
                        f"'{constraint}' and a length of {num_bars} bars contradict each other; "
                        "leave one of them out"
                    )
        elif lengths:
            num_bars = lengths[0].num_bars
        else:
            num_bars = next((c.usual_length for c in self if isinstance(c, Form)), None)
        return Plan(self._all, num_bars, max_notes)

    def explain(self) -> list[dict[str, str]]:
        """Every constraint with its source, and what is hard and soft about it."""
        return [
            {"constraint": str(c), "source": c.source, "hard": c.hard, "soft": c.soft} for c in self
        ]


def _constraints(part: Constraint | Constraints | str) -> Iterable[Constraint]:
    if isinstance(part, str):
        return [parse_constraint(part)]
    return [part] if isinstance(part, Constraint) else part


def profile_of_constraints(constraints: Constraints) -> Profile:
    """The key, tempo, metre and instruments that hold in every bar, for every instrument."""
    values: dict[str, Any] = {}
    for constraint in constraints:
        if constraint.scope == WHOLE:
            values |= constraint.profile()
    return Profile(**values)
