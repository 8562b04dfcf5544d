"""What constraints on a whole piece state of its profile."""

from __future__ import annotations

from typing import Any

from amadeus.control.constraints import Constraints
from amadeus.control.rules import Constraint, InScale
from amadeus.control.scope import WHOLE, programs_of
from amadeus.control.structure import ExactTempo, Metre, Playing, TempoRange
from amadeus.profile import Part, Profile
from amadeus.tokens.vocabulary import instrument_value


def profile_of_constraints(constraints: Constraints) -> Profile:
    """The key, tempo, metre and instruments that hold in every bar, for every instrument."""
    values: dict[str, Any] = {}
    for one in constraints:
        if one.scope == WHOLE:
            values |= _stated(one)
    return Profile(**values)


def _stated(constraint: Constraint) -> dict[str, Any]:
    match constraint:
        case InScale():
            return {"key": constraint.scale.key}
        case ExactTempo():
            return {"bpm": constraint.bpm}
        case TempoRange():
            return {"bpm": (constraint.low * constraint.high) ** 0.5}
        case Metre():
            return {"time_signature": constraint.value}
        case Playing(mode="exactly" | "at least") if constraint.instruments:
            names = constraint.instruments
            parts = tuple(Part(instrument_value(programs_of(name)[0])) for name in names)
            return {"parts": parts} | (
                {"num_parts": len(parts)} if constraint.mode == "exactly" else {}
            )
    return {}
