"""The grammar as tables on a device, which replace many comparisons by one look-up.

Sets of products are bits of a number, so an intersection is one operation.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from amadeus.tokens import grammar as rules
from amadeus.tokens.grammar import MAX_SIZE, VALUES
from amadeus.tokens.vocabulary import (
    DRUMS,
    FIRST_BAR,
    FIRST_DRUM_PITCH,
    FIRST_REST,
    MAX_BAR_TICKS,
    METRE_TICKS,
    NUM_ATTRIBUTES,
    SIZES,
    Attribute,
    RowType,
)

UNKNOWN = MAX_SIZE
"""Stands for an unknown value; no attribute has this value."""
NUM_KINDS = len(rules.KINDS)
_SAME = (Attribute.BEAT, Attribute.CHORD, Attribute.TEMPO)
_EVERY = np.arange(MAX_SIZE)


class Tables(NamedTuple):
    """Tables that are the same for all pieces."""

    every: Tensor
    """int64 [V], 0, 1, ..."""
    columns: Tensor
    """int64 [A], 0, 1, ..."""
    openings: Tensor
    """bool [V], the types that open a bar."""
    metres: Tensor
    """int64 [metres], their lengths in grid steps."""
    agreeing: Tensor
    """bool [3, V + 1, V], what a value or UNKNOWN leaves: of its own attribute, of the types if it
    is a beat, of the beats if it is a type."""
    pairs: Tensor
    """int64 [A], which of these three an attribute asks besides the first: a type with the beat,
    a beat with the type, the others that first one again."""
    bits: Tensor
    """int64 [kinds], the bit of each kind of rows."""
    following: Tensor
    """int16 [2, A, V, V], for END and JOIN, the kinds as bits in which a value may follow a value
    of the last row."""
    rooms: Tensor
    """int16 [2, A, V], the kinds in which anything may follow it."""
    within: Tensor
    """int16 [bar lengths, A, V], the kinds in which a value may be, of a bar of this length."""


def tables_on(device: torch.device) -> Tables:
    """The tables on a device."""
    return Tables(*(torch.from_numpy(table).to(device) for table in _tables()))


@cache
def _tables() -> tuple[np.ndarray, ...]:
    following = np.stack([_following(ends) for ends in (RowType.END, RowType.JOIN)])
    columns = np.arange(NUM_ATTRIBUTES)
    return (
        _EVERY,
        columns,
        (_EVERY >= FIRST_BAR) & (SIZES[Attribute.TYPE] > _EVERY),
        METRE_TICKS,
        _agreeing(),
        np.array([1, 2] + [0] * (NUM_ATTRIBUTES - 2)),
        1 << np.arange(NUM_KINDS),
        following,
        np.bitwise_or.reduce(following, axis=-1),
        _within(),
    )


def _agreeing() -> np.ndarray:
    """What a known value leaves of its own attribute, of types, and of beats: [3, V + 1, V]."""
    agreeing = np.ones((3, MAX_SIZE + 1, MAX_SIZE), dtype=bool)
    agreeing[0, :MAX_SIZE] = np.eye(MAX_SIZE, dtype=bool)
    agreeing[1, :MAX_SIZE, FIRST_BAR:FIRST_REST] = _EVERY[:, None] <= METRE_TICKS
    agreeing[2, FIRST_BAR:FIRST_REST] = METRE_TICKS[:, None] >= _EVERY
    return agreeing


def _following(ends_with: RowType) -> np.ndarray:
    """Of each attribute, the kinds in which a value may follow another, int16 [A, V, V]."""
    following = np.zeros((NUM_ATTRIBUTES, MAX_SIZE, MAX_SIZE), dtype=np.int16)
    for kind, sets in enumerate(rules.everything(ends_with).sets):
        for attribute in range(NUM_ATTRIBUTES):
            may = _follows(kind, attribute)
            following[attribute] |= (sets[attribute] if may is None else may) * np.int16(1 << kind)
    return following


def _follows(kind: int, attribute: int) -> np.ndarray | None:
    """Which values may follow which, bool [V, V], or None if this does not depend on the last row.

    See `Grammar._set_neighbours`.
    """
    last, every = _EVERY[:, None], _EVERY
    if attribute in _SAME and kind in range(NUM_KINDS)[rules.TOGETHER]:
        return every == last
    if attribute == Attribute.BEAT and kind in range(NUM_KINDS)[rules.LATER]:
        return (every > last) & VALUES[attribute]
    if kind == 0 and attribute == Attribute.INSTRUMENT:
        return every == last
    if kind == 0 and attribute == Attribute.PITCH:
        # Drum sounds are pitches of their own, so that the last one tells whose it was.
        drums = last >= FIRST_DRUM_PITCH
        return (every > last) & (every < np.where(drums, SIZES[attribute], FIRST_DRUM_PITCH))
    if kind == 1 and attribute == Attribute.INSTRUMENT:
        return (every > last) & (every < DRUMS)
    return None


def _within() -> np.ndarray:
    """All kinds but, beyond the end of the bar at hand, those of its later beats."""
    within = np.full((MAX_BAR_TICKS + 1, NUM_ATTRIBUTES, MAX_SIZE), -1, dtype=np.int16)
    later = np.int16(sum(1 << kind for kind in range(NUM_KINDS)[rules.LATER]))
    beyond = np.arange(MAX_BAR_TICKS + 1)[:, None] < _EVERY
    within[:, Attribute.BEAT][beyond] = ~later
    return within
