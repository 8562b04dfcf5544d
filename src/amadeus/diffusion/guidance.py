"""Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598), for logits."""

from __future__ import annotations

import numpy as np


def guide(with_text: np.ndarray, without: np.ndarray, scale: float | np.ndarray) -> np.ndarray:
    """Logits moved by `scale` times the effect of the text: 0 ignores the text, 1 changes nothing.

    with_text, without: logits of the same shape; scale: a number, or an array that broadcasts.
    Returns the logits of p(x | text)^scale p(x)^(1 - scale), up to a constant per distribution.
    """
    # Padding is minus infinity in both.
    change = np.subtract(
        with_text, without, out=np.zeros_like(with_text), where=np.isfinite(with_text)
    )
    return without + scale * change
