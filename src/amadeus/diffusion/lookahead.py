"""Speculative unmasking: guesses whole rows from one prediction and checks them with the next.

A step of `unmask` only depends on its noise and its prediction. All remaining steps are therefore
guessed with the last prediction, and one batched prediction of the guessed states shows how many
guesses were right. After the first wrong guess, the right step is known, and guessing continues
from there. This is speculative sampling (Leviathan et al. 2023, arXiv 2211.17192) with equal noise
instead of rejection, so the rows are exactly those of `unmask`. It is faster where predicting
several states at once takes less time than predicting them one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from amadeus.diffusion.unmasking import LogitBias, Row, UnmaskConfig
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

PredictStates = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(of int [M], values int [M, A], known bool [M, A]) -> logits float [M, A, V] of M states; `of` is
the index of each state's piece."""


def unmask_ahead(
    predict: PredictStates,
    grammars: Sequence[Grammar],
    configs: Sequence[UnmaskConfig],
    noise: np.ndarray,
    biases: Sequence[LogitBias | None],
) -> np.ndarray:
    """The rows of `unmask`, int64 [R, A], from fewer predictions of more states each."""
    values = np.zeros((len(grammars), NUM_ATTRIBUTES), dtype=np.int64)
    known = np.zeros(values.shape, dtype=bool)
    rows = [
        Row(*given) for given in zip(grammars, configs, noise, values, known, biases, strict=True)
    ]
    guesses = {piece: [row] for piece, row in enumerate(rows) if not row.is_whole}
    while guesses:
        of = np.repeat(list(guesses), [len(chain) for chain in guesses.values()])
        states = [state for chain in guesses.values() for state in chain]
        logits = predict(
            of, np.stack([s.values for s in states]), np.stack([s.known for s in states])
        )
        for piece, chain in list(guesses.items()):
            rows[piece], last = _check(chain, logits[of == piece])
            guesses[piece] = _guess(rows[piece], last)
            if not guesses[piece]:
                del guesses[piece]
    return np.stack([row.values for row in rows])


def _check(chain: Sequence[Row], logits: np.ndarray) -> tuple[Row, np.ndarray]:
    """The row after the last right guess, and its prediction, [A, V].

    chain: guesses, the first one right; logits: [len(chain), A, V].
    """
    guessed = [*chain[1:], None]
    for state, own, guess in zip(chain, logits, guessed, strict=True):
        row = state.after(own)
        if guess is None or not row.equals(guess):
            break
    return row, own


def _guess(row: Row, logits: np.ndarray) -> list[Row]:
    """The row and its next steps until it is whole, all with the same prediction."""
    chain = []
    while not row.is_whole:
        chain.append(row)
        row = row.after(logits)
    return chain
