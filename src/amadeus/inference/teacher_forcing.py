"""The cost of real music under different ways of revealing its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.forcing import Anything, ForcedRow
from amadeus.diffusion.unmasking import NOISE_SHAPE
from amadeus.inference.likelihood import PredictRow, read
from amadeus.inference.session import Model
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Forced:
    """Rows 1 .. N - 1 of a piece, each given all rows before it."""

    nats: np.ndarray
    """float64 [N - 1, A]: the cost of each attribute."""
    hits: np.ndarray
    """bool [N - 1, A]: whether its value was the most likely one when it was revealed."""
    predictions: np.ndarray
    """int [N - 1]: the number of predictions."""

    @property
    def nats_per_row(self) -> float:
        return float(self.nats.sum() / len(self.nats))

    @classmethod
    def empty(cls, rows: int) -> Forced:
        """Arrays to be filled in."""
        shape = (rows, NUM_ATTRIBUTES)
        return cls(np.zeros(shape), np.ones(shape, dtype=bool), np.zeros(rows, dtype=np.int64))


def force(
    model: Model,
    tokens: np.ndarray,
    configs: Sequence[UnmaskConfig],
    *,
    legal_only: bool = True,
    seed: int = 0,
) -> list[Forced]:
    """The cost of the rows of a piece, revealed as each config says.

    tokens: int [N, A], beginning with START; results beyond the model's context are unreliable.
    legal_only: give illegal values no probability, as in composing; without this, random orders
    estimate the bound of `nats_of_rows`.
    seed: of the random orders, the same for all configs.

    Raises GrammarError for illegal rows if `legal_only`.
    """
    grammar = Grammar() if legal_only else Anything()
    rows = len(tokens) - 1
    noise = np.random.default_rng(seed).random((rows, *NOISE_SHAPE))
    found = [Forced.empty(rows) for _ in configs]
    grammar.advance(tokens[0])
    for place, (row, predict) in enumerate(read(model, tokens, 1)):
        logits_of = _remembering(predict, row)
        for config, forced in zip(configs, found, strict=True):
            state = ForcedRow(grammar, config, noise[place], row)
            while not state.is_whole:
                state.step(logits_of(state.known))
            forced.nats[place], forced.hits[place] = state.nats, state.hits
            forced.predictions[place] = state.predictions
        grammar.advance(row)
    return found


def _remembering(predict: PredictRow, row: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Caches the predictions by the set of known attributes; their values are those of the row."""
    asked: dict[bytes, np.ndarray] = {}

    def logits_of(known: np.ndarray) -> np.ndarray:
        key = known.tobytes()
        if key not in asked:
            asked[key] = predict(row, known)
        return asked[key]

    return logits_of
