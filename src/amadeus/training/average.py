"""A moving average of the weights: what a falling learning rate brings, at any time of a run."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor

from amadeus.training.loss import Objective


class WeightAverage:
    """Exponential moving average of a model's weights (Polyak averaging)."""

    def __init__(self, objective: Objective, decay: float) -> None:
        """decay: weight of the average in an update; smaller over the first ones."""
        self.objective = deepcopy(objective).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, objective: Objective, step: int) -> None:
        """Move towards the weights after an update; step counts from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averaged: list[Tensor] = [*self.objective.parameters()]
        torch._foreach_lerp_(averaged, [*objective.parameters()], 1 - decay)
