"""Effects compared with thresholds."""

import numpy as np
import pytest

from amadeus.experiments.verdicts import Threshold, combine, over_seeds, verdict
from amadeus.reports.means import Mean


@pytest.mark.parametrize(
    ("side", "effect", "expected"),
    [
        ("above", (3, 2.5, 4), "yes"),
        ("above", (3, 1, 4), "inconclusive"),
        ("above", (1, 0, 1.5), "no"),
        ("above", (2, 2, 2), "inconclusive"),
        ("at least", (2, 2, 2), "yes"),
        ("below", (1, 0, 1.5), "yes"),
        ("below", (3, 2.5, 4), "no"),
        ("within", (0.5, -1, 1.5), "yes"),
        ("within", (1, 0.5, 1.5), "partly"),
        ("within", (2, 1, 3), "inconclusive"),
        ("within", (-3, -4, -2.5), "no"),
        ("above", (3, np.nan, np.nan), "inconclusive"),
    ],
)
def test_the_whole_interval_has_to_be_on_one_side(side, effect, expected):
    assert verdict(Mean(*effect), Threshold(side, 2)) == expected


def test_a_claim_needs_all_of_its_effects():
    assert combine(["yes", "yes"]) == "yes"
    assert combine(["yes", "no"]) == combine(["yes", "inconclusive"]) == "partly"
    assert combine(["no", "inconclusive"]) == "no"
    assert combine(["inconclusive"]) == combine([]) == "inconclusive"


def test_seeds_extend_the_interval():
    effect = Mean(2, 1, 3)
    assert over_seeds(effect, [-1, 2.5]) == Mean(2, -1, 3)
    assert np.isnan(over_seeds(effect, [2]).low)
