"""Validation: nats per note of held-out pieces, in total and per attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from amadeus.corpus.dataset import Batch
from amadeus.tokens.vocabulary import ATTRIBUTES
from amadeus.training.loss import Noise, Objective

EncodeText = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Nats:
    """The bound on the negative log-likelihood of held-out music."""

    per_note: float
    """Nats per row: notes, empty bars and ends."""
    per_attribute: dict[str, float]
    """Its parts."""
    rows: int
    """Rows looked at."""


@torch.no_grad()
def validate(
    objective: Objective,
    batches: Iterable[Batch],
    encode_text: EncodeText | None,
    device: torch.device,
    *,
    precision: torch.dtype = torch.float32,
    seed: int = 0,
) -> Nats:
    """Every row of every batch, with masks fixed by the seed."""
    training = objective.training
    objective.eval()
    generator = torch.Generator(device).manual_seed(seed)
    total = torch.zeros(len(ATTRIBUTES), dtype=torch.float64)
    rows = 0
    for batch in batches:
        tokens = batch.tokens.to(device).long()
        lengths = batch.text_lengths.to(device)
        text = None
        if encode_text is not None:
            text = encode_text(batch.text_ids.to(device), lengths)
        noise = Noise.draw(len(tokens), tokens.shape[1] - 1, generator)
        noise = noise._replace(places=torch.zeros_like(noise.places))  # every row, once
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            losses = objective(
                tokens, text, lengths, noise,
                batch.profile.to(device), batch.profile_lengths.to(device),
            )  # fmt: skip
        total += losses.attribute_nats.double().cpu()
        rows += int(losses.num_rows)
    objective.train(training)
    per_attribute = dict(zip(ATTRIBUTES, (total / max(1, rows)).tolist(), strict=True))
    return Nats(sum(per_attribute.values()), per_attribute, rows)
