"""The moving average of the weights."""

import pytest
import torch

from amadeus.model import Amadeus, ModelConfig
from amadeus.training.average import WeightAverage
from amadeus.training.loss import Objective


@pytest.fixture
def objective():
    return Objective(Amadeus(ModelConfig(width=32, layers=1, heads=2, decoder_width=16)))


def first_weight(objective):
    return next(objective.parameters()).detach()


def fill(objective, value):
    for parameter in objective.parameters():
        parameter.data.fill_(value)


def test_it_begins_as_the_weights_and_is_a_copy(objective):
    average = WeightAverage(objective, 0.9)
    for ours, theirs in zip(average.objective.parameters(), objective.parameters(), strict=True):
        assert torch.equal(ours, theirs)
        assert ours.data_ptr() != theirs.data_ptr()
        assert not ours.requires_grad


def test_it_is_the_recursion_of_polyak(objective):
    fill(objective, 0.0)
    average = WeightAverage(objective, 0.75)
    expected = 0.0
    for step, value in enumerate((4.0, -2.0, 1.0, 8.0)):
        fill(objective, value)
        average.update(objective, 100 + step)
        expected = 0.75 * expected + 0.25 * value
        assert first_weight(average.objective).unique().item() == pytest.approx(expected)
    assert first_weight(objective).unique().item() == 8.0


def test_the_first_weights_are_soon_forgotten(objective):
    fill(objective, 1.0)
    average = WeightAverage(objective, 0.999)
    fill(objective, 0.0)
    for step in range(100):
        average.update(objective, step)
    assert first_weight(average.objective).max() < 1e-3


def test_weights_that_stay_are_their_own_average(objective):
    average = WeightAverage(objective, 0.5)
    for step in range(5):
        average.update(objective, step)
    for ours, theirs in zip(average.objective.parameters(), objective.parameters(), strict=True):
        assert torch.allclose(ours, theirs)
