"""CIEM, the conditional information enhancement module: global context for every note.

The latent is spread over one slot per attribute. The slots attend to each other and to the context
memory, which the paper calls the theme: the generator's latents of every text token and of the
first row. Training and generation read the same memory, also for the first note.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from amadeus.model.config import ModelConfig
from amadeus.model.layers import Attention, linear, rms_norm
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES


class ConditionalEnhancement(nn.Module):
    """Turns latents into attribute slots; without `config.enhancement`, it only spreads them."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.decoder_width
        self.spread = linear(config.width, width)
        self.slots = nn.Parameter(torch.randn(NUM_ATTRIBUTES, width) * 0.5)  # [A, E]
        self.enhancement = config.enhancement
        if config.enhancement:
            heads = config.decoder_heads
            self.among_slots = Attention(width, heads, heads)
            self.to_theme = Attention(width, heads, heads, memory_width=config.width)

    def memory_keys_values(self, memory: Tensor) -> tuple[Tensor, Tensor] | None:
        """Keys and values of the context memory; needed once per piece. memory: [B, M, D]."""
        return self.to_theme.keys_values(memory) if self.enhancement else None

    def forward(
        self, latents: Tensor, keys_values: tuple[Tensor, Tensor] | None, memory_mask: Tensor
    ) -> Tensor:
        """latents: [B, N, D]; memory_mask: bool [B, M], False where text is padding.

        Returns slots, [B, N, A, E].
        """
        x = self.spread(latents)[..., None, :] + self.slots  # [B, N, A, E]
        if keys_values is None:
            return x
        shape = x.shape
        x = x.flatten(0, 1)  # [B N, A, E]
        x = x + self.among_slots(rms_norm(x))
        x = x.view(shape[0], -1, shape[-1])  # [B, N A, E]
        x = x + self.to_theme.attend(
            self.to_theme.queries(rms_norm(x)), *keys_values, mask=memory_mask[:, None, None, :]
        )
        return x.view(shape)
