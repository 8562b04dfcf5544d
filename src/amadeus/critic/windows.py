"""The passages of a piece that a critic judges: beginnings of several lengths, and the ending."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amadeus.critic.features import measure_features
from amadeus.tokens.vocabulary import Attribute, RowType, has_sound, opens_bar

BEGINNINGS = (2, 4, 8, 12, 16)
"""Bars from the first note on."""
ENDING = 8
"""Bars up to the end."""
WINDOWS = (*(f"{bars} bars" for bars in BEGINNINGS), "ending")

Window = tuple[str, dict[str, float]]
"""One of WINDOWS, and the features of its bars."""


def window_of(bars: int) -> str:
    """The window whose length is nearest to a number of bars."""
    return f"{min(BEGINNINGS, key=lambda length: abs(length - bars))} bars"


def windows_so_far(rows: np.ndarray) -> Iterator[Window]:
    """The windows by which the last bars of a piece are judged while it is composed.

    rows: from START on, int64 [N, A], up to the end of a bar. With END, its ending counts as well.
    """
    ended = bool(rows[-1, Attribute.TYPE] == RowType.END)
    starts = _sounding_bars(rows)
    recent = starts[-BEGINNINGS[-1] :]
    stop = len(rows) - ended
    if len(recent):
        yield window_of(len(recent)), measure_features(rows[recent[0] : stop])
    if ended and len(recent):
        yield WINDOWS[-1], measure_features(rows[starts[-ENDING:][0] : stop], ends=True)


def windows_of_piece(rows: np.ndarray) -> Iterator[Window]:
    """All windows of a whole piece, [N, A], to train a critic with; none of a shorter piece."""
    starts = _sounding_bars(rows)
    if len(starts) < BEGINNINGS[-1]:
        return
    end = len(rows) - 1
    for bars in BEGINNINGS:
        stop = starts[bars] if bars < len(starts) else end
        yield window_of(bars), measure_features(rows[starts[0] : stop])
    yield WINDOWS[-1], measure_features(rows[starts[-ENDING] : end], ends=True)


def _sounding_bars(rows: np.ndarray) -> np.ndarray:
    """The rows that open bars, from the first bar with a note on."""
    types = rows[:, Attribute.TYPE]
    opens, sounding = np.flatnonzero(opens_bar(types)), np.flatnonzero(has_sound(types))
    return opens[opens >= opens[opens <= sounding[0]][-1]] if len(sounding) else opens[:0]
