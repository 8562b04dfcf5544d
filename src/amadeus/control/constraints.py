"""The set of all constraints on a piece: from prompts, from text and from Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from amadeus.control.constraint import Constraint
from amadeus.control.kinds import Chords, Form, InScale, Length, Metre, Playing, TempoRange
from amadeus.control.parse import parse_constraint
from amadeus.control.plan import Plan
from amadeus.control.scope import WHOLE
from amadeus.control.spread import spread, tempo_curve
from amadeus.errors import ConfigError
from amadeus.music.tempo_words import FASTEST_BPM, SLOWEST_BPM
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
        players = tuple(instrument.name for instrument in facts.instruments)
        absent = tuple(instrument.name for instrument in facts.absent)
        stated: dict[str, list[Constraint]] = {
            "tempo": _tempos(facts, num_bars),
            "key": [InScale(name, scope=scope) for name, scope in spread(facts.scales, num_bars)],
            "chords": [Chords(facts.chords)] if facts.chords else [],
            "time signature": [Metre(facts.time_signature)] if facts.time_signature else [],
            "instrument": [Playing(players)] if players else [],
            "without": [Playing(absent, "none of")] if absent else [],
            "form": [Form(facts.form)] if facts.form else [],
            "bars": [] if facts.num_bars is None else [Length(facts.num_bars)],
        }
        sources = {chip.label: f'"{chip.span.text.strip()}" in the prompt' for chip in facts.chips}
        return cls(
            *(replace(c, source=sources.get(label, "")) for label, cs in stated.items() for c in cs)
        )

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


def _tempos(facts: PromptFacts, num_bars: int | None) -> list[Constraint]:
    """The tempo that a prompt states, or the range that its words allow."""
    if facts.bpm is not None:
        return [*tempo_curve(facts.bpm, facts.final_bpm, facts.tempo_change, num_bars)]
    if facts.tempo_range is None:
        return []
    low, high = facts.tempo_range
    # What a tempo word allows ends where the next one begins.
    return [TempoRange(max(low, SLOWEST_BPM), min(high, FASTEST_BPM) - 1e-6)]


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
