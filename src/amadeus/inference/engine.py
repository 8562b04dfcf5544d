"""What every engine can do: run the network for several pieces, and draw their next rows.

An engine has a slot for every piece. `prefill` reads the rows that are given, `step` reads one more
row of every piece, `enhance` and `predict` are the note decoder, and `unmask` draws rows from its
predictions. Which rows are drawn and read is decided in `session`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from amadeus.diffusion.unmasking import LogitBias, UnmaskConfig
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES


class OpenPiece(NamedTuple):
    """A piece whose next row is to be drawn."""

    grammar: Grammar
    config: UnmaskConfig
    slot: int
    unconditional: int = -1
    """The slot of the piece without its text, or -1."""
    guidance: float = 1.0


class Engine(ABC):
    """The network and its state for B pieces."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of pieces, B."""

    @abstractmethod
    def admit(self, text: np.ndarray | None) -> None:
        """Add a piece after the last one; call `prefill` next.

        text: its caption, [S, text_width], or None. Raises ConfigError if it does not fit.
        """

    @abstractmethod
    def prefill(self, slot: int, rows: np.ndarray) -> None:
        """Read the text and the rows [N, A] of the piece in this slot, from the start."""

    @abstractmethod
    def step(self, rows: np.ndarray) -> None:
        """Read one more row of every piece. rows: int64 [B, A]."""

    @abstractmethod
    def enhance(self) -> None:
        """Turn the latent of every piece into the slots of its next row."""

    @abstractmethod
    def predict(
        self, values: np.ndarray, known: np.ndarray, places: np.ndarray | None = None
    ) -> np.ndarray:
        """Logits of the next row, float32 [M, A, V], for M states of what is known; see `unmask`.

        places: int [M], the slot of each state; by default one state for every slot. The logits of
        known attributes may be anything.
        """

    @abstractmethod
    def retire(self, slot: int) -> None:
        """Remove the piece in this slot; the last piece takes its place."""

    @abstractmethod
    def unmask(
        self, pieces: Sequence[OpenPiece], noise: np.ndarray, biases: Sequence[LogitBias | None]
    ) -> np.ndarray:
        """The next row of each of R pieces as `diffusion.unmask` reveals it, int64 [R, A].

        noise, biases: as in `diffusion.unmask`. Raises GrammarError if a piece cannot go on.
        """

    def compose_ahead(
        self, pieces: Sequence[OpenPiece], noise: Callable[[int], np.ndarray], most: int
    ) -> np.ndarray:
        """Compose and read up to `most` rows of every piece by the grammar alone.

        noise: called with K, the number of rows; returns float64 [K, R, 2, A].

        Returns int64 [K, R, A]; rows after the end of a piece mean nothing. Engines that do not
        compose ahead return no rows.
        """
        return np.zeros((0, len(pieces), NUM_ATTRIBUTES), dtype=np.int64)
