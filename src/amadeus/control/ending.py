"""Endings: what the last bar of a piece prefers, so that the piece ends and does not just stop."""

from __future__ import annotations

from functools import cache

import numpy as np

from amadeus.control.constraint import no_bias
from amadeus.diffusion.unmasking import MOST_LINKS, Link, LogitBias
from amadeus.music.grid import GRID
from amadeus.tokens.grammar import MAX_SIZE, Grammar
from amadeus.tokens.vocabulary import FIRST_BAR, METRE_TICKS, Attribute, RowType

END = 6.0
"""Nats for the end of the piece after each note of the last bar."""
END_AT_ONCE = 2.0
"""The same after a note on its first beat, where the other parts may still come in."""
LONGER = 1.3
"""Nats for notes that last e times as long, up to the end of the bar.

With all three, the last bar has 0.75 times as many notes as other bars, and the last note lasts 1.3
times as long as others; in validation pieces, 0.59 and 1.46 times. Without them, 1.0 and 0.95
times.
"""
BEYOND = -4.0
"""Nats for notes that last beyond the bar."""


def with_ending(bias: LogitBias | None, bars_left: int, grammar: Grammar) -> LogitBias | None:
    """A bias on the next row, with what the ending of the piece prefers.

    bars_left: bars after the current one.
    """
    if bars_left > 1:
        return bias
    given = LogitBias(no_bias()) if bias is None else bias
    if bars_left:  # the next row may open the last bar
        has_room = len(given.links) < MOST_LINKS
        return LogitBias(given.always, (*given.links, _opening())) if has_room else bias
    beat = max(1, int(grammar.last[Attribute.BEAT]))
    always = given.always.copy()
    always[Attribute.TYPE, RowType.END] += END if beat > 1 else END_AT_ONCE
    always[Attribute.DURATION] += _durations(grammar.bar_ticks - beat + 1)
    return LogitBias(always, given.links)


@cache
def _opening() -> Link:
    """The bias on the duration of the note that opens the last bar."""
    table = np.stack([_durations(ticks) for ticks in METRE_TICKS.tolist()])
    return Link(Attribute.TYPE, Attribute.DURATION, table, FIRST_BAR)


@cache
def _durations(left: int) -> np.ndarray:
    """The bias on durations where so many grid steps of the bar are left, float32 [V]."""
    steps = np.arange(MAX_SIZE)
    longer = LONGER * np.log(np.maximum(1, steps) / GRID)
    return np.where(steps > left, BEYOND, longer).astype(np.float32)
