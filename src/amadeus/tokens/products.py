"""Products of values: rows whose attributes may each come from a set of their own.

A row that opens a bar is the exception: its beat has to lie within its metre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amadeus.tokens.vocabulary import FIRST_BAR, FIRST_REST, METRE_TICKS, Attribute, RowType


def choices(here: np.ndarray, next_bar: np.ndarray) -> tuple[Attribute, ...]:
    """Attributes that tell the products of unions apart, and the type with them. [P, A, V]."""
    notes = here[here[:, Attribute.TYPE, RowType.NOTE]]
    openings = next_bar[next_bar[:, Attribute.TYPE, FIRST_BAR:FIRST_REST].any(1)]
    between = [
        attribute
        for attribute in (Attribute.BEAT, Attribute.INSTRUMENT)
        if any((side[:, attribute] != side[:1, attribute]).any() for side in (notes, openings))
    ]
    apart = between or (notes[:, 1:].any(0) != openings[:, 1:].any(0)).any()
    return (Attribute.TYPE, *between) if apart else ()


@dataclass(frozen=True, slots=True, eq=False)
class Possible:
    """The products that the next row may come from, none of them empty."""

    sets: np.ndarray
    """bool [K, A, V]."""
    first_beats: np.ndarray
    """The first beat of each that opens a bar with a note, 0 for others, int64 [K]."""
    bar_ticks: np.ndarray
    """The last beat that the longest metre of each such bar has, int64 [K]."""


def prune(sets: np.ndarray, opens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`prune_bars` of those of the sets, bool [K, A, V], that open a bar with a note, bool [K].

    Returns, as `Possible` has them, the first beats and the longest bars of all, int64 [K].
    """
    first = np.zeros(len(sets), dtype=np.int64)
    longest = np.full(len(sets), METRE_TICKS.max())
    bars = sets[opens]
    first[opens], longest[opens] = prune_bars(bars)
    sets[opens] = bars
    return first, longest


def prune_bars(sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep, in place, metres long enough for a beat and beats within a metre.

    sets: bool [K, A, V], each opening a bar. Returns the first beat and the longest bar in grid
    steps of each, [K].
    """
    metres = sets[:, Attribute.TYPE, FIRST_BAR:FIRST_REST]
    beats = sets[:, Attribute.BEAT]
    longest = (metres * METRE_TICKS).max(1)
    beats &= np.arange(sets.shape[-1]) <= longest[:, None]
    first = np.where(beats.any(1), beats.argmax(1), sets.shape[-1])
    metres &= first[:, None] <= METRE_TICKS
    return first, longest
