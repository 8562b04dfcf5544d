"""The loss of decoders whose likelihood is no bound: every attribute is predicted once."""

from __future__ import annotations

import torch
from torch import Tensor

from amadeus.training.loss import Objective


class ExactObjective(Objective):
    """Cross-entropy of all attributes of a row, for a decoder that itself sees what it may."""

    def hide(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """All attributes, with weight 1. uniform: [R, 1 + A]."""
        masked = torch.ones_like(uniform[:, 1:], dtype=torch.bool)
        return masked, uniform.new_ones(len(uniform))
