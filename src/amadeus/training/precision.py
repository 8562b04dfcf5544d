"""The type of activations in training: whichever the processor multiplies faster."""

from __future__ import annotations

import time
from typing import Literal

import torch

_ROWS, _WIDTH = 2048, 512


def choose_precision(
    asked: Literal["auto", "float32", "bfloat16"], device: torch.device
) -> torch.dtype:
    """bfloat16 or float32, as asked for; "auto" measures on a CPU, and takes bfloat16 on CUDA."""
    if asked != "auto":
        return getattr(torch, asked)
    if device.type == "cuda":
        return torch.bfloat16
    # Some processors have instructions for bfloat16 that are slower than those for float32.
    return min((torch.float32, torch.bfloat16), key=_seconds)


@torch.no_grad()
def _seconds(dtype: torch.dtype) -> float:
    """Time of a matrix product, the best of a few."""
    left, right = torch.zeros(_ROWS, _WIDTH, dtype=dtype), torch.zeros(_WIDTH, _WIDTH, dtype=dtype)
    best = float("inf")
    for _ in range(8):
        since = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - since)
    return best
