"""Note decoder: predicts the masked attributes of a note from its slots and known attributes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from amadeus.model.config import ModelConfig
from amadeus.model.layers import Block, rms_norm
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, SIZES

MAX_SIZE = max(SIZES)


class NoteDecoder(nn.Module):
    """A small bidirectional Transformer with one head per attribute."""

    offsets: Tensor
    masks: Tensor
    padding: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.decoder_width
        # Each attribute's values are followed by its [MASK].
        self.table = nn.Embedding(sum(SIZES) + NUM_ATTRIBUTES, width)
        nn.init.normal_(self.table.weight, std=0.5)
        self.blocks = nn.ModuleList(
            Block(width, config.decoder_heads, config.decoder_heads, config.mlp_ratio)
            for _ in range(config.decoder_layers)
        )
        # Heads padded to one size: one batched product instead of eight.
        self.heads = nn.Parameter(torch.zeros(NUM_ATTRIBUTES, width, MAX_SIZE))
        sizes = torch.tensor(SIZES)
        self.register_buffer("offsets", (sizes + 1).cumsum(0) - sizes - 1, persistent=False)  # [A]
        self.register_buffer("masks", sizes, persistent=False)  # [A]
        self.register_buffer(
            "padding", torch.arange(MAX_SIZE) >= sizes[:, None], persistent=False
        )  # [A, V]

    def forward(self, slots: Tensor, values: Tensor, masked: Tensor) -> Tensor:
        """slots: [..., A, E]; values: int [..., A]; masked: bool [..., A], True where unknown.

        Returns logits, float32 [..., A, V], minus infinity at values that an attribute lacks.
        """
        logits = self.predict(slots, torch.where(masked, self.masks, values))
        return logits.masked_fill(self.padding, float("-inf"))

    def predict(self, slots: Tensor, values: Tensor) -> Tensor:
        """Like `forward`, with `masks` as the values of unknown attributes.

        The logits of values that an attribute lacks mean nothing.
        """
        return self.read_out(slots + self.table(values + self.offsets))

    def read_out(self, x: Tensor, causal: bool = False) -> Tensor:
        """Run the blocks on slots with values, [..., A, E]. Returns logits, float32 [..., A, V].

        causal: let each slot attend only to those before it and to itself.
        """
        shape = x.shape[:-1]
        x = x.view(-1, *x.shape[-2:])  # [R, A, E]
        for block in self.blocks:
            x = block(x, causal=causal)
        logits = torch.einsum("rae,aev->rav", rms_norm(x), self.heads.type_as(x)).float()
        return logits.view(*shape, MAX_SIZE)
