"""The network: a causal Transformer over notes, and a masked-diffusion decoder inside each note.

Shapes, everywhere below:
    B  pieces in a batch            N  rows (notes and marks) of a piece
    A  attributes of a row (8)      V  largest number of values of an attribute
    D  generator width              E  decoder width
    S  text tokens, padded          T  S + N, the whole sequence: text first, then rows
    H  heads                        K  width of a head
    M  1 + S, the context memory: latents of the text and of the first row
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amadeus.model.config import PRESETS, ModelConfig

if TYPE_CHECKING:
    from amadeus.model.amadeus import Amadeus

__all__ = ["PRESETS", "Amadeus", "ModelConfig"]


def __getattr__(name: str) -> Any:
    # Only when first used: importing torch takes seconds, and sizes need none of it.
    if name != "Amadeus":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from amadeus.model.amadeus import Amadeus

    return Amadeus
