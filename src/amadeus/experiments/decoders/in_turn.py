"""Attributes in turn: a causal Transformer over the attributes of a note, in one fixed order.

The second level of SkyTNT's midi-model and of the Nested Music Transformer, made of our own parts
and as large as our decoder. `benchmark/autoregressive.py` times such a decoder with a cache.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from amadeus.experiments.decoders.exact import ExactObjective
from amadeus.model import Amadeus
from amadeus.model.note_decoder import NoteDecoder
from amadeus.training.config import TrainConfig


class AttributesInTurn(NoteDecoder):
    """p(x | z) is the product of all p(x_a | x_<a, z)."""

    def forward(self, slots: Tensor, values: Tensor, masked: Tensor) -> Tensor:
        """As in `NoteDecoder`, but whatever is masked, an attribute sees all those before it."""
        known = self.table(values + self.offsets)[..., :-1, :]
        x = slots + F.pad(known, (0, 0, 1, 0))  # each slot beside the value before it
        return self.read_out(x, causal=True).masked_fill(self.padding, float("-inf"))


def attributes_in_turn(config: TrainConfig) -> ExactObjective:
    """Amadeus with attributes in turn, and its loss."""
    model = Amadeus(config.model_config())
    model.decoder = AttributesInTurn(model.config)
    return ExactObjective(model, config.dispersion_temperature)
