"""Note generator: a causal Transformer over text and rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from amadeus.model.config import ModelConfig
from amadeus.model.layers import MLP, Attention, RotaryPositions, rms_norm, rotate


class Block(nn.Module):
    """Causal self-attention, then an MLP."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention = Attention(config.width, config.heads, config.kv_heads)
        self.mlp = MLP(config.width, config.mlp_ratio)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """x: [B, T, D]; cos, sin: [T, K / 2] or broadcastable. Same shape as x."""
        normed = rms_norm(x)
        queries = rotate(self.attention.queries(normed), cos, sin)
        keys, values = self.attention.keys_values(normed)
        x = x + self.attention.attend(queries, rotate(keys, cos, sin), values, causal=True)
        return x + self.mlp(rms_norm(x))


class NoteGenerator(nn.Module):
    """Contextualises each position with everything before it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.positions = RotaryPositions(config.width // config.heads, config.rope_theta)
        self.dispersed_layer = config.layers // 3
        """The layer after which MLSDES keeps pieces apart, about a third of the depth."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: [B, T, D] text and rows.

        Returns latents [B, T, D], of which latents[:, t] sees positions 0..t only, and the hidden
        states [B, T, D] after `dispersed_layer`.
        """
        cos, sin = self.positions(torch.arange(x.shape[1], device=x.device))
        intermediate = x
        for i, block in enumerate(self.blocks):
            x = block(x, cos, sin)
            if i == self.dispersed_layer:
                intermediate = x
        return rms_norm(x), intermediate
