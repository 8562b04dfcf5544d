"""Constraints that cannot all hold, found before anything is composed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod

import numpy as np

from amadeus.control.constraint import Constraint, contradiction
from amadeus.errors import ConfigError
from amadeus.tokens.vocabulary import Attribute


def blame(
    attribute: Attribute, masks: Sequence[tuple[Constraint, np.ndarray]], base: np.ndarray, bar: int
) -> ConfigError:
    """The error for masks [V] that leave nothing of `base` [V], in a bar counted from 0."""
    name = "time signature" if attribute == Attribute.TYPE else attribute.name.lower()
    what = f"they leave no {name} in bar {bar + 1}"
    for (first, one), (second, other) in combinations(masks, 2):
        if not (base & one & other).any():
            return contradiction(first, second, what)
    names = ", ".join(c.described for c, _ in masks)
    return ConfigError(f"{names} contradict each other: {what}")


def check_pairs(constraints: Sequence[Constraint], num_bars: int | None) -> None:
    """Raise ConfigError for two constraints of one class of which masks reveal no conflict."""
    for first, second in combinations(constraints, 2):
        if type(first) is type(second):
            bars = [b for b in range(horizon((first, second), num_bars))
                    if first.scope.covers(b) and second.scope.covers(b)]  # fmt: skip
            if why := first.conflict(second, bars, num_bars):
                raise contradiction(first, second, why)


def horizon(constraints: Sequence[Constraint], num_bars: int | None) -> int:
    """The bars of the piece, or if their number is open, enough of them to meet every case."""
    if num_bars is not None:
        return num_bars
    last = max((n or 0 for c in constraints for n in c.scope.bars or ()), default=0)
    return last + min(prod(c.period for c in constraints), 256) + 1
