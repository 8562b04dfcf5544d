"""Any constraints: either they hold in the piece, or they are refused before it is composed."""

from __future__ import annotations

import numpy as np
import pytest
from random_pieces import compose_at_random, draw_constraints

from amadeus.control import Constraints, violations
from amadeus.errors import ConfigError
from amadeus.tokens.grammar import check


def holds_or_is_refused(seed: int) -> bool:
    """Draw constraints and compose; whether they were found to be possible."""
    rng = np.random.default_rng(seed)
    num_bars = int(rng.integers(1, 7))
    max_notes = int(rng.integers(1, 40)) if rng.random() < 0.25 else None
    has_end = max_notes is None or rng.random() < 0.5
    texts = draw_constraints(rng, num_bars)
    try:
        constraints = Constraints(*texts)
        plan = constraints.plan(num_bars if has_end else None, max_notes)
    except ConfigError:
        return False
    tokens = compose_at_random(plan, seed, max_notes)
    check(tokens)
    assert violations(tokens, constraints, plan.num_bars) == [], texts
    return True


def test_constraints_hold_or_are_refused():
    held = [holds_or_is_refused(seed) for seed in range(60)]
    assert sum(held) > 20


@pytest.mark.slow
def test_a_thousand_sets_of_constraints_hold_or_are_refused():
    held = [holds_or_is_refused(seed) for seed in range(60, 1560)]
    assert sum(held) > 500
