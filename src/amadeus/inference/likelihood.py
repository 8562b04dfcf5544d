"""The likelihood of music under the model, by row and attribute."""

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

    The bound of the training loss: with time integrated out, masked diffusion gives the mean over
    all orders s of the attributes of sum_k -log p(x_s(k) | x_s(1) .. x_s(k-1)). Absorbing diffusion
    is equivalent to any-order autoregression (Hoogeboom et al. 2021, arXiv 2110.02037; Ou et al.
    2024, arXiv 2406.03736). Some orders are drawn for every row and all attributes count in each,
    which is an unbiased estimate with less noise than the loss.

    tokens: int [N, A], beginning with START, RESUME or FUTURE; results beyond the model's context
    are unreliable.
    first: the first row to measure, at least 1; the last is N - 1.
    attributes: those to measure, by default all; the others are known from the start, and zero.
    text: token states of the caption, [S, text_width], or None.
    orders: number of orders drawn for every row. seed: of the orders, which only depend on it and
    on the row's distance from `first`, so that equal last rows are compared in equal orders.

    Returns float64 [N - first, A]; the sum over the attributes is the bound of the row. Rows that
    are not composed (START, RESUME, FUTURE, PAD) are zero.
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
    """Random orders; attributes that are not counted come first. int64 [rows, orders, A]."""
    noise = np.random.default_rng(seed).random((rows, orders, NUM_ATTRIBUTES))
    noise[..., counted] += 1.0
    return noise.argsort(axis=-1)


def read(
    model: Model, tokens: np.ndarray, first: int, text: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, PredictRow]]:
    """Yields rows first .. N - 1 of tokens [N, A], each with a function that predicts it.

    The function is valid until the next row is taken. text: as in `nats_of_rows`.
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
    """Nats of each attribute of a row when it is revealed, float64 [A]; 0 for given attributes.

    order: int [A]; the first `given` attributes are known from the start.
    """
    nats, known = np.zeros(NUM_ATTRIBUTES), np.zeros(NUM_ATTRIBUTES, dtype=bool)
    known[order[:given]] = True
    for attribute in order[given:]:
        logits = predict(row, known)[attribute].astype(np.float64)  # [V]
        logits -= logits.max()
        nats[attribute] = np.log(np.exp(logits).sum()) - logits[row[attribute]]
        known[attribute] = True
    return nats
