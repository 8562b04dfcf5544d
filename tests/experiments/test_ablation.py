import numpy as np
import pytest

from amadeus.experiments.ablation import Gap


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
