"""Model FLOPs utilization: the arithmetic that an update needs against what the device can do.

Chowdhery et al. 2022 (PaLM, arXiv 2204.02311, appendix B). Padding does not count, and neither
does what is computed twice.
"""

from __future__ import annotations

from torch import nn

from amadeus.model import Amadeus
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

_FORWARD_AND_BACKWARD = 6
"""Operations for every weight and position: a multiplication and an addition, three times."""


class UpdateFlops:
    """Floating-point operations of an update of this model's weights."""

    def __init__(self, model: Amadeus) -> None:
        config = model.config
        decoder, enhancement = model.decoder, model.enhancement
        self.width, self.layers = config.width, config.layers
        self.per_position = _weights(model.generator)
        self.per_prefix = model.text_projection.weight.numel()
        slot = _weights(decoder) + config.decoder_width * decoder.heads.shape[-1]
        if config.enhancement:
            to_theme = enhancement.to_theme
            slot += _weights(enhancement.among_slots)
            slot += _weights(to_theme.query) + _weights(to_theme.output)
            self.per_prefix += _weights(to_theme.key) + _weights(to_theme.value)
        self.per_decoded_row = _weights(enhancement.spread) + NUM_ATTRIBUTES * slot

    def __call__(self, pieces: int, rows: int, prefix: int, decoded_rows: int) -> float:
        """rows, prefix: of all pieces together, without padding; so are the rows decoded."""
        positions = rows + prefix
        weights = (
            positions * self.per_position
            + prefix * self.per_prefix
            + decoded_rows * self.per_decoded_row
        )
        # Queries with keys, and weights with values, of half of all pairs of positions.
        attention = self.layers * self.width * positions * positions / max(1, pieces)
        return float(_FORWARD_AND_BACKWARD * (weights + attention))


def _weights(module: nn.Module) -> int:
    """Weights of the projections within a module."""
    linear = [m for m in module.modules() if isinstance(m, nn.Linear)]
    return sum(m.weight.numel() for m in linear)
