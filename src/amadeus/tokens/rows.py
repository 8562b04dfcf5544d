"""Columns of the rows of a piece that follow from its bar lines: bars, metres and onsets.

rows: tokens, [N, A]. Bars count from 0; positions are in grid steps from the first bar line.
"""

from __future__ import annotations

import numpy as np

from amadeus.tokens.vocabulary import METRE_TICKS, Attribute, metre_of, opens_bar


def bar_index(rows: np.ndarray) -> np.ndarray:
    """The bar of every row; -1 before the first bar line. int64 [N]."""
    return np.cumsum(opens_bar(rows[:, Attribute.TYPE])) - 1


def count_bars(rows: np.ndarray) -> int:
    """How many bars the rows open."""
    return int(np.count_nonzero(opens_bar(rows[:, Attribute.TYPE])))


def bar_metres(rows: np.ndarray) -> np.ndarray:
    """Index into METRES of every bar, int64 [M]."""
    types = rows[:, Attribute.TYPE].astype(np.int64)
    return metre_of(types[opens_bar(types)])


def bar_onsets(rows: np.ndarray) -> np.ndarray:
    """Where every bar begins and the last one ends, int64 [M + 1]."""
    return np.concatenate([[0], np.cumsum(METRE_TICKS[bar_metres(rows)])])


def row_onsets(rows: np.ndarray) -> np.ndarray:
    """Where every row is; empty bars are where they begin. int64 [N].

    Every row belongs to a bar: there are none before the first bar line.
    """
    beat = np.maximum(rows[:, Attribute.BEAT].astype(np.int64) - 1, 0)
    return bar_onsets(rows)[bar_index(rows)] + beat
