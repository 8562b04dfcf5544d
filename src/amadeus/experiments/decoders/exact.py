"""Decoders with an exact likelihood: they predict every attribute of a note once.

Attributes in turn are the second level of SkyTNT's midi-model and of the Nested Music Transformer,
built from our own parts at the size of our decoder. `benchmark/autoregressive.py` times such a
decoder with a cache.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from amadeus.model import Amadeus
from amadeus.model.note_decoder import NoteDecoder
from amadeus.training.config import TrainConfig
from amadeus.training.loss import Objective


class ExactObjective(Objective):
    """Cross-entropy of all attributes of a row; the decoder itself hides what it may not see."""

    def hide(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """All attributes, with weight 1. uniform: [R, 1 + A]."""
        masked = torch.ones_like(uniform[:, 1:], dtype=torch.bool)
        return masked, uniform.new_ones(len(uniform))


class AttributesInTurn(NoteDecoder):
    """A causal Transformer over the attributes: p(x | z) is the product of all p(x_a | x_<a, z)."""

    def forward(self, slots: Tensor, values: Tensor, masked: Tensor) -> Tensor:
        """As in `NoteDecoder`, but an attribute sees all those before it, masked or not."""
        known = self.table(values + self.offsets)[..., :-1, :]
        x = slots + F.pad(known, (0, 0, 1, 0))  # each slot with the value before it
        return self.read_out(x, causal=True).masked_fill(self.padding, float("-inf"))


class IndependentHeads(NoteDecoder):
    """Our note decoder without any values: p(x | z) is the product of all p(x_a | z)."""

    def forward(self, slots: Tensor, values: Tensor, masked: Tensor) -> Tensor:
        """As in `NoteDecoder`."""
        return super().forward(slots, values, torch.ones_like(masked))


def attributes_in_turn(config: TrainConfig) -> ExactObjective:
    """Amadeus with attributes in turn, and its loss."""
    return _exact(config, AttributesInTurn)


def independent_heads(config: TrainConfig) -> ExactObjective:
    """Amadeus with independent heads, and its loss."""
    return _exact(config, IndependentHeads)


def _exact(config: TrainConfig, decoder: type[NoteDecoder]) -> ExactObjective:
    model = Amadeus(config.model_config())
    model.decoder = decoder(model.config)
    return ExactObjective(model, config.dispersion_temperature)
