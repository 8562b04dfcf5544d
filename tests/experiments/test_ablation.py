import numpy as np
import pytest

from amadeus.experiments import ciem
from amadeus.experiments.ablation import Arm, Gap
from amadeus.experiments.runs import Run


@pytest.fixture
def pieces():
    return np.random.default_rng(0).normal(0, 0.1, 50)


def test_a_gap_has_an_interval_over_pieces_and_a_value_for_each_seed(pieces):
    gap = Gap(np.stack([pieces + 3, pieces - 1]))
    assert 0 < gap.pieces.low < gap.pieces.mean
    assert gap.seeds == pytest.approx([pieces.mean() + 3, pieces.mean() - 1])


def test_what_captions_save_is_compared_with_what_their_absence_costs(recipe, pieces):
    """A model that depends on captions may save much with them and yet be no better."""

    def arm(name, nats, nats_unheard):
        curve = np.array([[1, nats]])
        runs = [Run(recipe, 1, curve, pieces + nats, pieces + nats_unheard) for _ in range(2)]
        return Arm(name, runs, 1.0)

    arms = [arm("with CIEM", 10.0, 10.5), arm("without CIEM, equal updates", 10.0, 10.1)]
    summary = " ".join(ciem.report(arms, "", {}).summary.split())
    assert "Captions save +0.500" in summary
    assert "needs +0.400 nats per row more than the model without it" in summary
