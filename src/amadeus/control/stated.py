"""The profile that constraints on a whole piece state."""

from __future__ import annotations

from typing import Any

from amadeus.control.constraints import Constraints
from amadeus.control.scope import WHOLE
from amadeus.profile import Profile


def profile_of_constraints(constraints: Constraints) -> Profile:
    """The key, tempo, metre and instruments that hold in every bar, for every instrument."""
    values: dict[str, Any] = {}
    for one in constraints:
        if one.scope == WHOLE:
            values |= one.profile()
    return Profile(**values)
