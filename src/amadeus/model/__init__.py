"""The network: a causal Transformer over notes, and a masked-diffusion decoder inside each note.

Shapes, everywhere below:
    B  pieces in a batch            N  rows (notes and marks) of a piece
    A  attributes of a row (8)      V  largest number of values of an attribute
    D  generator width              E  decoder width
    S  text tokens, padded          T  S + N, the whole sequence: text first, then rows
    H  heads                        K  width of a head
    M  1 + S, the theme: what the generator says at the text and at the first row
"""

from amadeus.model.amadeus import Amadeus
from amadeus.model.config import PRESETS, ModelConfig

__all__ = ["PRESETS", "Amadeus", "ModelConfig"]
