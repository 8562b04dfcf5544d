"""Teacher forcing: the reverse process made to reveal a row that is given, and what it pays.

The policy picks attributes as it does in composing, but they take the values of the row. What is
paid for them is the negative log-likelihood of the row under that very sampler at temperature 1:
attributes of one step are drawn independently, each later step knows those before. A policy that
looks at nothing but what is revealed, as confidence does, gives the likelihood itself; random
orders give a bound on it, the one of masked diffusion.
"""

from __future__ import annotations

import numpy as np

from amadeus.diffusion.unmasking import Row, UnmaskConfig
from amadeus.tokens.grammar import VALUES, Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES


class ForcedRow(Row):
    """A row on its way from all [MASK] to the values that it is given."""

    def __init__(
        self, grammar: Grammar, config: UnmaskConfig, noise: np.ndarray, row: np.ndarray
    ) -> None:
        """row: int [A], legal under the grammar. noise: [2, A], for random orders.

        Of the config, the temperature and the nucleus make no difference.
        """
        self.row = row
        self.nats = np.zeros(NUM_ATTRIBUTES)
        """What each attribute cost; 0 where there was no choice."""
        self.hits = np.ones(NUM_ATTRIBUTES, dtype=bool)
        """Whether each was the likeliest value when it was revealed."""
        self.predictions = 0
        """Steps taken."""
        values = np.zeros(NUM_ATTRIBUTES, dtype=np.int64)
        super().__init__(grammar, config, noise, values, np.zeros(len(values), dtype=bool), None)

    def step(self, logits: np.ndarray) -> None:
        """See `Row`."""
        self.predictions += 1
        super().step(logits)

    def _choose(self, attribute: int, legal: np.ndarray, logits: np.ndarray) -> int:
        value = int(self.row[attribute])
        relative = logits.astype(np.float64) - logits.max()
        own = relative[np.searchsorted(legal, value)]
        self.nats[attribute] = np.log(np.exp(relative).sum()) - own
        self.hits[attribute] = own == 0
        return value


class Anything(Grammar):
    """No rules: any value may go with any other, after any row."""

    def allowed(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """See `Grammar`."""
        legal = VALUES.copy()
        legal[known] = False
        legal[known, values[known]] = True
        return legal

    def advance(self, row: np.ndarray) -> None:
        """Nothing follows from a row."""
