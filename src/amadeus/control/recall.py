"""Recall: lets bars return, note by note, where the other constraints allow it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.control.constraint import Guide, Tracker, only
from amadeus.music.sections import Section
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import VALUES
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, RowType

VARIED = 0.25
"""Share of the onsets of a varied section whose highest note is drawn again."""
STEP = 4
"""How many semitones it may move."""
LONG = 4
"""Sections of at least this many bars may end differently each time."""
_ORDER = [Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH]
_OPEN = [Attribute.PITCH, Attribute.DURATION, Attribute.VELOCITY]
"""What is drawn again of a varied note."""
_BY_IMPORTANCE = [
    Attribute.TYPE, Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH, Attribute.CHORD,
    Attribute.TEMPO, Attribute.DURATION, Attribute.VELOCITY,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecalledBar:
    """A bar that returns."""

    source: int
    """The earlier bar, counted from 0."""
    is_varied: bool = False
    """Whether some notes are drawn again."""


def recalled_bars(sections: Sequence[Section]) -> list[RecalledBar | None]:
    """Where each bar of a form returns from; None for new bars.

    The last bar of a section is new if something else follows than did the first time, and so is
    that of the piece, because it has to end. A varied section ends with two new bars.
    """
    bars: list[RecalledBar | None] = []
    first: dict[str, tuple[int, int, str]] = {}  # by label: first bar, length, what follows
    for section, follower in zip(sections, [*sections[1:], None], strict=True):
        length, following = section.bars or 0, "" if follower is None else follower.label
        known = first.setdefault(section.label, (len(bars), length, following))
        begin, known_length, known_following = known
        if begin == len(bars):
            bars += [None] * length
            continue
        same = min(length, known_length)
        if length >= LONG and (section.variation or following != known_following or not following):
            same = min(same, length - (2 if section.variation and length >= 2 * LONG else 1))
        varied = section.variation > 0
        bars += [RecalledBar(begin + place, varied) for place in range(same)]
        bars += [None] * (length - same)
    return bars


class Recall(Tracker):
    """Remembers the bars that return, and guides the notes where they do."""

    def __init__(self, bars: Sequence[RecalledBar | None]) -> None:
        self._bars = bars
        self._kept = {bar.source for bar in bars if bar is not None}
        self._rows: dict[int, list[np.ndarray]] = {bar: [] for bar in self._kept}
        self._bar, self._place = -1, 0
        """The current bar, and the place of its next note in the bar that returns."""

    def update(self, row: np.ndarray, bar: int) -> None:
        self._bar, self._place = bar, 0 if v.opens_bar(row[0]) else self._place
        if bar in self._kept:
            self._rows[bar].append(row.copy())
        here = self._recalled(bar)
        if here is not None:
            self._place = _place_after(self._rows[here.source], self._place, row)

    def guide(self) -> Guide | None:
        here, following = self._recalled(self._bar), self._recalled(self._bar + 1)
        if here is None and following is None:
            return None
        note = None if here is None else self._next_note(here)
        opening = None if following is None else self._product(following, 0)
        return Guide(note, opening, None if here is None else note is not None)

    def _recalled(self, bar: int) -> RecalledBar | None:
        return self._bars[bar] if 0 <= bar < len(self._bars) else None

    def _next_note(self, bar: RecalledBar) -> np.ndarray | None:
        """The next note of the bar that returns, bool [A, V]; None after its last note."""
        if self._place == len(self._rows[bar.source]):
            return None
        product = self._product(bar, self._place)
        product[Attribute.TYPE] = only([RowType.NOTE])
        return product

    def _product(self, bar: RecalledBar, place: int) -> np.ndarray:
        """A row of the bar that returns, with open attributes if it is varied, bool [A, V]."""
        rows = self._rows[bar.source]
        row, product = rows[place], np.zeros(VALUES.shape, dtype=bool)
        product[np.arange(NUM_ATTRIBUTES), row] = True
        if bar.is_varied and self._is_varied(rows, place):
            product[_OPEN] = VALUES[_OPEN]
            pitch = int(row[Attribute.PITCH])
            product[Attribute.PITCH, : max(1, pitch - STEP)] = False
            product[Attribute.PITCH, pitch + STEP + 1 :] = False
            product[Attribute.PITCH, pitch] = False
        return product

    def _is_varied(self, rows: list[np.ndarray], place: int) -> bool:
        """Whether a note is drawn again: some of those that are the highest of their chord."""
        row = rows[place]
        if not v.has_sound(row[0]) or row[Attribute.INSTRUMENT] == v.DRUMS:
            return False
        after = rows[place + 1] if place + 1 < len(rows) else None
        is_highest = after is None or tuple(after[_ORDER[:2]]) != tuple(row[_ORDER[:2]])
        chance = np.random.default_rng([self._bar + 1, place, *row.tolist()]).random()
        return bool(is_highest and chance < VARIED)


def _place_after(rows: Sequence[np.ndarray], place: int, row: np.ndarray) -> int:
    """The place of the next note after a row, [A], that was composed for the one at `place`."""
    if place < len(rows) and np.array_equal(rows[place][_ORDER[:2]], row[_ORDER[:2]]):
        place += 1
    while place < len(rows) and tuple(rows[place][_ORDER]) <= tuple(row[_ORDER]):
        place += 1
    return place


def restricted(products: np.ndarray, guide: np.ndarray | None) -> np.ndarray:
    """Products [P, A, V] restricted to a guide [A, V], an attribute at a time where possible."""
    if guide is None or not len(products):
        return products
    for attribute in _BY_IMPORTANCE:
        narrowed = products[:, attribute] & guide[attribute]
        fits = narrowed.any(1)
        if fits.any():
            products = products[fits].copy()
            products[:, attribute] = narrowed[fits]
    return products
