"""The grammar on a device: what may follow is worked out where the rows are drawn.

`tokens.grammar` says what the rules are, and a test that this says the same. Here is no room for
what a caller permits: whoever has constraints asks the host after every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from amadeus.inference.device.unmasking import Task
from amadeus.tokens import grammar as rules
from amadeus.tokens.grammar import MAX_SIZE, Grammar
from amadeus.tokens.vocabulary import (
    DRUMS,
    FIRST_BAR,
    FIRST_DRUM_PITCH,
    FIRST_REST,
    METRE_TICKS,
    NUM_ATTRIBUTES,
    SIZES,
    Attribute,
    RowType,
)

NUM_KINDS = len(rules.KINDS)
NO_LIMIT = 2**62
_SAME = (Attribute.BEAT, Attribute.CHORD, Attribute.TEMPO)


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


class Rules:
    """What does not depend on a piece, on a device."""

    def __init__(self, device: torch.device) -> None:
        def on_device(values: np.ndarray) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(values)).to(device)

        possible = {ends: rules.everything(ends) for ends in (RowType.END, RowType.JOIN)}
        self._sets = on_device(np.stack([p.sets for p in possible.values()]))  # [2, kinds, A, V]
        self._first_beats = on_device(possible[RowType.END].first_beats)
        self._bar_ticks = on_device(possible[RowType.END].bar_ticks)
        self.metres = on_device(METRE_TICKS)
        self._every = torch.arange(MAX_SIZE, device=device)
        self._columns = torch.arange(NUM_ATTRIBUTES, device=device)

    def task(self, place: Place) -> Task:
        """What the next rows may be."""
        every, last = self._every, place.last
        sets = self._sets[(place.ends_with == RowType.JOIN).long()].clone()  # [R, kinds, A, V]
        together, later = rules.TOGETHER, rules.LATER
        for attribute in _SAME:
            sets[:, together, attribute] = (every == last[:, attribute, None])[:, None]
        beat, instrument, pitch = (
            last[:, a, None] for a in (Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH)
        )
        sets[:, later, Attribute.BEAT] = (
            (every > beat) & (every <= place.bar_ticks[:, None])
        )[:, None]  # fmt: skip
        highest = torch.where(instrument == DRUMS, SIZES[Attribute.PITCH], FIRST_DRUM_PITCH)
        sets[:, 0, Attribute.INSTRUMENT] = every == instrument
        sets[:, 0, Attribute.PITCH] = (every > pitch) & (every < highest)
        sets[:, 1, Attribute.INSTRUMENT] = (every > instrument) & (every < DRUMS)
        sets &= place.open[..., None, None]
        alive = sets.any(-1).all(-1)[..., None, None]  # a product without a value is none
        in_last_bar = place.bars >= place.num_bars
        kinds = place.open.shape
        return Task(
            sets=sets & alive,
            first_beats=self._first_beats.expand(kinds),
            bar_ticks=self._bar_ticks.expand(kinds),
            ends_with=torch.where(in_last_bar, place.ends_with, -1),
            ranks=(in_last_bar[:, None] & (self._columns == Attribute.TYPE)).double(),
        )

    def advance(self, place: Place, rows: Tensor) -> Place:
        """Take the next rows, int64 [R, A]; see `Grammar.advance`."""
        row_type = rows[:, Attribute.TYPE]
        rest = row_type >= FIRST_REST
        opens = row_type >= FIRST_BAR
        sound = (row_type == RowType.NOTE) | (opens & ~rest)
        ended = (row_type == RowType.END) | (row_type == RowType.JOIN)
        metre = torch.where(rest, row_type - FIRST_REST, row_type - FIRST_BAR)
        metre = metre.clamp(0, len(METRE_TICKS) - 1)
        after = place._replace(
            last=rows,
            bar_ticks=torch.where(opens, self.metres[metre], place.bar_ticks),
            bars=place.bars + opens.long(),
            notes=place.notes + 1,
        )
        return after._replace(open=_open(after, sound, rest) & ~ended[:, None])


def _open(place: Place, sound: Tensor, rest: Tensor) -> Tensor:
    """Which kinds may follow, before looking at values, bool [R, kinds]."""
    joins = place.ends_with == RowType.JOIN
    last_rest = (~joins).long()  # an empty bar may be the last one only before JOIN
    full = place.notes >= place.max_notes
    more = ~full
    bar = (place.bars < place.num_bars) & more
    empty = (place.bars < place.num_bars - last_rest) & (place.notes < place.max_notes - last_rest)
    can_end = sound | (rest & joins)
    end = can_end & ((place.bars >= place.num_bars) | (place.num_bars == NO_LIMIT) | full)
    note = sound & more
    drums = note & (place.last[:, Attribute.INSTRUMENT] < DRUMS)
    kinds = {
        **dict.fromkeys(range(*rules.TOGETHER.indices(NUM_KINDS)), note),
        **dict.fromkeys(range(*rules.LATER.indices(NUM_KINDS)), note),
        **dict.fromkeys(range(*rules.BARS.indices(NUM_KINDS)), bar),
        rules.REST: empty & more,
        rules.END: end,
        rules.DRUM_TOGETHER: drums,
    }
    return torch.stack([kinds[kind] for kind in range(NUM_KINDS)], dim=-1)
