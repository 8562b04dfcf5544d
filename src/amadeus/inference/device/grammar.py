"""The grammar on a device: what may follow is worked out where the rows are drawn.

`tokens.grammar` says what the rules are, and a test that this says the same. Here is no room for
what a caller permits: with constraints, the host is asked after every row.
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
# Plain numbers: a compiler of Python does not know enumerations.
_TYPE, _BEAT, _INSTRUMENT = (int(a) for a in (Attribute.TYPE, Attribute.BEAT, Attribute.INSTRUMENT))
_NOTE, _END, _JOIN = (int(t) for t in (RowType.NOTE, RowType.END, RowType.JOIN))
_LATER_BITS = sum(1 << kind for kind in range(NUM_KINDS)[rules.LATER])
_BARS = tuple(range(NUM_KINDS)[rules.BARS])
_NUM_METRES = len(METRE_TICKS)


class Place(NamedTuple):
    """Where every piece stands."""

    last: Tensor
    """int64 [R, A], the last row."""
    open: Tensor
    """bool [R, kinds], which kinds of rows may follow."""
    bar_ticks: Tensor
    """int64 [R], length of the bar at hand."""
    bars: Tensor
    """int64 [R]."""
    notes: Tensor
    """int64 [R]."""
    num_bars: Tensor
    """int64 [R], how many there may be, or NO_LIMIT."""
    max_notes: Tensor
    """int64 [R]; the same."""
    ends_with: Tensor
    """int64 [R]."""


def place_of(grammars: Sequence[Grammar]) -> dict[str, np.ndarray]:
    """The fields of `Place` on the host. The grammars are past any FUTURE, and permit all."""
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


def task_of(tables: Tables, place: Place) -> Task:
    """What the next rows may be."""
    joins = (place.ends_with == _JOIN).long()[:, None]
    alive = (_alive(tables, place, joins) * tables.bits).sum(-1).to(torch.int16)
    sets = tables.following[joins, tables.columns, place.last]  # [R, A, V]
    sets = sets & tables.within[place.bar_ticks] & alive[:, None, None]
    in_last_bar = place.bars >= place.num_bars
    first = in_last_bar[:, None] & (tables.columns == _TYPE)
    return Task(
        sets=sets[:, None],
        ends_with=torch.where(in_last_bar, place.ends_with, -1),
        urgent=torch.where(first, FIRST, -torch.inf).double(),
    )


def _alive(tables: Tables, place: Place, joins: Tensor) -> Tensor:
    """The open kinds in which every attribute has a value, bool [R, kinds]. joins: [R, 1]."""
    rooms = tables.rooms[joins, tables.columns, place.last]  # [R, A]
    has_room = ((rooms[:, None] & tables.bits[:, None]) != 0).all(-1)  # [R, kinds]
    in_bar = place.last[:, _BEAT] < place.bar_ticks
    later = (tables.bits & _LATER_BITS) != 0
    return place.open & has_room & (in_bar[:, None] | ~later)


def advance(tables: Tables, place: Place, rows: Tensor) -> Place:
    """Take the next rows, int64 [R, A]; see `Grammar.advance`."""
    row_type = rows[:, _TYPE]
    rest = row_type >= FIRST_REST
    opens = row_type >= FIRST_BAR
    sound = (row_type == _NOTE) | (opens & ~rest)
    ended = (row_type == _END) | (row_type == _JOIN)
    metre = torch.where(rest, row_type - FIRST_REST, row_type - FIRST_BAR)
    metre = metre.clamp(0, _NUM_METRES - 1)
    after = place._replace(
        last=rows,
        bar_ticks=torch.where(opens, tables.metres[metre], place.bar_ticks),
        bars=place.bars + opens.long(),
        notes=place.notes + 1,
    )
    return after._replace(open=_open(after, sound, rest) & ~ended[:, None])


def _open(place: Place, sound: Tensor, rest: Tensor) -> Tensor:
    """Which kinds may follow, before looking at values, bool [R, kinds]."""
    joins = place.ends_with == _JOIN
    last_rest = (~joins).long()  # an empty bar may be the last one only before JOIN
    full = place.notes >= place.max_notes
    more = ~full
    bar = (place.bars < place.num_bars) & more
    empty = (place.bars < place.num_bars - last_rest) & (place.notes < place.max_notes - last_rest)
    can_end = sound | (rest & joins)
    end = can_end & ((place.bars >= place.num_bars) | (place.num_bars == NO_LIMIT) | full)
    note = sound & more
    drums = note & (place.last[:, _INSTRUMENT] < DRUMS)
    kinds = [note] * NUM_KINDS
    for kind in _BARS:
        kinds[kind] = bar
    kinds[rules.REST], kinds[rules.END], kinds[rules.DRUM_TOGETHER] = empty & more, end, drums
    return torch.stack(kinds, dim=-1)
