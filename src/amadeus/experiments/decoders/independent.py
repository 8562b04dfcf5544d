"""Independent heads: all attributes of a note from its latent at once, none given another."""

from __future__ import annotations

import torch
from torch import Tensor

from amadeus.experiments.decoders.exact import ExactObjective
from amadeus.model import Amadeus
from amadeus.model.note_decoder import NoteDecoder
from amadeus.training.config import TrainConfig


class IndependentHeads(NoteDecoder):
    """Our note decoder, never told a value: p(x | z) is the product of all p(x_a | z)."""

    def forward(self, slots: Tensor, values: Tensor, masked: Tensor) -> Tensor:
        """As in `NoteDecoder`."""
        return super().forward(slots, values, torch.ones_like(masked))


def independent_heads(config: TrainConfig) -> ExactObjective:
    """Amadeus with independent heads, and its loss."""
    model = Amadeus(config.model_config())
    model.decoder = IndependentHeads(model.config)
    return ExactObjective(model, config.dispersion_temperature)
