"""A few bars as the features see them: notes, where they are, and who plays them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import SupportsFloat, TypeAlias

import numpy as np

from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index, bar_metres
from amadeus.tokens.vocabulary import Attribute

Features: TypeAlias = Iterator[tuple[str, SupportsFloat]]
"""Names and values of features."""


@dataclass(frozen=True, eq=False)
class Bars:
    """The notes of B bars."""

    notes: np.ndarray
    """Rows of the notes, in order, int64 [N, A]."""
    bar: np.ndarray
    """The bar of every note, counted from 0, [N]."""
    onset: np.ndarray
    """Where every note begins, in grid steps from the first bar, [N]."""
    ticks: np.ndarray
    """Length of every bar in grid steps, [B]."""
    metres: np.ndarray
    """Index of the time signature of every bar, [B]."""

    @classmethod
    def of(cls, rows: np.ndarray) -> Bars:
        """rows: tokens [N, A], with or without START and END."""
        rows = np.asarray(rows, dtype=np.int64)
        sound = v.has_sound(rows[:, Attribute.TYPE])
        notes, bar, metres = rows[sound], bar_index(rows)[sound], bar_metres(rows)
        ticks = v.METRE_TICKS[metres]
        starts = np.concatenate([[0], np.cumsum(ticks)])
        return cls(notes, bar, starts[bar] + notes[:, Attribute.BEAT] - 1, ticks, metres)

    def select(self, chosen: np.ndarray) -> Bars:
        """These bars with some of their notes. chosen: indices, or bool [N]."""
        return Bars(
            self.notes[chosen], self.bar[chosen], self.onset[chosen], self.ticks, self.metres
        )

    def column(self, attribute: Attribute) -> np.ndarray:
        """The values of an attribute, int64 [N]."""
        column: np.ndarray = self.notes[:, attribute]
        return column

    def __len__(self) -> int:
        return len(self.notes)

    @property
    def count(self) -> int:
        """The number of bars, B."""
        return len(self.ticks)

    @cached_property
    def parts(self) -> list[Bars]:
        """The notes of every instrument that plays."""
        instrument = self.column(Attribute.INSTRUMENT)
        return [self.select(np.flatnonzero(instrument == value)) for value in np.unique(instrument)]

    @cached_property
    def pitched(self) -> Bars:
        """The notes of all instruments but drums."""
        return self.select(self.column(Attribute.INSTRUMENT) != v.DRUMS)

    @cached_property
    def drums(self) -> Bars:
        """The notes of the drums."""
        return self.select(self.column(Attribute.INSTRUMENT) == v.DRUMS)

    @cached_property
    def top_line(self) -> np.ndarray:
        """The highest pitch at every onset, as values, in order."""
        steps, place = np.unique(self.onset, return_inverse=True)
        top = np.zeros(len(steps), dtype=np.int64)
        np.maximum.at(top, place, self.column(Attribute.PITCH))
        return top

    def contents(self, *attributes: Attribute) -> Iterator[bytes]:
        """What every bar with notes contains, as far as these attributes say."""
        starts = np.flatnonzero(np.diff(self.bar, prepend=-1))
        for part in np.split(self.notes[:, attributes], starts[1:]) if len(self) else []:
            yield part.tobytes()


def entropy(counts: np.ndarray) -> float:
    """In bits, of a distribution given as counts."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0
