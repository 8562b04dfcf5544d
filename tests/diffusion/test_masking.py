from itertools import permutations, product
from math import factorial

import numpy as np
import pytest
import torch

from amadeus.diffusion.masking import draw_masks


def every_mask(num_attributes):
    """Uniform numbers that deal every count to every order of the attributes once.

    Returns uniform, [A A!, 1 + A].
    """
    orders = list(permutations(range(num_attributes)))
    rows = len(orders) * num_attributes
    uniform = torch.empty(rows, 1 + num_attributes)
    uniform[:, 0] = torch.arange(rows) / rows  # row i is dealt count i % A + 1
    for i in range(rows):
        uniform[i, 1:] = torch.tensor(orders[i // num_attributes]) / num_attributes
    return uniform


def weight_of_each_set(num_attributes):
    """Expected weight with which each set of attributes is masked, by enumeration."""
    masked, weights = draw_masks(every_mask(num_attributes))
    total = {}
    for row, weight in zip(masked.tolist(), weights.tolist(), strict=True):
        total[tuple(row)] = total.get(tuple(row), 0.0) + weight / len(weights)
    return total


def test_every_count_is_dealt_equally_often():
    masked, _ = draw_masks(torch.rand(8 * 100, 9, generator=torch.Generator().manual_seed(0)))
    assert masked.sum(1).bincount().tolist() == [0] + [100] * 8


def test_counts_and_attributes_are_independent():
    masked, _ = draw_masks(torch.rand(80_000, 9, generator=torch.Generator().manual_seed(0)))
    counts = masked.sum(1)
    for count in range(1, 9):
        share = masked[counts == count].float().mean(0)
        assert share.tolist() == pytest.approx([count / 8] * 8, abs=0.025)


@pytest.mark.parametrize("num_attributes", [1, 2, 3, 4])
def test_every_set_has_the_weight_of_the_integral_over_t(num_attributes):
    total = weight_of_each_set(num_attributes)
    assert len(total) == 2**num_attributes - 1
    a = num_attributes
    for masked, weight in total.items():
        k = sum(masked)
        # The integral of t^k (1 - t)^(A - k) / t over t from 0 to 1.
        assert weight == pytest.approx(factorial(k - 1) * factorial(a - k) / factorial(a))


def test_the_exact_conditionals_give_the_exact_entropy():
    sizes = (2, 3, 2)
    joint = np.random.default_rng(0).dirichlet(np.full(12, 0.5)).reshape(sizes)
    bound = 0.0
    for x in product(*map(range, sizes)):
        for masked, weight in weight_of_each_set(3).items():
            seen = (slice(None) if m else slice(v, v + 1) for m, v in zip(masked, x, strict=True))
            rest = joint[tuple(seen)]
            for a in np.flatnonzero(masked):
                marginal = rest.sum(tuple(b for b in range(3) if b != a))
                bound -= joint[x] * weight * np.log(marginal[x[a]] / marginal.sum())
    assert bound == pytest.approx(-(joint * np.log(joint)).sum())


def test_masks_are_a_function_of_the_random_numbers():
    uniform = torch.rand(16, 9, generator=torch.Generator().manual_seed(1))
    for first, second in zip(draw_masks(uniform), draw_masks(uniform.clone()), strict=True):
        assert torch.equal(first, second)
