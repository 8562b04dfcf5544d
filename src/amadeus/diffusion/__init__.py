"""Masked diffusion over the attributes of a row. Independent of the network.

Shapes: R rows at once, A = 8 attributes, V the largest number of values of an attribute.
"""

from amadeus.diffusion.guidance import guide
from amadeus.diffusion.lookahead import unmask_ahead
from amadeus.diffusion.unmasking import UnmaskConfig, unmask

__all__ = ["UnmaskConfig", "guide", "unmask", "unmask_ahead"]
