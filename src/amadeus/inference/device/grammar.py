"""The grammar on a device, so that free rows need not wait for the host.

A test compares it with `tokens.grammar`. It knows no constraints: with them, the host works out
what is possible after every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from amadeus.inference.device.tables import NUM_KINDS, Tables
from amadeus.inference.device.tasks import FIRST, Task
from amadeus.tokens import grammar as rules
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import (
    DRUMS,
    FIRST_BAR,
    FIRST_REST,
    METRE_TICKS,
    Attribute,
    RowType,
)

NO_LIMIT = 2**62
# Plain numbers, because torch.compile does not support enumerations.
_TYPE, _BEAT, _INSTRUMENT = (int(a) for a in (Attribute.TYPE, Attribute.BEAT, Attribute.INSTRUMENT))
_NOTE, _END, _JOIN = (int(t) for t in (RowType.NOTE, RowType.END, RowType.JOIN))
_LATER_BITS = sum(1 << kind for kind in range(NUM_KINDS)[rules.LATER])
_BARS = tuple(range(NUM_KINDS)[rules.BARS])
_NUM_METRES = len(METRE_TICKS)


class GrammarState(NamedTuple):
    """The state of the grammar of every piece."""

    last: Tensor
    """int64 [R, A], the last row."""
    open: Tensor
    """bool [R, kinds], the kinds of rows that may follow."""
    bar_ticks: Tensor
    """int64 [R], length of the current bar."""
    bars: Tensor
    """int64 [R]."""
    notes: Tensor
    """int64 [R]."""
    num_bars: Tensor
    """int64 [R], maximum number, or NO_LIMIT."""
    max_notes: Tensor
    """int64 [R]; the same."""
    ends_with: Tensor
    """int64 [R]."""


def state_of(grammars: Sequence[Grammar]) -> dict[str, np.ndarray]:
    """The fields of `GrammarState` on the host. The grammars are past any FUTURE and permit all."""
    limits = [(g.num_bars, g.max_notes) for g in grammars]
    counts = {
        "bar_ticks": [g.bar_ticks for g in grammars],
        "bars": [g.bars for g in grammars],
        "notes": [g.notes for g in grammars],
        "num_bars": [NO_LIMIT if bars is None else bars for bars, _ in limits],
        "max_notes": [NO_LIMIT if notes is None else notes for _, notes in limits],
        "ends_with": [int(g.ends_with) for g in grammars],
    }
    return {
        "last": np.stack([g.last for g in grammars]),
        "open": np.stack([g.open_kinds for g in grammars]),
        **{name: np.array(values, dtype=np.int64) for name, values in counts.items()},
    }


def task_of(tables: Tables, state: GrammarState) -> Task:
    """The possible next rows."""
    joins = (state.ends_with == _JOIN).long()[:, None]
    alive = (_alive(tables, state, joins) * tables.bits).sum(-1).to(torch.int16)
    sets = tables.following[joins, tables.columns, state.last]  # [R, A, V]
    sets = sets & tables.within[state.bar_ticks] & alive[:, None, None]
    in_last_bar = state.bars >= state.num_bars
    first = in_last_bar[:, None] & (tables.columns == _TYPE)
    return Task(
        sets=sets[:, None],
        ends_with=torch.where(in_last_bar, state.ends_with, -1),
        urgent=torch.where(first, FIRST, -torch.inf).double(),
    )


def _alive(tables: Tables, state: GrammarState, joins: Tensor) -> Tensor:
    """The open kinds in which every attribute has a value, bool [R, kinds]. joins: [R, 1]."""
    rooms = tables.rooms[joins, tables.columns, state.last]  # [R, A]
    has_room = ((rooms[:, None] & tables.bits[:, None]) != 0).all(-1)  # [R, kinds]
    in_bar = state.last[:, _BEAT] < state.bar_ticks
    later = (tables.bits & _LATER_BITS) != 0
    return state.open & has_room & (in_bar[:, None] | ~later)


def advance(tables: Tables, state: GrammarState, rows: Tensor) -> GrammarState:
    """Take the next rows, int64 [R, A]; see `Grammar.advance`."""
    row_type = rows[:, _TYPE]
    rest = row_type >= FIRST_REST
    opens = row_type >= FIRST_BAR
    sound = (row_type == _NOTE) | (opens & ~rest)
    ended = (row_type == _END) | (row_type == _JOIN)
    metre = torch.where(rest, row_type - FIRST_REST, row_type - FIRST_BAR)
    metre = metre.clamp(0, _NUM_METRES - 1)
    after = state._replace(
        last=rows,
        bar_ticks=torch.where(opens, tables.metres[metre], state.bar_ticks),
        bars=state.bars + opens.long(),
        notes=state.notes + 1,
    )
    return after._replace(open=_open(after, sound, rest) & ~ended[:, None])


def _open(state: GrammarState, sound: Tensor, rest: Tensor) -> Tensor:
    """The kinds that may follow, regardless of values, bool [R, kinds]."""
    joins = state.ends_with == _JOIN
    last_rest = (~joins).long()  # an empty bar may be the last one only before JOIN
    full = state.notes >= state.max_notes
    more = ~full
    bar = (state.bars < state.num_bars) & more
    empty = (state.bars < state.num_bars - last_rest) & (state.notes < state.max_notes - last_rest)
    can_end = sound | (rest & joins)
    end = can_end & ((state.bars >= state.num_bars) | (state.num_bars == NO_LIMIT) | full)
    note = sound & more
    drums = note & (state.last[:, _INSTRUMENT] < DRUMS)
    kinds = [note] * NUM_KINDS
    for kind in _BARS:
        kinds[kind] = bar
    kinds[rules.REST], kinds[rules.END], kinds[rules.DRUM_TOGETHER] = empty & more, end, drums
    return torch.stack(kinds, dim=-1)
