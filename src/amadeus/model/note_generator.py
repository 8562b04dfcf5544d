"""Note generator: a causal Transformer over text and rows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from amadeus.model.config import ModelConfig
from amadeus.model.kv_cache import CachePositions, KVCache
from amadeus.model.layers import Block, Rotary, RotaryPositions, rms_norm


class NoteGenerator(nn.Module):
    """Contextualises each position with everything before it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, config.kv_heads, config.mlp_ratio)
            for _ in range(config.layers)
        )
        self.positions = RotaryPositions(config.width // config.heads, config.rope_theta)
        self.dispersed_layer = config.layers // 3
        """The layer after which MLSDES keeps pieces apart, about a third of the depth."""

    def forward(
        self,
        x: Tensor,
        rotary: Rotary | None = None,
        caches: Sequence[KVCache] | None = None,
        at: CachePositions | None = None,
    ) -> tuple[Tensor, Tensor]:
        """x: [B, T, D] text and rows.

        rotary: of the positions of x, by default 0 to T - 1. caches: one per block, which remember
        the positions `at`.

        Returns latents [B, T, D], of which latents[:, t] sees positions 0..t only, and the hidden
        states [B, T, D] after `dispersed_layer`.
        """
        if rotary is None:
            rotary = self.positions(torch.arange(x.shape[1], device=x.device))
        intermediate = x
        for i, block in enumerate(self.blocks):
            x = block(x, rotary, causal=True, cache=caches[i] if caches else None, at=at)
            if i == self.dispersed_layer:
                intermediate = x
        return rms_norm(x), intermediate
