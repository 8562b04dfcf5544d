"""The set of all constraints on a piece: from prompts, from text and from Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from amadeus.control.constraint import Constraint
from amadeus.control.kinds import ExactTempo, InScale, Length, Metre, Playing, TempoRange
from amadeus.control.parse import parse_constraint
from amadeus.control.plan import Plan
from amadeus.control.scope import WHOLE
from amadeus.errors import ConfigError
from amadeus.profile import Profile
from amadeus.text.prompt import PromptFacts
from amadeus.text.prompt_words import FASTEST_BPM, SLOWEST_BPM


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
    def from_prompt(cls, facts: PromptFacts) -> Constraints:
        """What a prompt states."""
        tempo: Constraint | None = None if facts.bpm is None else ExactTempo(facts.bpm)
        if tempo is None and facts.tempo_range is not None:
            low, high = facts.tempo_range
            # What a tempo word allows ends where the next one begins.
            tempo = TempoRange(max(low, SLOWEST_BPM), min(high, FASTEST_BPM) - 1e-6)
        players = tuple(instrument.name for instrument in facts.instruments)
        absent = tuple(instrument.name for instrument in facts.absent)
        stated = {
            "tempo": tempo,
            "key": None if facts.key is None else InScale(str(facts.key)),
            "time signature": Metre(facts.time_signature) if facts.time_signature else None,
            "instrument": Playing(players) if players else None,
            "without": Playing(absent, "none of") if absent else None,
            "bars": None if facts.num_bars is None else Length(facts.num_bars),
        }
        sources = {chip.label: f'"{chip.span.text.strip()}" in the prompt' for chip in facts.chips}
        return cls(*(replace(c, source=sources.get(label, "")) for label, c in stated.items() if c))

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
