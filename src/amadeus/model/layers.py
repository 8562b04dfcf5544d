"""The layers of all Transformers here.

Pre-norm blocks with parameter-free RMSNorm, normalised queries and keys (QK-norm), rotary
positions, squared ReLU, no biases, and output projections that start at zero, so that a block
begins as the identity.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from amadeus.model.kv_cache import CachePositions, KVCache

Rotary = tuple[Tensor, Tensor]
"""Cosines and sines of positions, as from `RotaryPositions`."""


def rms_norm(x: Tensor) -> Tensor:
    """x scaled to a root mean square of 1 along its last dimension. Same shape."""
    return F.rms_norm(x, (x.shape[-1],))


def linear(width_in: int, width_out: int, *, zero: bool = False) -> nn.Linear:
    """A projection without bias, uniform with variance 1 / width_in, or zero."""
    layer = nn.Linear(width_in, width_out, bias=False)
    bound = (3.0 / width_in) ** 0.5
    nn.init.zeros_(layer.weight) if zero else nn.init.uniform_(layer.weight, -bound, bound)
    return layer


class RotaryPositions(nn.Module):
    """Rotary position embedding (Su et al. 2021, arXiv 2104.09864)."""

    frequencies: Tensor

    def __init__(self, head_width: int, theta: float) -> None:
        super().__init__()
        frequencies = theta ** -(torch.arange(0, head_width, 2) / head_width)
        self.register_buffer("frequencies", frequencies, persistent=False)  # [K / 2]

    def forward(self, positions: Tensor) -> Rotary:
        """Cosines and sines of positions, float32 [..., 1, T, K / 2]. positions: [..., T]."""
        angles = positions[..., None, :, None].float() * self.frequencies
        return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the two halves of each head by its position. x: [B, H, T, K]. Same shape and type."""
    left, right = x.float().chunk(2, dim=-1)
    turned = left * cos - right * sin, left * sin + right * cos
    return torch.cat([half.type_as(x) for half in turned], dim=-1)


class Attention(nn.Module):
    """Multi-head attention with normalised, optionally rotated, queries and keys."""

    def __init__(
        self, width: int, heads: int, kv_heads: int, memory_width: int | None = None
    ) -> None:
        super().__init__()
        self.heads, self.kv_heads = heads, kv_heads
        head_width = width // heads
        self.query = linear(width, width)
        self.key = linear(memory_width or width, kv_heads * head_width)
        self.value = linear(memory_width or width, kv_heads * head_width)
        self.output = linear(width, width, zero=True)

    def queries(self, x: Tensor) -> Tensor:
        """x: [B, T, D]. Returns [B, H, T, K]."""
        return rms_norm(self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2))

    def keys_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """memory: [B, M, width of the memory]. Returns two of [B, kv_heads, M, K]."""
        keys = self.key(memory).unflatten(-1, (self.kv_heads, -1)).transpose(1, 2)
        values = self.value(memory).unflatten(-1, (self.kv_heads, -1)).transpose(1, 2)
        return rms_norm(keys), values

    def project(self, x: Tensor, rotary: Rotary | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [B, H, T, K], keys and values [B, kv_heads, T, K] of x, [B, T, D]."""
        # Gradients add up in the order of these products, so runs repeat only if it stays.
        if rotary is None:
            keys, values = self.keys_values(x)
            return self.queries(x), keys, values
        queries = rotate(self.queries(x), *rotary)
        keys, values = self.keys_values(x)
        return queries, rotate(keys, *rotary), values

    def forward(
        self, x: Tensor, rotary: Rotary | None = None, *, causal: bool = False,
        cache: KVCache | None = None, at: CachePositions | None = None,
    ) -> Tensor:  # fmt: skip
        """Self-attention. x: [B, T, D]. Same shape.

        cache: remembers keys and values at positions `at`. If these positions attend to the cache,
        T is 1, and `causal` makes no difference.
        """
        queries, keys, values = self.project(x, rotary)
        if cache is not None and at is not None:
            cache.write(at, keys, values)
            if at.width:
                return self.attend_to_cache(queries, *cache.read(len(x), at.width), at.mask)
        return self.attend(queries, keys, values, causal=causal)

    def attend_to_cache(
        self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Attention of one position per piece. queries: [B, H, 1, K]; keys, values: [B, kv_heads,
        M, K]. Returns [B, 1, D]."""
        size, kv_heads, _, width = keys.shape
        # The queries that share a key take the place of positions: no key is copied.
        grouped = queries.view(size, kv_heads, -1, width)
        mixed = F.scaled_dot_product_attention(grouped, keys, values, attn_mask=mask)
        return self.output(self.merge_groups(mixed))

    def merge_groups(self, mixed: Tensor) -> Tensor:
        """[B, kv_heads, H / kv_heads, K] to [B, 1, D]."""
        return mixed.reshape(len(mixed), 1, -1)

    def attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None,
        causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """Attention and the output projection. mask: bool, broadcastable to [B, H, T, M]; False
        hides.

        Returns [B, T, D].
        """
        mixed = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=causal,
            enable_gqa=self.heads != self.kv_heads,
        )  # fmt: skip
        return self.output(mixed.transpose(1, 2).flatten(2))


class _SquaredReLU(torch.autograd.Function):
    """relu(x)^2 with a single saved tensor: half of the memory traffic of the two operations."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        positive = F.relu(x)
        ctx.save_for_backward(positive)
        return positive.square()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (positive,) = ctx.saved_tensors
        return (gradients[0] * positive).mul_(2)


def squared_relu(x: Tensor) -> Tensor:
    """The square of max(x, 0) (So et al. 2021, arXiv 2109.08668). Same shape."""
    return _SquaredReLU.apply(x) if torch.is_grad_enabled() else F.relu(x).square()


class MLP(nn.Module):
    """Two projections with a squared ReLU between them."""

    def __init__(self, width: int, ratio: int) -> None:
        super().__init__()
        self.up = linear(width, ratio * width)
        self.down = linear(ratio * width, width, zero=True)

    def forward(self, x: Tensor) -> Tensor:
        """x: [..., width]. Same shape."""
        return self.down(squared_relu(self.up(x)))


class Block(nn.Module):
    """Self-attention, then an MLP."""

    def __init__(self, width: int, heads: int, kv_heads: int, mlp_ratio: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads, kv_heads)
        self.mlp = MLP(width, mlp_ratio)

    def forward(
        self, x: Tensor, rotary: Rotary | None = None, *, causal: bool = False,
        cache: KVCache | None = None, at: CachePositions | None = None,
    ) -> Tensor:  # fmt: skip
        """x: [B, T, D]. Same shape. The other arguments are those of `Attention`."""
        x = x + self.attention(rms_norm(x), rotary, causal=causal, cache=cache, at=at)
        return x + self.mlp(rms_norm(x))
