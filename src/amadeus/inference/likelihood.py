"""Likelihood: how likely the model finds music, row by row and attribute by attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from amadeus.errors import ConfigError
from amadeus.inference.session import Model, engine_of
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, is_predicted

PredictRow = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(values int [A], known bool [A]) -> logits float [A, V]."""


def nats_of_rows(
    model: Model,
    tokens: np.ndarray,
    *,
    first: int = 1,
    attributes: Sequence[Attribute] | None = None,
    text: np.ndarray | None = None,
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
    drawn = _draw_orders(len(tokens) - first, orders, counted, seed)
    nats = np.zeros((len(tokens) - first, NUM_ATTRIBUTES))
    given = NUM_ATTRIBUTES - len(counted)
    for place, (row, predict) in enumerate(read(model, tokens, first, text)):
        if is_predicted(row[Attribute.TYPE]):
            costs = [_cost(predict, row, order, given) for order in drawn[place]]
            nats[place] = np.mean(costs, axis=0)
    return nats


def _draw_orders(rows: int, orders: int, counted: Sequence[int], seed: int) -> np.ndarray:
    """Random orders of revealing, those that are not counted first. int64 [rows, orders, A]."""
    noise = np.random.default_rng(seed).random((rows, orders, NUM_ATTRIBUTES))
    noise[..., counted] += 1.0
    return noise.argsort(axis=-1)


def read(
    model: Model, tokens: np.ndarray, first: int, text: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, PredictRow]]:
    """Rows first .. N - 1 of tokens [N, A], each with what the model predicts of it.

    A prediction holds until the next row is taken. text: as in `nats_of_rows`.
    """
    rows = np.asarray(tokens, dtype=np.int64)
    engine = engine_of(model, [text], len(rows))
    engine.prefill(0, rows[:first])

    def predict(values: np.ndarray, known: np.ndarray) -> np.ndarray:
        return engine.predict(values[None], known[None])[0]

    for place in range(first, len(rows)):
        engine.enhance()
        yield rows[place], predict
        if place + 1 < len(rows):
            engine.step(rows[place][None])


def _cost(predict: PredictRow, row: np.ndarray, order: np.ndarray, given: int) -> np.ndarray:
    """Nats of each attribute of a row when it is revealed, float64 [A]; 0 for those given.

    order: int [A], of which the first `given` are revealed from the start.
    """
    nats, known = np.zeros(NUM_ATTRIBUTES), np.zeros(NUM_ATTRIBUTES, dtype=bool)
    known[order[:given]] = True
    for attribute in order[given:]:
        logits = predict(row, known)[attribute].astype(np.float64)  # [V]
        logits -= logits.max()
        nats[attribute] = np.log(np.exp(logits).sum()) - logits[row[attribute]]
        known[attribute] = True
    return nats
