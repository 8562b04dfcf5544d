"""Verdicts: one rule compares an effect and its interval with a threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from amadeus.reports.means import Mean

YES, PARTLY, NO, INCONCLUSIVE = "yes", "partly", "no", "inconclusive"
SEED_DEVIATIONS = 3
"""With one seed per setting, standard deviations between seeds that an effect has to exceed."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What an effect has to be for "yes".

    "within": an effect inside the limits counts as "yes" if its interval contains 0, and as
    "partly" if not.
    """

    side: Literal["above", "at least", "below", "within"]
    limit: float
    unit: str = ""

    def __str__(self) -> str:
        if not self.limit:
            return "an increase" if self.side == "above" else "a decrease"
        return f"{self.side} {self.limit:g} {self.unit}".strip()


THRESHOLDS = {
    "speed": Threshold("at least", 4, "times"),
    "fastest": Threshold("above", 1, "times"),
    "increase": Threshold("above", 0),
    "decrease": Threshold("below", 0),
    "order": Threshold("within", 2, "%"),
    "hard constraints": Threshold("at least", 100, "% of pieces"),
    # Percent, for Amadeus on MidiCaps (Su et al. 2025).
    "TBT": Threshold("at least", 73.93, "% TBT"),
    "CK": Threshold("at least", 39.31, "% CK"),
    "CTS": Threshold("at least", 96.98, "% CTS"),
    "misfit": Threshold("below", 2, "standard deviations between seeds"),
    "unseen corpus": Threshold("below", 10, "percentage points"),
    "left-out corpus": Threshold("below", 10, "% more nats"),
}


class Effect(NamedTuple):
    """A measured effect, or a text alone for context."""

    text: str
    """Shown in the report; empty for effects that another text summarizes. A text that ends in a
    colon introduces the next ones."""
    value: Mean | None = None
    threshold: Threshold | None = None


def verdict(effect: Mean, threshold: Threshold) -> str:
    """Whether the whole interval is on the right side ("yes"), the wrong side, or neither.

    An effect without an interval is inconclusive.
    """
    low, high, limit = effect.low, effect.high, threshold.limit
    if np.isnan(low):
        return INCONCLUSIVE
    if threshold.side == "within":
        if -limit <= low and high <= limit:
            return YES if low <= 0 <= high else PARTLY
        return NO if low > limit or high < -limit else INCONCLUSIVE
    if threshold.side == "below":
        low, high, limit = -high, -low, -limit
    if low > limit or (threshold.side == "at least" and low == limit):
        return YES
    return NO if high < limit else INCONCLUSIVE


def combine(verdicts: Iterable[str]) -> str:
    """The verdict on a claim with several effects: "yes" only if every effect says so."""
    found = set(verdicts)
    if found == {YES}:
        return YES
    if found & {YES, PARTLY}:
        return PARTLY
    return NO if NO in found else INCONCLUSIVE


def over_seeds(effect: Mean, seeds: Iterable[float]) -> Mean:
    """The effect with its interval extended to every seed's; without one for a single seed."""
    values = list(seeds)
    if len(values) < 2:
        return Mean(effect.mean, np.nan, np.nan)
    return Mean(effect.mean, min(effect.low, *values), max(effect.high, *values))


def exactly(value: float) -> Mean:
    """A value that is known exactly."""
    return Mean(value, value, value)
