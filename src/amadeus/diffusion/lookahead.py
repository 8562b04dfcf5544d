"""Whole rows guessed from one prediction, and checked with the next: the same rows, sooner.

A step of `unmask` depends on its noise and on the prediction at hand alone. So the steps to come
are played through with the last prediction, for want of theirs; one prediction for all the states
that they lead through tells how far they were right. From the first wrong one on it goes on with
the right step, which is known by then. That is the idea of speculative sampling (Leviathan et al.
2023, arXiv 2211.17192), with equal noise in the place of rejection: what comes out is not only
distributed as what `unmask` gives, it is the same, in whatever order. It pays where one prediction
for a few states takes less time than a few for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from amadeus.diffusion.unmasking import LogitBias, Row, UnmaskConfig
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

PredictStates = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(of int [M], values int [M, A], known bool [M, A]) -> logits float [M, A, V] of M states, each of
the piece that `of` tells."""


def unmask_ahead(
    predict: PredictStates,
    grammars: Sequence[Grammar],
    configs: Sequence[UnmaskConfig],
    noise: np.ndarray,
    biases: Sequence[LogitBias | None],
) -> np.ndarray:
    """What `unmask` gives, int64 [R, A], with fewer predictions for more states at once."""
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
    """The row after the last right guess, and the prediction for that guess, [A, V].

    chain: guesses, the first one right; logits: [len(chain), A, V].
    """
    guessed = [*chain[1:], None]
    for state, own, guess in zip(chain, logits, guessed, strict=True):
        row = state.after(own)
        if guess is None or not row.equals(guess):
            break
    return row, own


def _guess(row: Row, logits: np.ndarray) -> list[Row]:
    """The row and what it becomes step by step until it is whole, all with one prediction."""
    chain = []
    while not row.is_whole:
        chain.append(row)
        row = row.after(logits)
    return chain
