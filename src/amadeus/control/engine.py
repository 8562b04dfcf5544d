"""The engine applies the constraints row by row, as masks for the grammar of a piece.

The masks of a bar come from the plan. Within a bar, the instruments that still have to play and the
number of notes left change; the masks are only rebuilt when one of these does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf

import numpy as np

from amadeus.control.casting import Attendance
from amadeus.control.chord_size import ChordSizeLimit
from amadeus.control.constraint import Guide, Moment, Note, Room, only
from amadeus.control.ending import with_ending
from amadeus.control.plan import Plan
from amadeus.control.recall import restricted
from amadeus.control.soft_constraints import SoftConstraints
from amadeus.diffusion.unmasking import LogitBias
from amadeus.music.grid import GRID
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar
from amadeus.tokens.rows import bar_index
from amadeus.tokens.vocabulary import FIRST_REST, Attribute, RowType

OFF_BEAT = 8.0
"""Nats against notes on steps of the beat that the other parts do not use."""
NOTHING = np.zeros((0, *VALUES.shape), dtype=bool)
_VALUES = np.arange(MAX_SIZE)
_END = VALUES[None].copy()
"""The end of the piece, [1, A, V]."""
_END[:, Attribute.TYPE] = only([RowType.END, RowType.JOIN])


@dataclass(frozen=True, slots=True, eq=False)
class Permission:
    """What may come next, as products, bool [P, A, V]; no products for what may not."""

    notes: np.ndarray
    """Notes in the current bar."""
    end: np.ndarray
    """The end of the piece."""
    opening: np.ndarray
    """Notes that open the next bar."""
    rest: np.ndarray
    """The next bar, if it is empty."""
    due: frozenset[int]
    """Values of `instrument` that have to play before the current bar ends."""
    due_next: frozenset[int]
    """The same for the next bar."""


class Control:
    """Applies a plan to the grammar of one piece; a hook for `Request.constrain`."""

    def __init__(self, plan: Plan, first_bar: int = 0, *, steps: np.ndarray | None = None) -> None:
        """first_bar: given bars of the piece, after which the plan begins.

        steps: the steps of a quarter note that are favoured beside other parts, bool [GRID].
        """
        self.plan, self.first_bar = plan, first_bar
        self.soft = SoftConstraints(plan.constraints)
        self._attendance = Attendance(plan.demands, plan.horizon, plan.num_bars)
        self._counts: Counter[int] = Counter()
        self._chords = ChordSizeLimit(usually=steps is not None)
        self._steps = steps
        self._off_beat = None if steps is None else _away_from(~steps)
        self._state: tuple[object, ...] | None = None
        self._is_guided = False
        """Whether the grammar permits less than the constraints do."""
        self._permission = Permission(NOTHING, NOTHING, NOTHING, NOTHING, frozenset(), frozenset())

    def __call__(self, grammar: Grammar) -> LogitBias | None:
        """Permit what may follow the last row; returns the bias on the logits of the next one."""
        if self.bar(grammar) >= 0:
            self.update(grammar.last, self.bar(grammar))
        self.limit_chord(grammar)
        before = self._permission
        now = self.permission(grammar)
        guide = self.soft.guide()
        if guide is not None:
            self._permit(grammar, guided(now, guide))
            self._is_guided = True
        if self._is_guided and (guide is None or not len(grammar.possible().sets)):
            self._permit(grammar, now)
            self._is_guided = False
        elif now is not before and guide is None:
            self._permit(grammar, now)
        return self.bias(grammar)

    def _permit(self, grammar: Grammar, permission: Permission) -> None:
        grammar.permit(
            np.concatenate([permission.notes, permission.end]),
            np.concatenate([permission.opening, permission.rest]),
            self.soft.first,
        )

    def bar(self, grammar: Grammar) -> int:
        """The current bar, counted from the first bar of the plan; negative before it."""
        return grammar.bars - 1 - self.first_bar

    def update(self, row: np.ndarray, bar: int) -> None:
        """Take the next composed row, [A], and its bar, counted from the first bar of the plan."""
        if v.opens_bar(row[0]):
            self._counts.clear()
        if v.has_sound(row[0]):
            instrument = int(row[Attribute.INSTRUMENT])
            self._counts[instrument] += 1
            self._attendance.update(instrument, bar)
        self._chords.update(row)
        self.soft.update(row, bar)

    def update_given(self, row: np.ndarray) -> None:
        """Take the next given row, [A]; constraints only apply to composed rows."""
        if v.opens_bar(row[0]):
            self._counts.clear()
        self._chords.update(row)

    def follow(self, rows: np.ndarray, bars: int = 0) -> None:
        """Take rows that were composed under this plan, [N, A]. bars: how many began before."""
        for row, bar in zip(rows.astype(np.int64), bar_index(rows).tolist(), strict=True):
            self.update(row, bars + bar)

    def limit_chord(self, grammar: Grammar) -> None:
        """Close a chord that has as many notes as its instrument can play at once."""
        self._chords.limit(grammar)

    def bias(self, grammar: Grammar) -> LogitBias | None:
        """The bias on the logits of the next row."""
        bar = self.bar(grammar)
        instruments = self.plan.bar(bar).players if bar >= 0 else frozenset()
        moment = Moment(max(bar, 0), grammar.bar_ticks, self._counts, instruments)
        bias = plus(self.soft.bias(moment), self._off_beat)
        if self.plan.is_passage or self.plan.num_bars is None:
            return bias
        return with_ending(bias, self.plan.num_bars - 1 - bar, grammar)

    def last_step(self, bar_ticks: int) -> int:
        """The last favoured beat of a bar, counted from 1."""
        if self._steps is None:
            return bar_ticks
        return 1 + int(np.flatnonzero(self._steps[np.arange(bar_ticks) % GRID])[-1])

    def permission(self, grammar: Grammar) -> Permission:
        """What may follow the last row; the same object as before if nothing has changed."""
        here = self.bar(grammar)
        following = here + 1
        ends = self.plan.num_bars is not None and following >= self.plan.num_bars
        due = self._attendance.due(here) if here >= 0 else frozenset()
        due_next = frozenset() if ends else self._attendance.due(following)
        missing = self._attendance.missing
        late = frozenset() if ends or due_next else self._attendance.late(following)
        notes_left = inf if grammar.max_notes is None else grammar.max_notes - grammar.notes
        must = missing if notes_left <= len(missing) else frozenset()
        limits = self._limits(here, due)
        banned = self._banned(here, grammar.bar_ticks, due, notes_left, self._counts)
        shortest = 0 if ends else min(self.plan.bar(following).lengths, default=0)
        banned_next = self._banned(following, shortest, due_next, notes_left, Counter())
        goes_on = bool(due) or not all(tracker.may_close() for _, tracker in self.soft.trackers)
        stays = goes_on or (self.plan.num_bars is None and bool(missing))
        state = (following, due, due_next, late, must, stays, goes_on, limits, banned, banned_next)
        if state != self._state:
            self._state = state
            end = NOTHING if here < 0 or stays else _END
            opening = rest = NOTHING
            if not (goes_on or ends):
                opening, rest = self._next_bar(following, due_next, late, must)
                opening = _without(opening, banned_next)
            notes = self._notes(here, self.last_step(max(1, grammar.bar_ticks)), due, must, limits)
            notes = _without(notes, banned)
            self._permission = Permission(notes, end, opening, rest, due, due_next)
        return self._permission

    def _banned(
        self,
        index: int,
        bar_ticks: int,
        due: frozenset[int],
        notes_left: float,
        counts: Counter[int],
    ) -> frozenset[Note]:
        """Notes that trackers ban in a bar, counted from 0, with these notes so far."""
        trackers = [t for scope, t in self.soft.trackers if index >= 0 and scope.covers(index)]
        if not (trackers and bar_ticks):
            return frozenset()
        bar = self.plan.bar(index)
        left = min(bar.most - counts.total(), notes_left)

        def room(note: Note) -> Room:
            beat, instrument, _ = note
            still_due = due - {instrument}
            done = (bar.most_of.get(i, inf) <= counts[i] + (i == instrument) for i in bar.players)
            # On the last beat, the order of instruments would limit those that are due.
            end = bar_ticks - bool(still_due)
            full = left < 2 or all(done)
            return Room(0 if full else bar.room(end, beat), not still_due)

        return frozenset[Note]().union(*(tracker.banned(index, room) for tracker in trackers))

    def _limits(self, here: int, due: frozenset[int]) -> tuple[bool, bool, frozenset[int]]:
        """Whether the bar is full, whether only due instruments may play, and which are done."""
        if here < 0:
            return False, False, frozenset()
        bar = self.plan.bar(here)
        left = bar.most - self._counts.total()
        done = frozenset(i for i, most in bar.most_of.items() if self._counts[i] >= most)
        return left <= 0, left <= len(due), done

    def _notes(
        self,
        here: int,
        last: int,
        due: frozenset[int],
        must: frozenset[int],
        limits: tuple[bool, bool, frozenset[int]],
    ) -> np.ndarray:
        """Products for notes in the current bar, [P, A, V]. last: its last beat."""
        if here < 0:
            return NOTHING
        full, reserved, done = limits
        bar = self.plan.bar(here)
        if full or bar.players <= done:
            return NOTHING
        able = bar.players - done if done else frozenset()
        notes = _played_by(bar.notes, must, due if reserved else frozenset(), able)
        return _with_room(notes, due, last) if due else notes

    def _next_bar(
        self, index: int, due: frozenset[int], late: frozenset[int], must: frozenset[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Products for notes that open the next bar, and for an empty bar, [P, A, V] each."""
        bar = self.plan.bar(index)
        reserved = bar.most <= len(due)
        notes = _played_by(bar.opening, late, must, due if reserved else frozenset())
        if due:
            notes = _with_room(notes, due, self.last_step(min(bar.lengths)))
        # Required music begins in the first bar.
        begins = late or must or due or (index == 0 and not self.plan.is_passage)
        return notes, NOTHING if len(notes) and begins else bar.rest[None]


def guided(permission: Permission, guide: Guide) -> Permission:
    """What may come next, restricted to what should."""
    notes, end = permission.notes, permission.end
    opening, rest = permission.opening, permission.rest
    if guide.opening is not None:
        opening, rest = restricted(opening, guide.opening), restricted(rest, guide.opening)
        is_rest = guide.opening[Attribute.TYPE, FIRST_REST:].any()
        if is_rest and len(rest):
            opening = NOTHING
        elif not is_rest and len(opening):
            rest = NOTHING
    if guide.goes_on and len(notes):
        notes, end, opening, rest = restricted(notes, guide.note), NOTHING, NOTHING, NOTHING
    elif guide.goes_on is False and (len(end) or len(opening) or len(rest)):
        notes = NOTHING
    return replace(permission, notes=notes, end=end, opening=opening, rest=rest)


def plus(bias: LogitBias | None, always: np.ndarray | None) -> LogitBias | None:
    """A bias plus a table that always applies, [A, V]."""
    if always is None:
        return bias
    return LogitBias(always) if bias is None else LogitBias(bias.always + always, bias.links)


def _away_from(steps: np.ndarray) -> np.ndarray:
    """A bias against these steps of a quarter note, bool [GRID], in every bar, [A, V]."""
    bias = np.zeros(VALUES.shape, dtype=np.float32)
    bias[Attribute.BEAT] = np.where(steps[(_VALUES - 1) % GRID], -OFF_BEAT, 0.0)
    return bias


def _played_by(notes: np.ndarray, *groups: frozenset[int]) -> np.ndarray:
    """The notes, [P, A, V], of instruments that are in all groups that are not empty."""
    for instruments in filter(None, groups):
        notes = notes.copy()
        notes[:, Attribute.INSTRUMENT] &= np.isin(_VALUES, list(instruments))
        notes = notes[notes[:, Attribute.INSTRUMENT].any(1)]
    return notes


def _with_room(notes: np.ndarray, due: frozenset[int], last: int) -> np.ndarray:
    """The notes, [P, A, V], after which all due instruments can still play in the bar.

    Before the last beat every note is possible, because all instruments can play on the last beat.
    There, notes are in the order of instruments, so no note may come after that of a due one.
    """
    before, on_last = notes.copy(), notes.copy()
    before[:, Attribute.BEAT, last:] = False
    on_last[:, Attribute.BEAT, :last] = False
    on_last[:, Attribute.INSTRUMENT, min(due) + 1 :] = False
    return np.concatenate([before, on_last])


def _without(notes: np.ndarray, banned: frozenset[Note]) -> np.ndarray:
    """The notes, [P, A, V], without some of them."""
    for (beat, instrument), group in groupby(sorted(banned), lambda note: note[:2]):
        other_beats, same_beat = _divided(notes, Attribute.BEAT, beat)
        other_players, same_player = _divided(same_beat, Attribute.INSTRUMENT, instrument)
        same_player[:, Attribute.PITCH, [pitch for _, _, pitch in group]] = False
        some = same_player[same_player[:, Attribute.PITCH].any(1)]
        notes = np.concatenate([other_beats, other_players, some])
    return notes


def _divided(notes: np.ndarray, attribute: Attribute, value: int) -> tuple[np.ndarray, np.ndarray]:
    """The notes, [P, A, V], with other values of an attribute, and those with this value."""
    others, same = notes.copy(), notes[notes[:, attribute, value]]
    others[:, attribute, value] = False
    same[:, attribute] = only([value])
    return others[others[:, attribute].any(1)], same
