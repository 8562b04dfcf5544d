"""The window: the rows of a piece that the network sees.

When it is full, it restarts with RESUME and the latest bars, like the excerpts in training.
"""

from __future__ import annotations

import numpy as np

from amadeus.errors import ConfigError
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import Attribute, RowType, opens_bar


class Window:
    """At most `size` rows."""

    def __init__(self, rows: np.ndarray, size: int) -> None:
        """rows: [N, A]. Raises ConfigError if the rows of FUTURE take too much space."""
        head = last_beginning(rows)
        if head > size // 4 or size < 4:
            raise ConfigError(
                f"{head} rows after the passage do not fit into a quarter of a context of {size}; "
                "give fewer bars after it, or a larger context"
            )
        self.size = size
        self.moved_on = False
        """Whether the last row made the window restart, which invalidates caches."""
        self._rows = list(np.asarray(rows, dtype=np.int64))
        if len(rows) >= size:
            self._move_on()

    @property
    def rows(self) -> np.ndarray:
        """int64 [N, A]."""
        return np.stack(self._rows)

    @property
    def room(self) -> int:
        """Rows until the window restarts."""
        return self.size - len(self._rows)

    def append(self, row: np.ndarray) -> None:
        """Append a row, [A]."""
        self._rows.append(np.asarray(row, dtype=np.int64))
        self.moved_on = len(self._rows) >= self.size
        if self.moved_on:
            self._move_on()

    def _move_on(self) -> None:
        self._rows = list(resume(self.rows, self.size // 2))


def last_beginning(rows: np.ndarray) -> int:
    """Index of the last START or RESUME; the rows before it are the future. rows: [N, A]."""
    begins = np.flatnonzero(np.isin(rows[:, Attribute.TYPE], (RowType.START, RowType.RESUME)))
    return int(begins[-1]) if len(begins) else 0


def resume(rows: np.ndarray, most: int) -> np.ndarray:
    """The future, RESUME, and the last whole bars: at most `most` rows. rows: [N, A].

    A bar that does not fit is cut.
    """
    head = last_beginning(rows)
    first = max(head + 1, len(rows) - (most - head - 1))
    bars = np.flatnonzero(opens_bar(rows[:, Attribute.TYPE]))
    bars = bars[bars >= first]
    first = int(bars[0]) if len(bars) else first
    return np.concatenate([rows[:head], mark(RowType.RESUME), rows[first:]])
