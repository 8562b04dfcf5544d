"""Note embedder: a row's vector is the sum of the vectors of its attribute values."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from amadeus.model.layers import rms_norm
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, SIZES


class NoteEmbedder(nn.Module):
    """One table for all attributes, each with its own range of rows."""

    offsets: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(sum(SIZES), width)
        nn.init.normal_(self.table.weight, std=NUM_ATTRIBUTES**-0.5)
        offsets = torch.tensor([sum(SIZES[:a]) for a in range(NUM_ATTRIBUTES)])
        self.register_buffer("offsets", offsets, persistent=False)  # [A]

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: int [B, N, A]. Returns [B, N, D]."""
        return rms_norm(self.table(tokens + self.offsets).sum(-2))
