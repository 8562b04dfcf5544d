"""Sampling: how notes are drawn unless somebody says otherwise."""

from __future__ import annotations

from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.unmasking import Order
from amadeus.tokens.vocabulary import ATTRIBUTES

DEFAULT_TOP_P = (1.0, 0.98, 0.98, 0.95, 0.9, 0.99, 0.98, 0.98)
"""Per attribute. Plain sampling lets a stray instrument in every few bars; with these, statistics
of unconditional pieces come closest to those of real ones (docs/log.md)."""


def sampling_config(
    steps: int = 8,
    temperature: float | tuple[float, ...] = 1.0,
    top_p: float | tuple[float, ...] = DEFAULT_TOP_P,
    order: Order = "confidence",
    threshold: float | None = None,
    fixed_order: tuple[str, ...] = ATTRIBUTES,
) -> UnmaskConfig:
    """How notes are drawn: the fields of `UnmaskConfig`, with our defaults."""
    return UnmaskConfig(
        num_steps=steps, threshold=threshold, temperature=temperature, top_p=top_p, order=order,
        fixed_order=fixed_order,
    )  # fmt: skip
