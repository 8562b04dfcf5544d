"""Likelihood: how likely the model finds music, row by row and attribute by attribute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from amadeus.errors import ConfigError
from amadeus.model import Amadeus
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, is_predicted

_CHUNK = 128
"""Rows, each with one order, that the decoder sees at once, every step of them: about 100 MB."""


def nats_of_rows(
    model: Amadeus,
    tokens: np.ndarray,
    *,
    first: int = 1,
    attributes: Sequence[Attribute] | None = None,
    text: Tensor | None = None,
    orders: int = 1,
    seed: int = 0,
) -> np.ndarray:
    """Bound on the negative log-likelihood of rows, each given all rows before it, in nats.

    The bound of the training loss: what masked diffusion, its time integrated out, pays for a row
    is the mean over all orders s of its attributes of sum_k -log p(x_s(k) | x_s(1) .. x_s(k-1)).
    Absorbing diffusion and any-order autoregression are one (Hoogeboom et al. 2021, arXiv
    2110.02037; Ou et al. 2024, arXiv 2406.03736). Here some orders are drawn for every row, and
    every attribute is paid for in each: an unbiased estimate, with less noise than the loss.

    tokens: int [N, A], beginning with START, RESUME or FUTURE; beyond the model's context the
    figures say little.
    first: the first row to look at, at least 1; rows first .. N - 1 are.
    attributes: what is counted, all if left out; the others are revealed from the start, cost
    nothing and are zero.
    text: token states of the caption, [S, text_width], or None.
    orders: how many are drawn for every row. seed: of them; the orders of a row depend on it and
    on the row's place after `first` alone, so equal last rows are compared in equal orders.

    Returns float64 [N - first, A]: per attribute, whose sum is the bound of the row. Rows that are
    given rather than composed (START, RESUME, FUTURE, PAD) are zero.
    Raises ConfigError for a `first` outside of 1 .. N, and for orders below 1.
    """
    if not 1 <= first <= len(tokens):
        raise ConfigError(f"first must be 1 to the number of rows, {len(tokens)}, got {first}")
    if orders < 1:
        raise ConfigError(f"orders must be at least 1, got {orders}")
    counted = list(Attribute) if attributes is None else sorted(set(attributes))
    device = model.text_projection.weight.device
    rows = torch.from_numpy(np.asarray(tokens, dtype=np.int64)).to(device)
    drawn = torch.from_numpy(_draw_orders(len(rows) - first, orders, counted, seed)).to(device)
    nats = _nats_along(model, rows, first, drawn, NUM_ATTRIBUTES - len(counted), text)
    nats = nats * is_predicted(rows[first:, Attribute.TYPE])[:, None]
    return nats.cpu().numpy()


def _draw_orders(rows: int, orders: int, counted: Sequence[int], seed: int) -> np.ndarray:
    """Random orders of revealing, those that are not counted first. int64 [rows, orders, A]."""
    noise = np.random.default_rng(seed).random((rows, orders, NUM_ATTRIBUTES))
    noise[..., counted] += 1.0
    return noise.argsort(axis=-1)


@torch.inference_mode()
def _nats_along(
    model: Amadeus, rows: Tensor, first: int, drawn: Tensor, given: int, text: Tensor | None
) -> Tensor:
    """Mean over orders of what each attribute costs, float64 [N - first, A].

    rows: int [N, A]; drawn: int [N - first, O, A], of which the first `given` cost nothing.
    """
    targets = rows[first:]
    orders = drawn.shape[1]
    slots = _slots(model, rows, first, text)  # [N - first, A, E]
    owner = torch.arange(len(targets), device=rows.device).repeat_interleave(orders)
    costs = [
        _cost(model, slots[place], targets[place], order, given)
        for place, order in zip(owner.split(_CHUNK), drawn.flatten(0, 1).split(_CHUNK), strict=True)
    ]
    return torch.cat(costs).view(-1, orders, NUM_ATTRIBUTES).mean(1)


def _slots(model: Amadeus, rows: Tensor, first: int, text: Tensor | None) -> Tensor:
    """What the decoder is told of rows first .. N - 1, [N - first, A, E]. rows: int [N, A]."""
    lengths = None
    if text is not None:
        text = text.to(rows.device)[None]  # [1, S, text_width]
        lengths = torch.tensor([text.shape[1]], device=rows.device)
    context = model.contextualize(rows[None], text, lengths)
    return model.slots(context, context.latents[:, first - 1 : -1])[0]


def _cost(model: Amadeus, slots: Tensor, targets: Tensor, order: Tensor, given: int) -> Tensor:
    """Nats of each attribute when it is revealed, float64 [P, A]; 0 for those given.

    slots: [P, A, E]; targets, order: int [P, A].
    """
    steps = torch.arange(given, NUM_ATTRIBUTES, device=order.device)  # [K]
    masked = order.argsort(-1)[:, None] >= steps[:, None]  # [P, K, A]
    logits = model.decoder(slots[:, None], targets[:, None].expand(masked.shape), masked)
    revealed = order[:, given:]  # [P, K]
    place = revealed[..., None, None].expand(-1, -1, 1, logits.shape[-1])
    logits = logits.gather(2, place)[:, :, 0].double()  # [P, K, V]
    values = targets.gather(1, revealed)  # [P, K]
    nats = -logits.log_softmax(-1).gather(2, values[..., None])[..., 0]
    return nats.new_zeros(targets.shape).scatter(1, revealed, nats)
