"""What a prompt states of new bars of a piece, and of a passage that is edited."""

from __future__ import annotations

from dataclasses import replace

from amadeus.control.constraint import Constraint
from amadeus.control.constraints import Constraints
from amadeus.control.piece import constraints_on
from amadeus.control.revision import Revision
from amadeus.control.selection import Selection
from amadeus.errors import ConfigError
from amadeus.text.prompt import PromptFacts, parse_prompt


def constraints_on_continuation(prompt: str, given: Constraints, bars: int) -> Constraints:
    """What a prompt states of new bars, and the constraints given besides.

    bars: number of new bars; the length that the prompt states does not matter.
    Raises ConfigError for a prompt that contradicts itself.
    """
    return constraints_on(_passage_facts(prompt), given, bars, bars)


def constraints_on_edit(
    prompt: str, given: Constraints, selection: Selection
) -> tuple[Constraints, tuple[Constraint, ...]]:
    """What a prompt states of a passage that is edited, with the constraints given besides.

    Returns the constraints that hold, and those of the prompt that do not: they are about what
    stays as it is, such as the tempo beside other parts, or contradict the constraints given.
    Raises ConfigError for a prompt that contradicts itself, or constraints that do.
    """
    both = constraints_on(_passage_facts(prompt), given)
    stated = [*both][: len(both) - len(given)]
    if not stated or _is_possible(selection, both):
        return both, ()
    Revision(selection, given)
    held, left_out = given, []
    for constraint in stated:
        if _is_possible(selection, Constraints(constraint, held)):
            held = Constraints(constraint, held)
        else:
            left_out.append(constraint)
    return held, tuple(left_out)


def _passage_facts(prompt: str) -> PromptFacts:
    """What a prompt states, without length and form."""
    return replace(parse_prompt(prompt), num_bars=None, seconds=None, length=None, form="")


def _is_possible(selection: Selection, constraints: Constraints) -> bool:
    try:
        Revision(selection, constraints)
    except ConfigError:
        return False
    return True
