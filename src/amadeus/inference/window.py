"""The window: the rows that the network sees of a piece that may grow without end.

When it is full, it starts anew with RESUME and the latest bars, which is how the network has seen
excerpts in training.
"""

from __future__ import annotations

import numpy as np

from amadeus.errors import ConfigError
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import Attribute, RowType, opens_bar


class Window:
    """At most `size` rows."""

    def __init__(self, rows: np.ndarray, size: int) -> None:
        """rows: [N, A]. Raises ConfigError where the rows of FUTURE leave no room."""
        head = last_beginning(rows)
        if head > size // 4 or size < 4:
            raise ConfigError(
                f"{head} rows after the passage do not fit into a quarter of a context of {size}; "
                "give fewer bars after it, or a larger context"
            )
        self.size = size
        self.moved_on = False
        """Whether the last row made it start anew, so that what was cached is void."""
        self._rows = list(np.asarray(rows, dtype=np.int64))
        if len(rows) >= size:
            self._move_on()

    @property
    def rows(self) -> np.ndarray:
        """int64 [N, A]."""
        return np.stack(self._rows)

    @property
    def room(self) -> int:
        """Rows until it starts anew."""
        return self.size - len(self._rows)

    def append(self, row: np.ndarray) -> None:
        """Take one more row, [A]."""
        self._rows.append(np.asarray(row, dtype=np.int64))
        self.moved_on = len(self._rows) >= self.size
        if self.moved_on:
            self._move_on()

    def _move_on(self) -> None:
        self._rows = list(resume(self.rows, self.size // 2))


def last_beginning(rows: np.ndarray) -> int:
    """Index of the last START or RESUME: what comes before is the future. rows: [N, A]."""
    begins = np.flatnonzero(np.isin(rows[:, Attribute.TYPE], (RowType.START, RowType.RESUME)))
    return int(begins[-1]) if len(begins) else 0


def resume(rows: np.ndarray, most: int) -> np.ndarray:
    """At most this many rows: the future, RESUME, and the last whole bars. rows: [N, A].

    A bar that is too long for that is cut.
    """
    head = last_beginning(rows)
    first = max(head + 1, len(rows) - (most - head - 1))
    bars = np.flatnonzero(opens_bar(rows[:, Attribute.TYPE]))
    bars = bars[bars >= first]
    first = int(bars[0]) if len(bars) else first
    return np.concatenate([rows[:head], mark(RowType.RESUME), rows[first:]])
