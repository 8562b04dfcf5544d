"""A passage of a given piece: what stays, what is resampled, and where new notes may come.

The rows of the passage keep their order. Some attributes of a row may be open, which means that
they are resampled; a row without open attributes stays as it is. New notes come between the rows
that stay. Like constraints, both are products of sets of values, and the grammar intersects them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from amadeus.control.constraint import only
from amadeus.control.engine import NOTHING, Control, plus
from amadeus.control.unisons import Unisons
from amadeus.diffusion.unmasking import LogitBias
from amadeus.errors import ConfigError
from amadeus.music.instruments import program_name
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import VALUES, Grammar
from amadeus.tokens.vocabulary import DRUMS, FIRST_DRUM_PITCH, NULL, Attribute, RowType

_ROW = (Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH)
"""The attributes that distinguish and order the rows of a bar."""
RENEWAL = 5.0
"""Nats against the old value of a resampled attribute, which would mostly be drawn again in a piece
that repeats itself."""
_PLAYABLE = VALUES.copy()
_PLAYABLE[:, NULL] = False


@dataclass(frozen=True, slots=True, eq=False)
class GivenBar:
    """A bar of the passage, as it is in the piece."""

    metre: int
    """Index into METRES."""
    rows: np.ndarray
    """Its notes, or the notes that stay, [K, A]."""
    is_open: np.ndarray
    """Which of their attributes are resampled, bool [K, A]."""
    tempo: np.ndarray | None
    """Value of `tempo` at each of its grid steps, [T]; None if it is resampled."""
    chord: np.ndarray | None
    """Value of `chord` at each grid step, [T]; None if it is resampled."""

    @property
    def ticks(self) -> int:
        """Its length in grid steps, T."""
        return int(v.METRE_TICKS[self.metre])

    @property
    def segments(self) -> list[tuple[int, int]]:
        """First and end grid steps, counted from 0, of segments with one tempo and one chord."""
        changes = np.zeros(self.ticks - 1, dtype=bool)
        for kept in (self.tempo, self.chord):
            if kept is not None:
                changes |= np.diff(kept) != 0
        edges = [0, *(np.flatnonzero(changes) + 1).tolist(), self.ticks]
        return list(pairwise(edges))


class Passage:
    """Applies the bars of a passage to the grammar; a hook for `Request.constrain`."""

    def __init__(
        self,
        control: Control,
        bars: Sequence[GivenBar],
        newcomers: frozenset[int] = frozenset(),
        unisons: Unisons | None = None,
    ) -> None:
        """control: the constraints on what is drawn; bar 0 of its plan is the first bar here.

        newcomers: values of `instrument` for new notes; no row has one of these.
        unisons: of the passage, if its notes are resampled.
        Raises ConfigError for a chord whose notes have no pitches left.
        """
        self._control, self._bars = control, bars
        self._newcomers = only(sorted(newcomers)) if newcomers else None
        self._unisons = unisons
        self._first = np.cumsum([0, *(len(bar.rows) for bar in bars)]).tolist()
        self._highest = [self._highest_pitches(i, bar) for i, bar in enumerate(bars)]
        self._bar, self._place = -1, 0

    def __call__(self, grammar: Grammar) -> LogitBias | None:
        """Permit what may follow the last row; returns the bias on the logits of the next one."""
        self._follow(grammar)
        here, opening = self._here(grammar), self._next_bar(grammar)
        grammar.permit(here, opening, self._control.soft.first)
        return plus(self._control.bias(grammar), self._renewal())

    def _renewal(self) -> np.ndarray | None:
        """The bias against the old values of the next row where they are open, [A, V]."""
        bar, place = self._bar, self._place
        if bar < 0 or place == len(self._bars[bar].rows):
            bar, place = bar + 1, 0
        if bar == len(self._bars) or place == len(self._bars[bar].rows):
            return None
        row, is_open = self._bars[bar].rows[place], self._bars[bar].is_open[place]
        away = np.zeros(VALUES.shape, dtype=np.float32)
        away[is_open, row[is_open]] = -RENEWAL
        away[Attribute.BEAT] = 0.0
        return away if away.any() else None

    def _follow(self, grammar: Grammar) -> None:
        """Take the last row, which is a row of the passage or a new one."""
        bar, row = self._control.bar(grammar), grammar.last
        if bar < 0:
            return
        if bar != self._bar:
            self._bar, self._place = bar, 0
        given = self._bars[bar]
        is_next = self._place < len(given.rows) and (
            self._newcomers is None
            or np.array_equal(row[list(_ROW)], given.rows[self._place][list(_ROW)])
        )
        if is_next and not given.is_open[self._place].any():
            self._control.update_given(row)
        else:
            self._control.update(row, bar)
            if is_next and self._unisons is not None:
                self._unisons.take(self._first[bar] + self._place, row)
        self._place += int(is_next)
        if self._newcomers is not None and self._newcomers[row[Attribute.INSTRUMENT]]:
            self._control.limit_chord(grammar)

    def _here(self, grammar: Grammar) -> np.ndarray:
        """Products for the rest of the current bar, [P, A, V]."""
        if self._control.bar(grammar) < 0:
            return NOTHING
        permission = self._control.permission(grammar)
        given = self._bars[self._bar]
        kind = only([RowType.NOTE])
        if self._place == len(given.rows):
            last = self._bar + 1 == len(self._bars)
            end = permission.end if last else NOTHING
            return np.concatenate([*self._new(permission.notes, given, kind), end])
        row = given.rows[self._place]
        products = list(self._new(permission.notes, given, kind, before=row))
        if not _comes_too_late(row, permission.due, self._control.last_step(given.ticks)):
            products += self._given(self._bar, self._place, kind, grammar.last)
        return np.concatenate([NOTHING, *products])

    def _next_bar(self, grammar: Grammar) -> np.ndarray:
        """Products for the row that opens the next bar, [P, A, V]."""
        index = self._control.bar(grammar) + 1
        over = index == 0 or self._place == len(self._bars[self._bar].rows)
        permission = self._control.permission(grammar)
        if not over or permission.due or index == len(self._bars):
            return NOTHING
        given = self._bars[index]
        kind = only([v.bar_type(given.metre)])
        if not len(given.rows):
            opening = list(self._new(permission.opening, given, kind))
            must_play = opening and not len(permission.rest)
            return np.concatenate([NOTHING, *opening, *([] if must_play else [self._rest(index)])])
        row = given.rows[0]
        products = list(self._new(permission.opening, given, kind, before=row))
        if not _comes_too_late(row, permission.due_next, self._control.last_step(given.ticks)):
            products += self._given(index, 0, kind, np.zeros_like(row))
        return np.concatenate([NOTHING, *products])

    def _new(
        self,
        permitted: np.ndarray,
        given: GivenBar,
        kind: np.ndarray,
        before: np.ndarray | None = None,
    ) -> Iterator[np.ndarray]:
        """Products for new notes, [P, A, V] each. before: the next given row of the bar."""
        if self._newcomers is None or not len(permitted):
            return
        places = [(only(np.arange(1, given.ticks + 1)), self._newcomers)]
        if before is not None:
            beat, instrument = int(before[Attribute.BEAT]), int(before[Attribute.INSTRUMENT])
            earlier = self._newcomers & (np.arange(len(self._newcomers)) < instrument)
            places = [(only(np.arange(1, beat)), self._newcomers), (only([beat]), earlier)]
        for beats, instruments in places:
            for first, end in given.segments:
                products = permitted.copy()
                products[:, Attribute.TYPE] = kind
                products[:, Attribute.BEAT] &= beats & only(np.arange(first + 1, end + 1))
                products[:, Attribute.INSTRUMENT] &= instruments
                if given.tempo is not None:
                    products[:, Attribute.TEMPO] = only([int(given.tempo[first])])
                if given.chord is not None:
                    products[:, Attribute.CHORD] = only([int(given.chord[first])])
                yield products[products.any(-1).all(-1)]

    def _given(self, bar: int, place: int, kind: np.ndarray, last: np.ndarray) -> list[np.ndarray]:
        """Products for a row of the passage, [P, A, V]; last: the row before it."""
        given = self._bars[bar]
        row, is_open = given.rows[place], given.is_open[place]
        product = _of(row, is_open)
        product[Attribute.TYPE] = kind
        if is_open[Attribute.BEAT]:
            product[Attribute.BEAT] = self._beats(given, place, last)
        product[Attribute.PITCH, self._highest[bar][place] + 1 :] = False
        if not is_open.any():
            return [product[None]]
        products = np.repeat(product[None], len(self._planned(bar, row)), axis=0)
        for opened, planned in zip(products, self._planned(bar, row), strict=True):
            opened[is_open] &= planned[is_open]
            if not is_open[Attribute.BEAT]:
                opened[Attribute.BEAT] &= planned[Attribute.BEAT]
        products = products[products.any(-1).all(-1)]
        return [self._without_unisons(products, self._first[bar] + place)]

    def _without_unisons(self, products: np.ndarray, place: int) -> np.ndarray:
        """Products for a row, [P, A, V], without the pitches that would meet another note.

        Where no other pitch is left, they are permitted.
        """
        if self._unisons is None:
            return products
        taken = self._unisons.taken(place)
        if not products[:, Attribute.PITCH, taken].any():
            return products
        others = products.copy()
        others[:, Attribute.PITCH, taken] = False
        others = others[others[:, Attribute.PITCH].any(1)]
        return others if len(others) else products

    def _planned(self, bar: int, row: np.ndarray) -> np.ndarray:
        """What the constraints permit for the instrument of a row in a bar, [P, A, V]."""
        notes = self._control.plan.bar(bar).notes
        return notes[notes[:, Attribute.INSTRUMENT, row[Attribute.INSTRUMENT]]]

    def _beats(self, given: GivenBar, place: int, last: np.ndarray) -> np.ndarray:
        """Beats that a row may move to, bool [V]; notes of an onset move together."""
        old = given.rows[:, Attribute.BEAT]
        if place and old[place] == old[place - 1]:
            return only([int(last[Attribute.BEAT])])
        first = int(last[Attribute.BEAT]) + 1 if place else 1
        to_come = len(np.unique(old[place + 1 :][old[place + 1 :] != old[place]]))
        return only(np.arange(first, given.ticks - to_come + 1))

    def _rest(self, index: int) -> np.ndarray:
        """The product for an empty bar, in its own metre and tempo, [1, A, V]."""
        given, product = self._bars[index], self._control.plan.bar(index).rest[None].copy()
        product[:, Attribute.TYPE] = only([v.rest_type(given.metre)])
        if given.tempo is not None:
            product[:, Attribute.TEMPO] = only([int(given.tempo[0])])
        return product

    def _highest_pitches(self, index: int, bar: GivenBar) -> np.ndarray:
        """The highest value of `pitch` of each row that leaves room for its chord, int [K]."""
        highest = np.full(len(bar.rows), v.SIZES[Attribute.PITCH] - 1)
        if not bar.is_open[:, Attribute.PITCH].any():
            return highest
        for place in reversed(range(len(bar.rows))):
            row = bar.rows[place]
            pitches = _of(row, bar.is_open[place])[Attribute.PITCH]
            pitches &= _of_kind(int(row[Attribute.INSTRUMENT]))
            if bar.is_open[place, Attribute.PITCH]:
                pitches &= self._planned(index, row)[:, Attribute.PITCH].any(0)
            in_chord = place + 1 < len(bar.rows) and np.array_equal(
                row[list(_ROW[:2])], bar.rows[place + 1][list(_ROW[:2])]
            )
            below = highest[place + 1] if in_chord else len(pitches)
            free = np.flatnonzero(pitches[:below])
            if not len(free):
                raise _too_narrow(bar, place)
            highest[place] = free[-1]
        return highest


def _of(row: np.ndarray, is_open: np.ndarray) -> np.ndarray:
    """A row as a product in which open attributes are free, bool [A, V]."""
    product = np.zeros(VALUES.shape, dtype=bool)
    product[np.arange(len(row)), row] = True
    product[is_open] = _PLAYABLE[is_open]
    return product


def _of_kind(instrument: int) -> np.ndarray:
    """The pitches of drums, or of the other instruments, bool [V]."""
    drums = np.arange(VALUES.shape[1]) >= FIRST_DRUM_PITCH
    return drums if instrument == DRUMS else ~drums


def _comes_too_late(row: np.ndarray, due: frozenset[int], last: int) -> bool:
    """Whether a due instrument could no longer play after a row. last: the last beat of the bar.

    On the last beat, notes are in the order of instruments; before it, there is always room.
    """
    on_last = row[Attribute.BEAT] >= last
    return bool(due) and bool(on_last) and int(row[Attribute.INSTRUMENT]) > min(due)


def _too_narrow(bar: GivenBar, place: int) -> ConfigError:
    row = bar.rows[place]
    same = (bar.rows[:, list(_ROW[:2])] == row[list(_ROW[:2])]).all(1)
    program = v.program_of(int(row[Attribute.INSTRUMENT]))
    return ConfigError(
        f"a chord of {int(same.sum())} notes ({program_name(program)}) does not fit into the "
        "pitches that the constraints leave; widen them, or write new notes by leaving out "
        "the attributes"
    )
