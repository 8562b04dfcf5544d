"""The plan of a piece: what the notes of every bar may be, as a union of products.

Instruments with the same constraints share a product, and so do the beats of one chord. Every bar
is checked before anything is composed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, prod

import numpy as np

from amadeus.control.casting import Casting, with_deadlines
from amadeus.control.constraint import Constraint, blame, contradiction, only
from amadeus.control.kinds import Playing
from amadeus.control.scope import instrument_values
from amadeus.errors import ConfigError
from amadeus.music.grid import GRID
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE, VALUES
from amadeus.tokens.vocabulary import FIRST_BAR, FIRST_DRUM_PITCH, FIRST_REST, Attribute, RowType

MAX_BARS = 10_000
"""The most bars of a plan, because every bar is planned before the first one is composed."""
_PITCHED = VALUES[Attribute.PITCH].copy()
_PITCHED[FIRST_DRUM_PITCH:] = _PITCHED[0] = False
_DRUMS = VALUES[Attribute.PITCH] & ~_PITCHED
_DRUMS[0] = False
_NOTES = VALUES.copy()
"""All notes, without marks, empty bars and values that stand for nothing."""
_NOTES[:, 0] = False
_NOTES[Attribute.TYPE, : RowType.NOTE] = _NOTES[Attribute.TYPE, FIRST_REST:] = False
_SHARED = {
    Attribute.TYPE: _NOTES[Attribute.TYPE] & (np.arange(MAX_SIZE) >= FIRST_BAR),
    Attribute.CHORD: _NOTES[Attribute.CHORD],
    Attribute.TEMPO: _NOTES[Attribute.TEMPO],
}
"""What all notes of a bar or an onset have in common; some values have to remain."""


@dataclass(frozen=True, slots=True, eq=False)
class Bar:
    """What a bar may contain."""

    notes: np.ndarray
    """Products whose union its notes come from, bool [P, A, V]; no products for silence."""
    opening: np.ndarray
    """The same for its first note."""
    rest: np.ndarray
    """The same for an empty bar, bool [A, V]."""
    most: float
    """The most notes."""
    most_of: dict[int, int]
    """The most notes for values of `instrument` that are limited."""
    players: frozenset[int]
    """Values of `instrument` that may play."""
    fewest_pitches: int
    """The number of pitches of the instrument that has the fewest."""
    lengths: frozenset[int]
    """Possible lengths in grid steps, unless the bar is empty."""

    def room(self, bar_ticks: int, beat: int = 0) -> int:
        """Different notes after a beat that are possible whichever instrument has to play.

        They begin an eighth note before the bar ends at the latest.
        """
        last = max(bar_ticks // 2, bar_ticks - GRID // 2 + 1)
        return max(0, last - beat) * self.fewest_pitches


class Plan:
    """The constraints on one piece, checked to be possible together."""

    def __init__(
        self,
        constraints: Sequence[Constraint],
        num_bars: int | None,
        max_notes: int | None = None,
        *,
        is_passage: bool = False,
    ) -> None:
        """num_bars: bars of the piece, None if their number is open; max_notes: the limit on notes.

        is_passage: whether it is a part of a piece, which need not begin or end like a whole one.
        Raises ConfigError, naming them, for constraints that contradict each other.
        """
        if max_notes is not None and max_notes < 1:
            raise ConfigError(f"max_notes must be at least 1, got {max_notes}")
        self.num_bars, self.is_passage = num_bars, is_passage
        for constraint in constraints:
            constraint.check_length(num_bars, max_notes)
        self.horizon = _horizon(constraints, num_bars)
        if self.horizon > MAX_BARS:
            raise ConfigError(f"{self.horizon:,} bars are too many; ask for {MAX_BARS:,} at most")
        _check_pairs(constraints, num_bars)
        self.constraints = [c.resolve(constraints, num_bars) for c in constraints]
        playing = [c for c in self.constraints if isinstance(c, Playing)]
        self._casting = Casting(playing, self.horizon, num_bars)
        self._bars: dict[int, Bar] = {}
        bars = [self.bar(index) for index in range(self.horizon)]
        self._check_playing(bars, max_notes)
        self.demands = with_deadlines(self._casting.demands, [b.most for b in bars], num_bars)
        rooms = [bar.room(max(bar.lengths, default=0)) for bar in bars]
        for constraint in self.constraints:
            constraint.check_room(rooms)

    def bar(self, index: int) -> Bar:
        """What a bar, counted from 0, may contain."""
        if index not in self._bars:
            self._bars[index] = self._make_bar(index)
        return self._bars[index]

    def _check_playing(self, bars: Sequence[Bar], max_notes: int | None) -> None:
        silent = [i for i, bar in enumerate(bars) if not len(bar.notes)]
        if silent and silent[-1] == len(bars) - 1 and not self.is_passage:
            silence = next(
                c
                for c in self.constraints
                if isinstance(c, Playing) and c.is_silence and c.scope.covers(silent[-1])
            )
            raise ConfigError(
                f"{silence.described}: a piece ends with a note; let its last bar play"
            )
        demands = self._casting.demands
        if max_notes is None or not demands:
            return
        if late := [d for d in demands if len(d.bars) < self.horizon]:
            raise ConfigError(
                f"{late[0].constraint.described} cannot be promised of a piece that may end before "
                f"it plays, with note {max_notes}; leave out the limit on notes"
            )
        if (wanted := len({d.instrument for d in demands})) > max_notes:
            raise ConfigError(f"{demands[0].constraint.described}: {max_notes} notes are too few "
                              f"for {wanted} instruments; allow more")  # fmt: skip

    def _make_bar(self, index: int) -> Bar:
        covering = [c for c in self.constraints if c.scope.covers(index)]
        playing = self._casting.instruments(index)
        shared = self._together([c for c in covering if not c.scope.instruments], index)
        rest = shared.copy()
        rest[Attribute.TYPE, :FIRST_REST] = False
        groups = self._groups(covering, playing, shared, index)
        products = [p for group in groups for p in self._parts(covering, group, index)]
        notes = np.array(products, dtype=bool).reshape(-1, *VALUES.shape)
        most, most_of = _limits(covering)
        opening = self._opening(notes, covering, index)
        players = frozenset(np.flatnonzero(notes[:, Attribute.INSTRUMENT].any(0)).tolist())
        fewest = min(map(_fewest_pitches, notes), default=0)
        lengths = frozenset[int]().union(*map(_lengths, notes))
        return Bar(notes, opening, rest, most, most_of, players, fewest, lengths)

    def _masks(
        self, constraints: Sequence[Constraint], attribute: Attribute, bar: int
    ) -> list[tuple[Constraint, np.ndarray]]:
        """The masks of constraints on one attribute, [V] each."""
        masks = ((c, c.masks(bar, self.num_bars)) for c in constraints)
        return [(c, mask[attribute]) for c, mask in masks if attribute in mask]

    def _together(self, constraints: Sequence[Constraint], bar: int) -> np.ndarray:
        """The masks of constraints that cover the same notes, bool [A, V].

        Raises ConfigError if they leave no value of an attribute that all notes share.
        """
        product = VALUES.copy()
        for constraint in constraints:
            for attribute, mask in constraint.masks(bar, self.num_bars).items():
                if attribute != Attribute.INSTRUMENT:
                    product[attribute] &= mask
        for attribute, base in _SHARED.items():
            if not (product[attribute] & base).any():
                raise blame(attribute, self._masks(constraints, attribute, bar), base, bar)
        return product

    def _groups(
        self, covering: Sequence[Constraint], playing: np.ndarray, shared: np.ndarray, bar: int
    ) -> list[np.ndarray]:
        """One product of notes for all instruments that the same constraints cover."""
        members = defaultdict(list)
        scoped = [c for c in covering if c.scope.instruments]
        for value in np.flatnonzero(playing).tolist():
            members[tuple(c for c in scoped if c.scope.covers_instrument(value))].append(value)
        groups = []
        for special, values in members.items():
            product = shared & self._together(special, bar) & _NOTES
            product[Attribute.INSTRUMENT] = only(values)
            everyone = [c for c in covering if not c.scope.instruments]
            self._check_group(product, [*everyone, *special], values, bar)
            groups.append(product)
        return groups

    def _check_group(
        self, product: np.ndarray, constraints: Sequence[Constraint], values: list[int], bar: int
    ) -> None:
        """Raise ConfigError if some of these instruments would have nothing to play."""
        bases = [(Attribute.DURATION, _NOTES[Attribute.DURATION])]
        bases += [(Attribute.VELOCITY, _NOTES[Attribute.VELOCITY])]
        if any(value != v.DRUMS for value in values):
            bases.append((Attribute.PITCH, _PITCHED))
        if v.DRUMS in values:
            bases.append((Attribute.PITCH, _DRUMS))
        for attribute, base in bases:
            if not (product[attribute] & base).any():
                raise blame(attribute, self._masks(constraints, attribute, bar), base, bar)

    def _parts(
        self, covering: Sequence[Constraint], product: np.ndarray, bar: int
    ) -> list[np.ndarray]:
        """The product, or one for each of the parts that the bar is split into."""
        lengths = _lengths(product)
        # Two constraints that split the bar split it alike, or `_check_pairs` refuses them.
        splitting = next((c for c in covering if c.split(bar, lengths)), None)
        if splitting is None:
            return [product]
        parts = []
        for masks in splitting.split(bar, lengths):
            part = product.copy()
            for attribute, mask in masks.items():
                part[attribute] &= mask
                if not part[attribute].any():
                    others = self._masks(covering, attribute, bar)
                    raise blame(attribute, [(splitting, mask), *others], mask, bar)
            parts.append(part)
        return parts

    def _opening(self, notes: np.ndarray, covering: Sequence[Constraint], bar: int) -> np.ndarray:
        """Notes that may open a bar."""
        opening = notes.copy()
        for constraint in [] if self.is_passage else covering:
            for attribute, mask in constraint.opening_masks(bar, self.num_bars).items():
                left = opening[:, attribute] & mask
                if left.any(1).all():
                    opening[:, attribute] = left
        return opening


def _lengths(product: np.ndarray) -> frozenset[int]:
    """The bar lengths in grid steps that a product, [A, V], allows."""
    return frozenset(v.METRE_TICKS[product[Attribute.TYPE, FIRST_BAR:FIRST_REST]].tolist())


def _fewest_pitches(product: np.ndarray) -> int:
    """The smallest number of pitches that an instrument of a product, [A, V], has."""
    players = product[Attribute.INSTRUMENT]
    counts = [(product[Attribute.PITCH] & _DRUMS).sum()] if players[v.DRUMS] else []
    if players[: v.DRUMS].any():
        counts.append((product[Attribute.PITCH] & _PITCHED).sum())
    return int(min(counts))


def _limits(covering: Sequence[Constraint]) -> tuple[float, dict[int, int]]:
    """The most notes of a bar, and of single instruments in it."""
    most: float = inf
    most_of: dict[int, int] = {}
    for limit, scope in ((c.most_notes, c.scope) for c in covering if c.most_notes is not None):
        if not scope.instruments:
            most = min(most, limit)
        for value in instrument_values(scope.instruments):
            most_of[value] = min(most_of.get(value, limit), limit)
    return most, most_of


def _check_pairs(constraints: Sequence[Constraint], num_bars: int | None) -> None:
    """Raise ConfigError for conflicts between constraints of the same class."""
    for first, second in combinations(constraints, 2):
        if type(first) is type(second):
            bars = [b for b in range(_horizon((first, second), num_bars))
                    if first.scope.covers(b) and second.scope.covers(b)]  # fmt: skip
            if why := first.conflict(second, bars, num_bars):
                raise contradiction(first, second, why)


def _horizon(constraints: Sequence[Constraint], num_bars: int | None) -> int:
    """The bars of the piece, or if their number is open, enough bars to cover all cases."""
    if num_bars is not None:
        return num_bars
    last = max((n or 0 for c in constraints for n in c.scope.bars or ()), default=0)
    return last + min(prod(c.period for c in constraints), 256) + 1
