"""Training of the network on examples, with random masks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from amadeus.errors import ConfigError, TrainingError
from amadeus.performer.attributes import ATTRIBUTES, NAMES
from amadeus.performer.dataset import Example
from amadeus.performer.network import PerformerNetwork

_TEMPO, _PEDAL = NAMES.index("tempo"), NAMES.index("pedal")
_WARMUP = 50
_BEAT_NOTES = 12
"""Tempo is the same for all notes of a beat, so it is masked in runs of this length."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingConfig:
    """Settings of a training run."""

    steps: int = 4200
    batch: int = 6
    """Excerpts per step."""
    notes: int = 192
    """Notes of an excerpt."""
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    dropout: float = 0.1
    average: float = 0.995
    """Decay of the moving average of the weights, which is the result."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "notes"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")


Report = Callable[[int, float], object]
"""Called with the number of steps done and a moving average of the loss."""


def train_performer(
    examples: Sequence[Sequence[Example]],
    shares: Sequence[float],
    config: TrainingConfig,
    report: Report = lambda step, loss: None,
) -> PerformerNetwork:
    """Train a network on sources of examples; returns the moving average of its weights.

    shares: how often an excerpt comes from each source; within one, by the number of notes.
    Raises TrainingError if the loss is not finite.
    """
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    network = PerformerNetwork(dropout=config.dropout)
    average = PerformerNetwork()
    average.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    sizes = [np.array([len(e.pitch) for e in source], dtype=float) for source in examples]
    smooth = math.nan
    for step in range(config.steps):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config.steps)
        chosen = []
        for source in rng.choice(len(examples), config.batch, p=np.array(shares) / sum(shares)):
            weights = sizes[source] / sizes[source].sum()
            chosen.append(examples[source][rng.choice(len(weights), p=weights)])
        loss = _loss(network, *_batch(chosen, config.notes, rng), rng)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss.item()} at step {step}; lower the learning rate"
            )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        decay = min(config.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for own, other in zip(average.parameters(), network.parameters(), strict=True):
                own.lerp_(other, 1 - decay)
        smooth = loss.item() if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss.item()
        report(step + 1, smooth)
    return average.eval()


def _schedule(step: int, steps: int) -> float:
    """A linear warm-up, then half a cosine down to 2 %."""
    return min(1.0, (step + 1) / _WARMUP) * (0.51 + 0.49 * math.cos(math.pi * step / steps))


Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def _batch(chosen: Sequence[Example], notes: int, rng: np.random.Generator) -> Batch:
    """Random excerpts: features, pitch, family, genre, targets and mask.

    Excerpts are transposed by up to 3 semitones, except drums; a quarter has no genre.
    """
    size = len(chosen)
    features = np.zeros((size, notes, chosen[0].features.shape[1]), np.float32)
    pitch, family = (np.zeros((size, notes), np.int64) for _ in range(2))
    targets = np.full((size, notes, len(ATTRIBUTES)), -1, np.int64)
    mask = np.zeros((size, notes, 1), np.float32)
    genre = np.zeros(size, np.int64)
    for i, example in enumerate(chosen):
        begin = int(rng.integers(max(1, len(example.pitch) - notes + 1)))
        length = min(notes, len(example.pitch))
        own = slice(begin, begin + length)
        family[i, :length] = example.family[own]
        shift = int(rng.integers(-3, 4))
        is_pitched = example.family[own] < 16
        pitch[i, :length] = (example.pitch[own].astype(int) + shift * is_pitched).clip(0, 127)
        features[i, :length] = example.features[own]
        features[i, :length, 0] += shift / 20 * is_pitched
        targets[i, :length] = example.targets[own]
        mask[i, :length] = 1
        genre[i] = 0 if rng.random() < 0.25 else example.genre
    arrays = (features, pitch, family, genre, targets, mask)
    return tuple(map(torch.from_numpy, arrays))  # type: ignore[return-value]


def _masked(targets: Tensor, rng: np.random.Generator) -> Tensor:
    """Targets with random values masked as -1. [B, N, A]."""
    size, notes, count = targets.shape
    rate = rng.random((size, 1, count))
    rate[rng.random((size, 1, count)) < 0.3] = 1.0
    rate[rng.random((size, 1, count)) < 0.1] = 0.0
    rate[rng.random(size) < 0.5] = 1.0
    chance = rng.random((size, notes, count))
    runs = rng.random((size, notes // _BEAT_NOTES + 2)).repeat(_BEAT_NOTES, 1)
    chance[:, :, _TEMPO] = runs[:, int(rng.integers(_BEAT_NOTES)) :][:, :notes]
    return torch.where(torch.from_numpy(chance < rate), -1, targets)


def _loss(
    network: PerformerNetwork,
    features: Tensor,
    pitch: Tensor,
    family: Tensor,
    genre: Tensor,
    targets: Tensor,
    mask: Tensor,
    rng: np.random.Generator,
) -> Tensor:
    """Mean cross-entropy of the masked values that are known, each attribute weighing the same."""
    values = _masked(targets, rng)
    hidden = network.encode(features, pitch, family, genre, mask)
    total = torch.zeros(())
    for i, logits in enumerate(network.decode(hidden, values, mask)):
        asked = (values[..., i] < 0) & (targets[..., i] >= 0)
        if not asked.any():
            continue
        log_odds = functional.log_softmax(logits[asked], -1)
        goal = _soft(targets[..., i][asked], logits.shape[-1], 0.0 if i == _PEDAL else 0.8)
        total = total - (goal * log_odds).sum(-1).mean()
    return total


def _soft(bins: Tensor, size: int, spread: float) -> Tensor:
    """One-hot bins, blurred by a Gaussian of `spread` bins. [K, size]."""
    if not spread:
        return functional.one_hot(bins, size).float()
    distance = torch.arange(size)[None] - bins[:, None]
    return torch.softmax(-0.5 * (distance / spread) ** 2, -1)
