import numpy as np
import pytest

from amadeus.experiments import ciem
from amadeus.experiments.ablation import Arm, Gap
from amadeus.experiments.runs import Run


@pytest.fixture
def pieces():
    return np.random.default_rng(0).normal(0, 0.1, 50)


def test_a_gap_is_told_where_pieces_and_seeds_agree(pieces):
    assert Gap(np.stack([pieces + 1, pieces + 2])).sign == 1
    assert Gap(np.stack([pieces - 1, pieces - 2])).sign == -1


def test_a_gap_is_not_told_where_a_seed_disagrees(pieces):
    gap = Gap(np.stack([pieces + 3, pieces - 1]))
    assert gap.pieces.low > 0
    assert gap.sign == 0


def test_one_seed_tells_nothing(pieces):
    assert Gap(pieces[None] + 1).sign == 0


def test_what_captions_save_is_set_against_what_their_absence_costs(recipe, pieces):
    """A model that leans on captions may save much with them, and yet be no better."""

    def arm(name, nats, nats_unheard):
        curve = np.array([[1, nats]])
        runs = [Run(recipe, 1, curve, pieces + nats, pieces + nats_unheard) for _ in range(2)]
        return Arm(name, runs, 1.0)

    arms = [arm("with CIEM", 10.0, 10.5), arm("without CIEM, equal updates", 10.0, 10.1)]
    summary = ciem.report_on(arms, "", {}).summary
    assert "Captions save 0.500 nats a row with it" in summary
    assert "pays +0.400 nats more than the one without" in summary
