"""Attributes in turn: a causal Transformer over the attributes of a note, in one fixed order.

The second level of SkyTNT's midi-model and of the Nested Music Transformer, made of our own parts
and as large as our decoder. `benchmark/autoregressive.py` times such a decoder with a cache.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from amadeus.experiments.decoders.exact import ExactObjective
from amadeus.model import Amadeus
from amadeus.model.config import ModelConfig
from amadeus.model.layers import rms_norm
from amadeus.model.note_decoder import DecoderBlock, NoteDecoder
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES
from amadeus.training.config import TrainConfig


class CausalBlock(DecoderBlock):
    """A block whose attributes see those before them and themselves."""

    def forward(self, x: Tensor) -> Tensor:
        """x: [R, A, E]. Same shape."""
        normed = rms_norm(x)
        keys, values = self.attention.keys_values(normed)
        queries = self.attention.queries(normed)
        x = x + self.attention.attend(queries, keys, values, causal=True)
        return x + self.mlp(rms_norm(x))


class AttributesInTurn(NoteDecoder):
    """p(x | z) is the product of all p(x_a | x_<a, z)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.blocks = nn.ModuleList(CausalBlock(config) for _ in range(config.decoder_layers))

    def forward(self, slots: Tensor, values: Tensor, masked: Tensor) -> Tensor:
        """As in `NoteDecoder`, but whatever is masked, an attribute sees all those before it."""
        known = self.table(values + self.offsets)[..., :-1, :]
        x = slots + F.pad(known, (0, 0, 1, 0))  # each slot beside the value before it
        x = x.view(-1, NUM_ATTRIBUTES, slots.shape[-1])  # [R, A, E]
        for block in self.blocks:
            x = block(x)
        return self.read_out(x).view(*values.shape, -1)


def attributes_in_turn(config: TrainConfig) -> ExactObjective:
    """Amadeus with attributes in turn, and its loss."""
    model = Amadeus(config.model_config())
    model.decoder = AttributesInTurn(model.config)
    return ExactObjective(model, config.dispersion_temperature)
