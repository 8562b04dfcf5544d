"""The network that predicts how notes are played.

It reads a whole piece in both directions. An encoder of dilated convolutions over notes reads the
score once. A smaller decoder reads the result together with the attributes that are known so far,
and predicts a distribution over the bins of every attribute of every note. Trained with random
masks, it can continue from any known values (masked diffusion).

Shapes: B pieces, N notes, C channels, A attributes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from amadeus.performer.attributes import ATTRIBUTES
from amadeus.performer.features import FAMILIES, NUM_FEATURES

CHANNELS = 128
GENRE_SLOTS = 16
_ENCODER = (1, 2, 4, 8, 16, 32)
_DECODER = (1, 8)
_DRUM_OFFSET = 128


class Block(nn.Module):
    """A residual block: each note sees itself and one note on both sides, `dilation` away."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Linear(3 * channels, 2 * channels)
        self.out = nn.Linear(channels, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x: [B, N, C]; mask: [B, N, 1], 0 for padding."""
        n, step = x.shape[1], self.dilation
        padded = functional.pad(self.norm(x) * mask, (0, 0, step, step))
        near = [padded[:, i * step : i * step + n] for i in range(3)]
        gated = functional.glu(self.mix(torch.cat(near, -1)), -1)
        return x + self.dropout(self.out(gated))


class PerformerNetwork(nn.Module):
    """About a million parameters."""

    def __init__(self, channels: int = CHANNELS, dropout: float = 0.0) -> None:
        super().__init__()
        self.sizes = tuple(attribute.bins for attribute in ATTRIBUTES)
        self.features = nn.Linear(NUM_FEATURES, channels)
        self.pitch = nn.Embedding(2 * _DRUM_OFFSET, channels)
        self.family = nn.Embedding(FAMILIES, channels)
        self.genre = nn.Embedding(GENRE_SLOTS, channels)
        self.encoder = nn.ModuleList(Block(channels, d, dropout) for d in _ENCODER)
        self.summary = nn.Linear(channels, channels)
        # The last entry of each table is for a masked value.
        self.values = nn.ModuleList(nn.Embedding(size + 1, channels) for size in self.sizes)
        self.decoder = nn.ModuleList(Block(channels, d, dropout) for d in _DECODER)
        self.norm = nn.LayerNorm(channels)
        self.heads = nn.Linear(channels, sum(self.sizes))

    def encode(
        self, features: Tensor, pitch: Tensor, family: Tensor, genre: Tensor, mask: Tensor
    ) -> Tensor:
        """Read the score.

        features: [B, N, NUM_FEATURES]; pitch, family: int [B, N]; genre: int [B];
        mask: [B, N, 1], 0 for padding. Returns [B, N, C].
        """
        is_drum = family == FAMILIES - 1
        x = self.features(features) + self.pitch(pitch + _DRUM_OFFSET * is_drum)
        x = x + self.family(family) + self.genre(genre)[:, None]
        for i, block in enumerate(self.encoder):
            x = block(x, mask)
            if i == len(self.encoder) // 2 - 1:
                mean = (x * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
                x = x + self.summary(mean)
        return x

    def decode(self, hidden: Tensor, values: Tensor, mask: Tensor) -> list[Tensor]:
        """Predict the attributes.

        hidden: from `encode`; values: bins, -1 for masked ones, int [B, N, A].
        Returns logits by attribute, [B, N, bins] each.
        """
        x = hidden
        for i, table in enumerate(self.values):
            known = values[..., i]
            x = x + table(torch.where(known < 0, self.sizes[i], known))
        for block in self.decoder:
            x = block(x, mask)
        return list(self.heads(self.norm(x)).split(self.sizes, -1))
