"""Training of a critic on real and composed pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from amadeus.critic.critic import Critic, table
from amadeus.critic.windows import Window

if TYPE_CHECKING:
    import torch

_LEVELS = 41
_NETWORKS, _HIDDEN = 4, 32
_EPOCHS = 40
EPOCHS = _NETWORKS * _EPOCHS
"""Of all networks together."""
_BATCH = 512
_LEARNING_RATE, _WEIGHT_DECAY, _DROPOUT = 3e-3, 0.03, 0.2


def train_critic(
    real: Sequence[Window],
    composed: Sequence[Window],
    progress: Callable[[int], object] = lambda done: None,
) -> Critic:
    """A critic that tells these windows apart. progress: called with the number of EPOCHS done.

    Both kinds weigh the same, however many there are of each. Needs torch.
    """
    import torch
    from torch.nn import functional

    windows = [*real, *composed]
    names = tuple(sorted({name for _, features in windows for name in features}))
    values = table(windows, names)
    quantiles = np.nanquantile(values, np.linspace(0, 1, _LEVELS), axis=0).astype(np.float32)
    nothing = np.zeros((0, 0, 0), np.float32)
    untrained = Critic(names, quantiles, nothing, nothing)
    inputs = torch.from_numpy(untrained.inputs(windows))
    labels = torch.cat([torch.ones(len(real)), torch.zeros(len(composed))])
    weights = torch.where(labels > 0, 0.5 / len(real), 0.5 / len(composed)) * len(labels)
    hidden, output = [], []
    for number in range(_NETWORKS):
        generator = torch.Generator().manual_seed(number)
        width = inputs.shape[1]
        first = torch.randn(_HIDDEN, width, generator=generator) / width**0.5
        last = torch.randn(_HIDDEN + 1, generator=generator) / _HIDDEN**0.5
        parameters = [first.requires_grad_(), last.requires_grad_()]
        optimizer = torch.optim.AdamW(parameters, lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
        for epoch in range(_EPOCHS):
            progress(number * _EPOCHS + epoch)
            for chosen in torch.randperm(len(labels), generator=generator).split(_BATCH):
                seen = _dropped(inputs[chosen], generator)
                units = _dropped((seen @ first.T).relu(), generator)
                loss = functional.binary_cross_entropy_with_logits(
                    units @ last[:-1] + last[-1], labels[chosen], weights[chosen]
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        hidden.append(first.detach().numpy())
        output.append(last.detach().numpy())
    return Critic(names, quantiles, np.stack(hidden), np.stack(output))


def _dropped(values: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Values with some of them set to 0, and the others scaled up."""
    import torch

    kept = torch.rand(values.shape, generator=generator) >= _DROPOUT
    return values * kept / (1 - _DROPOUT)
