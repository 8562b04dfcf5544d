"""Teacher forcing: reveals a given row as the sampler would, and measures its likelihood.

The policy picks attributes as in composing, but they take the values of the row. The cost is the
negative log-likelihood of the row under this sampler at temperature 1: attributes of one step are
drawn independently, and later steps know the earlier ones. A policy that only depends on what is
revealed, such as confidence, gives the exact likelihood; random orders give the bound of masked
diffusion.
"""

from __future__ import annotations

import numpy as np

from amadeus.diffusion.unmasking import Row, UnmaskConfig
from amadeus.tokens.grammar import VALUES, Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES


class ForcedRow(Row):
    """A row that is revealed with given values."""

    def __init__(
        self, grammar: Grammar, config: UnmaskConfig, noise: np.ndarray, row: np.ndarray
    ) -> None:
        """row: int [A], legal under the grammar. noise: [2, A], for random orders.

        The temperature, top_p and min_p of the config have no effect.
        """
        self.row = row
        self.nats = np.zeros(NUM_ATTRIBUTES)
        """The cost of each attribute; 0 if only one value was possible."""
        self.hits = np.ones(NUM_ATTRIBUTES, dtype=bool)
        """Whether each value was the most likely one when it was revealed."""
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
    """A grammar without rules."""

    def allowed(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """See `Grammar`."""
        legal = VALUES.copy()
        legal[known] = False
        legal[known, values[known]] = True
        return legal

    def advance(self, row: np.ndarray) -> None:
        """Does nothing."""
