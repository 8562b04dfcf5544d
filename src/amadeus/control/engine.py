"""The engine: constraints applied to a piece row by row, as masks for its grammar.

A bar's masks come from the plan. What changes within a bar is who still has to play in it, and how
many notes it may still have; masks are made anew only when one of these changes.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from amadeus.control.casting import Demand
from amadeus.control.leaning import Leaning
from amadeus.control.plan import Plan
from amadeus.diffusion.unmasking import Lean
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar
from amadeus.tokens.vocabulary import FIRST_BAR, FIRST_REST, Attribute

PATIENCE = 4
"""Bars in which a demanded instrument may enter of its own accord."""
_NOTHING = np.zeros((0, *VALUES.shape), dtype=bool)
_VALUES = np.arange(MAX_SIZE)


class Control:
    """Applies a plan to the grammar of one piece; a hook for `Request.constrain`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._leaning = Leaning(plan.constraints)
        self._attendance = _Attendance(plan)
        self._counts: Counter[int] = Counter()
        self._state: tuple[object, ...] | None = None
        self._instruments: frozenset[int] = frozenset()

    def __call__(self, grammar: Grammar) -> Lean | None:
        """Permit what may follow the last row; returns what leans on the next one."""
        self.hear(grammar.last, grammar.bars - 1)
        self._permit(grammar)
        return self._leaning.bias(
            grammar.bars - 1, grammar.bar_ticks, self._counts, self._instruments
        )

    def hear(self, row: np.ndarray, bar: int) -> None:
        """Take the last row, [A], and the bar it is in, counted from 0; each row once."""
        if v.opens_bar(row[0]):
            self._counts.clear()
        if v.has_sound(row[0]):
            instrument = int(row[Attribute.INSTRUMENT])
            self._counts[instrument] += 1
            self._attendance.hear(instrument, bar)
        self._leaning.hear(row, bar)

    def _permit(self, grammar: Grammar) -> None:
        here, following = grammar.bars - 1, grammar.bars
        ends = self.plan.num_bars is not None and following >= self.plan.num_bars
        due = self._attendance.due(here)
        due_next = frozenset() if ends else self._attendance.due(following)
        missing = self._attendance.missing
        late = frozenset() if ends or due_next else self._attendance.late(following)
        notes_left = None if grammar.max_notes is None else grammar.max_notes - grammar.notes
        must = missing if notes_left is not None and notes_left <= len(missing) else frozenset()
        limits = self._limits(here, due)
        state = (following, due, due_next, late, must, bool(missing), limits)
        if state == self._state:
            return
        self._state = state
        rows = self._rows_here(grammar, due, must, limits)
        bars = _NOTHING if due or ends else self._rows_next(following, due_next, late, must)
        grammar.permit(rows, bars, self._leaning.first)

    def _limits(self, here: int, due: frozenset[int]) -> tuple[bool, bool, frozenset[int]]:
        """Whether the bar is full, whether what is left is for who is due, and who has had all."""
        if here < 0:
            return False, False, frozenset()
        bar = self.plan.bar(here)
        left = bar.most - self._counts.total()
        done = frozenset(i for i, most in bar.most_of.items() if self._counts[i] >= most)
        return left <= 0, left <= len(due), done

    def _rows_here(
        self,
        grammar: Grammar,
        due: frozenset[int],
        must: frozenset[int],
        limits: tuple[bool, bool, frozenset[int]],
    ) -> np.ndarray:
        """Products for rows in the bar at hand, [P, A, V]."""
        if grammar.bars == 0:
            return _NOTHING
        bar = self.plan.bar(grammar.bars - 1)
        full, reserved, done = limits
        notes = _NOTHING if full else bar.notes
        self._instruments = frozenset(np.flatnonzero(bar.notes[:, Attribute.INSTRUMENT].any(0)))
        notes = _played_by(notes, must) if must else notes
        notes = _played_by(notes, due) if due and reserved else notes
        notes = _played_by(notes, frozenset(range(MAX_SIZE)) - done) if done else notes
        notes = _with_room(notes, due, grammar.bar_ticks) if due else notes
        open_end = self.plan.num_bars is None and self._attendance.missing
        return notes if due or open_end else np.concatenate([notes, bar.end[None]])

    def _rows_next(
        self, index: int, due: frozenset[int], late: frozenset[int], must: frozenset[int]
    ) -> np.ndarray:
        """Products for rows that open the next bar, [P, A, V]."""
        bar = self.plan.bar(index)
        notes = bar.opening
        asked_for = late or must or due
        if late:
            notes = _played_by(notes, late)
        if must:
            notes = _played_by(notes, must)
        if due:
            notes = _played_by(notes, due) if bar.most <= len(due) else notes
            notes = _with_room(notes, due, _shortest(notes))
        # Music that was asked for begins at once.
        if len(notes) and (asked_for or index == 0):
            return notes
        return np.concatenate([notes, bar.rest[None]])


class _Attendance:
    """Who has played, and who still has to."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._played: dict[Demand, set[int]] = {demand: set() for demand in plan.demands}

    def hear(self, instrument: int, bar: int) -> None:
        """Take a note of an instrument, as a value, in a bar counted from 0."""
        for demand, bars in self._played.items():
            if demand.instrument == instrument and demand.constraint.scope.covers(bar):
                bars.add(bar)

    @property
    def missing(self) -> frozenset[int]:
        """Instruments that the piece may not end without."""
        return frozenset(
            d.instrument
            for d, bars in self._played.items()
            if not bars and d.constraint.scope.bars is None
        )

    def late(self, bar: int) -> frozenset[int]:
        """Instruments that it is time to hear, in a bar that they may play in."""
        waiting = [d for d, bars in self._played.items() if not bars]
        late = set()
        for demand in waiting:
            began = demand.constraint.scope.first + PATIENCE
            left = PATIENCE + 1 if demand.deadline is None else demand.deadline + 1 - bar
            if self._may_play(demand, bar) and (bar >= began or left <= len(waiting)):
                late.add(demand.instrument)
        return frozenset(late)

    def due(self, bar: int) -> frozenset[int]:
        """Instruments that a bar, counted from 0, may not go by without."""
        return frozenset(
            d.instrument
            for d, bars in self._played.items()
            if bar not in bars and self._may_play(d, bar) and self._is_due(d, bars, bar)
        )

    def _is_due(self, demand: Demand, played: set[int], bar: int) -> bool:
        if demand.share is None:
            return not played and demand.deadline is not None and bar >= demand.deadline
        num_bars = self._plan.num_bars
        behind = len(played) < demand.needed(bar, num_bars)
        left = sum(b >= bar for b in demand.bars)
        needed = demand.needed(self._plan.horizon - 1, num_bars)
        return behind or (num_bars is not None and needed - len(played) >= left)

    def _may_play(self, demand: Demand, bar: int) -> bool:
        if bar < self._plan.horizon:
            return bar in demand.bars
        return bool(demand.bars) and demand.constraint.scope.covers(bar)


def _played_by(notes: np.ndarray, instruments: frozenset[int]) -> np.ndarray:
    """The notes, [P, A, V], that these instruments play; products of none are left out."""
    notes = notes.copy()
    notes[:, Attribute.INSTRUMENT] &= np.isin(_VALUES, list(instruments))
    return notes[notes[:, Attribute.INSTRUMENT].any(1)]


def _with_room(notes: np.ndarray, due: frozenset[int], last: int) -> np.ndarray:
    """The notes, [P, A, V], after which all that are due can still play in their bar.

    Before the last beat anything may come, for on it they can all play at once. On the last beat,
    where notes are in the order of instruments, nothing may come that is behind one that is due.
    """
    before, on_last = notes.copy(), notes.copy()
    before[:, Attribute.BEAT, last:] = False
    on_last[:, Attribute.BEAT, :last] = False
    on_last[:, Attribute.INSTRUMENT, min(due) + 1 :] = False
    return np.concatenate([before, on_last])


def _shortest(notes: np.ndarray) -> int:
    """Grid steps of the shortest bar that notes [P, A, V] may open."""
    metres = notes[:, Attribute.TYPE, FIRST_BAR:FIRST_REST].any(0)
    return int(v.METRE_TICKS[metres].min())
