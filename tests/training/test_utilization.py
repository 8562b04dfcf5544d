"""What an update costs, against PyTorch's own counter of floating-point operations."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from amadeus.model import PRESETS, Amadeus
from amadeus.model.config import ModelConfig
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, RowType
from amadeus.training.loss import Noise, Objective
from amadeus.training.utilization import UpdateFlops


@pytest.mark.parametrize("config", [PRESETS["small"], ModelConfig(enhancement=False)], ids=repr)
def test_the_formula_agrees_with_a_count(config):
    torch.manual_seed(0)
    pieces, rows, prefix, places = 2, 65, 20, 32
    objective = Objective(Amadeus(config))
    tokens = torch.ones(pieces, rows, NUM_ATTRIBUTES, dtype=torch.long)
    tokens[..., Attribute.TYPE] = int(RowType.NOTE)
    profile = torch.ones(pieces, prefix, 2, dtype=torch.long)
    lengths = torch.full((pieces,), prefix)
    noise = Noise.draw(pieces, places, torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter:
        losses = objective(tokens, None, None, noise, profile, lengths)
        losses.nats_per_note.backward()
    expected = UpdateFlops(objective.model)(pieces, pieces * rows, pieces * prefix, pieces * places)
    assert counter.get_total_flops() == pytest.approx(expected, rel=0.05)


def test_an_empty_batch_costs_nothing():
    assert UpdateFlops(Amadeus(PRESETS["nano"]))(0, 0, 0, 0) == 0
