"""The keys and values that a layer has computed, kept for the positions that follow."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class CachePositions(NamedTuple):
    """Where T new positions of B pieces are written, and which cached ones they attend to."""

    slots: Tensor
    """int64 [B], the slot of each piece."""
    positions: Tensor
    """int64 [B, T]."""
    width: int = 0
    """Cached positions to attend to; with 0, the new positions only attend to each other."""
    mask: Tensor | None = None
    """The attention mask for the cached positions, broadcastable to [B, H, T, width]."""


class KVCache:
    """Keys and values of one layer for several pieces, each in a slot of its own.

    Its shape does not depend on computed values, so CUDA graphs and compilers can use it.
    """

    def __init__(self, slots: int, heads: int, capacity: int, head_width: int, like: Tensor):
        """capacity: positions per slot. like: a tensor of the wanted type, on the device."""
        self.data = like.new_zeros(2, slots, heads, capacity, head_width)
        """Keys and values, [2, slots, heads, capacity, K]; zero where nothing was written."""

    @property
    def capacity(self) -> int:
        """Positions that each slot has room for."""
        return self.data.shape[3]

    def write(self, at: CachePositions, keys: Tensor, values: Tensor) -> None:
        """keys, values: [B, heads, T, K]."""
        written = torch.stack([keys, values]).permute(1, 3, 0, 2, 4)  # [B, T, 2, heads, K]
        self.data[:, at.slots[:, None], :, at.positions] = written

    def read(self, size: int, width: int) -> tuple[Tensor, Tensor]:
        """The keys and values of the first `size` slots, [size, heads, width, K] each."""
        return self.data[0, :size, :, :width], self.data[1, :size, :, :width]

    def move(self, source: int, target: int) -> None:
        """Copy one slot to another."""
        self.data[:, target] = self.data[:, source]

    def double_slots(self) -> None:
        """Make room for twice as many pieces."""
        self.data = F.pad(self.data, (0, 0) * 3 + (0, self.data.shape[1]))

    def double_capacity(self) -> None:
        """Make room for twice as many positions."""
        self.data = F.pad(self.data, (0, 0, 0, self.capacity))
