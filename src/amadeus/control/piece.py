"""The length and the constraints of a piece, from its prompt and the request."""

from __future__ import annotations

from amadeus.control.constraints import Constraints
from amadeus.control.kinds import Length, Metre
from amadeus.control.plan import Plan
from amadeus.text.prompt import PromptFacts

DEFAULT_BARS = 16


def constraints_on(
    facts: PromptFacts, constraints: Constraints, bars: int | None = None
) -> Constraints:
    """The constraints that a prompt states, and further ones.

    `bars` overrides the length in the prompt, and a `Metre` overrides that of the style.
    """
    stated = Constraints.from_prompt(facts)
    if facts.metre_is_usual and any(isinstance(c, Metre) for c in constraints):
        stated = Constraints(*(c for c in stated if not isinstance(c, Metre)))
    if bars is not None:
        stated = Constraints(*(c for c in stated if not isinstance(c, Length)))
    return Constraints(stated, constraints)


def plan_piece(
    facts: PromptFacts,
    constraints: Constraints,
    bars: int | None = None,
    notes: int | None = None,
) -> Plan:
    """The plan of a piece.

    bars, notes: its length and the limit on notes, as in the composer.
    Raises ConfigError, naming them, for constraints that contradict each other.
    """
    together = constraints_on(facts, constraints, bars)
    if bars is None and not any(isinstance(c, Length) for c in together):
        bars = length_in_bars(facts, bars, notes)
    return together.plan(bars, notes)


def length_in_bars(facts: PromptFacts, bars: int | None, notes: int | None) -> int | None:
    """Bars as requested, or as in the prompt, or 16; None if only notes are limited."""
    if bars is None:
        bars = facts.num_bars or _bars_in(facts)
    return DEFAULT_BARS if bars is None and notes is None else bars


def _bars_in(facts: PromptFacts) -> int | None:
    """Bars nearest to the seconds in a prompt, at 120 BPM in 4/4 unless it states others."""
    if facts.seconds is None:
        return None
    low, high = facts.tempo_range or (120.0, 120.0)
    bpm = facts.bpm or (low + high) / 2
    numerator, denominator = map(int, (facts.time_signature or "4/4").split("/"))
    return max(1, round(facts.seconds * bpm / 60 * denominator / (4 * numerator)))
