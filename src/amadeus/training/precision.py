"""The type of activations in training: whichever the processor multiplies faster."""

from __future__ import annotations

import time
from typing import Literal

import torch

_SIZES = {"cpu": (2048, 512, 512), "cuda": (8192, 8192, 8192)}
"""Rows, inner width and columns of the matrix product that is timed."""


def choose_precision(
    asked: Literal["auto", "float32", "bfloat16"], device: torch.device
) -> torch.dtype:
    """bfloat16 or float32, as asked for; "auto" measures on a CPU, and takes bfloat16 on CUDA."""
    if asked != "auto":
        return getattr(torch, asked)
    if device.type == "cuda":
        return torch.bfloat16
    # Some processors have instructions for bfloat16 that are slower than those for float32.
    return max((torch.float32, torch.bfloat16), key=lambda dtype: peak_flops(dtype, device))


@torch.no_grad()
def peak_flops(dtype: torch.dtype, device: torch.device) -> float:
    """Floating-point operations a second of a large matrix product here, the best of a few."""
    rows, inner, columns = _SIZES["cuda" if device.type == "cuda" else "cpu"]
    left = torch.zeros(rows, inner, dtype=dtype, device=device)
    right = torch.zeros(inner, columns, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(8):
        since = time.perf_counter()
        left @ right
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - since)
    return 2.0 * rows * inner * columns / best
