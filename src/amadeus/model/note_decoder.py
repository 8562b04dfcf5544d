"""Note decoder: given the slots of a note and the attributes known so far, what are the others?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from amadeus.model.config import ModelConfig
from amadeus.model.layers import MLP, Attention, rms_norm
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, SIZES

MAX_SIZE = max(SIZES)


class DecoderBlock(nn.Module):
    """Bidirectional self-attention over the attributes of a note, then an MLP."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        heads = config.decoder_heads
        self.attention = Attention(config.decoder_width, heads, heads)
        self.mlp = MLP(config.decoder_width, config.mlp_ratio)

    def forward(self, x: Tensor) -> Tensor:
        """x: [R, A, E]. Same shape."""
        normed = rms_norm(x)
        keys, values = self.attention.keys_values(normed)
        x = x + self.attention.attend(self.attention.queries(normed), keys, values)
        return x + self.mlp(rms_norm(x))


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
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.decoder_layers))
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
        known = self.table(torch.where(masked, self.masks, values) + self.offsets)
        x = (slots + known).view(-1, NUM_ATTRIBUTES, slots.shape[-1])  # [R, A, E]
        for block in self.blocks:
            x = block(x)
        return self.read_out(x).view(*values.shape, MAX_SIZE)

    def read_out(self, x: Tensor) -> Tensor:
        """Logits of slots x [R, A, E] that have seen each other, float32 [R, A, V]."""
        logits = torch.einsum("rae,aev->rav", rms_norm(x), self.heads.type_as(x)).float()
        return logits.masked_fill(self.padding, float("-inf"))
