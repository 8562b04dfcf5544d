"""What a piece is held to: constraints from words, from text and from Python, as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from amadeus.control.parse import parse_constraint
from amadeus.control.plan import Plan
from amadeus.control.rules import Constraint, InScale
from amadeus.control.spread import spread, tempo_curve
from amadeus.control.structure import Chords, Length, Metre, Playing, TempoRange
from amadeus.errors import ConfigError
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
        self._all: tuple[Constraint, ...] = tuple(one for part in parts for one in _ones(part))

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
        found: list[Constraint] = []
        said = {chip.label: f'"{chip.span.text.strip()}" in the prompt' for chip in facts.chips}
        if facts.bpm is not None:
            found += [
                replace(one, source=said.get("tempo", ""))
                for one in tempo_curve(facts.bpm, facts.final_bpm, facts.tempo_change, num_bars)
            ]
        elif facts.tempo_range is not None:
            low, high = facts.tempo_range
            # What a tempo word allows ends where the next one begins.
            low, high = max(low, SLOWEST_BPM), min(high, FASTEST_BPM) - 1e-6
            found.append(TempoRange(low, high, source=said.get("tempo", "")))
        for scale, scope in spread(facts.scales, num_bars):
            found.append(InScale(scale, scope=scope, source=said.get("key", "")))
        if facts.chords:
            found.append(Chords(facts.chords, source=said.get("chords", "")))
        if facts.time_signature:
            found.append(Metre(facts.time_signature, source=said.get("time signature", "")))
        if facts.instruments:
            names = tuple(one.name for one in facts.instruments)
            found.append(Playing(names, source=said.get("instrument", "")))
        if facts.absent:
            names = tuple(one.name for one in facts.absent)
            found.append(Playing(names, "none of", source=said.get("without", "")))
        if facts.num_bars is not None:
            found.append(Length(facts.num_bars, source=said.get("bars", "")))
        return cls(*found)

    def plan(self, num_bars: int | None = None, max_notes: int | None = None) -> Plan:
        """The plan of a piece with these constraints.

        num_bars: by default what a constraint says, or else open; max_notes: where the piece is
        cut. Raises ConfigError, naming them, for constraints that contradict each other.
        """
        lengths = [one for one in self if isinstance(one, Length)]
        if num_bars is not None:
            for one in lengths:
                if one.num_bars != num_bars:
                    raise ConfigError(
                        f"'{one}' and a length of {num_bars} bars contradict each other; "
                        "leave one of them out"
                    )
        elif lengths:
            num_bars = lengths[0].num_bars
        return Plan(self._all, num_bars, max_notes)

    def explain(self) -> list[dict[str, str]]:
        """Of each constraint, what it is, who said so, and what is hard and soft about it."""
        return [
            {"constraint": str(one), "source": one.source, "hard": one.hard, "soft": one.soft}
            for one in self
        ]


def _ones(part: Constraint | Constraints | str) -> Iterable[Constraint]:
    if isinstance(part, str):
        return [parse_constraint(part)]
    return [part] if isinstance(part, Constraint) else part
