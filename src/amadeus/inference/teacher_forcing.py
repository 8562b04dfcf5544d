"""Pieces of real music under several ways of revealing their rows: what they cost, step by step."""

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
    """float64 [N - 1, A]: what each attribute cost."""
    hits: np.ndarray
    """bool [N - 1, A]: whether its value was the likeliest when it was revealed."""
    predictions: np.ndarray
    """int [N - 1]: how often the model was asked."""

    @property
    def nats_per_row(self) -> float:
        return float(self.nats.sum() / len(self.nats))

    @classmethod
    def empty(cls, rows: int) -> Forced:
        """To be filled in."""
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
    """What the rows of a piece cost when they are revealed as each config says.

    tokens: int [N, A], beginning with START; beyond the model's context the figures say little.
    legal_only: whether only what the grammar allows has any probability, as in composing; without
    it, random orders estimate the bound of `nats_of_rows`.
    seed: of the random orders, the same for all configs.

    Raises GrammarError for rows that are not legal, if that counts.
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
    """The prediction for every set of revealed attributes, asked for once: the values are given."""
    asked: dict[bytes, np.ndarray] = {}

    def logits_of(known: np.ndarray) -> np.ndarray:
        key = known.tobytes()
        if key not in asked:
            asked[key] = predict(row, known)
        return asked[key]

    return logits_of
