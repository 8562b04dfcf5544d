"""Casting: which programs play in which bars, and the deadlines of those that have to play.

A name such as "guitar" may mean several programs. Casting chooses one so that all constraints on
instruments agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.control.constraint import Constraint, blame, contradiction
from amadeus.control.kinds import Playing
from amadeus.errors import ConfigError
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import MAX_SIZE
from amadeus.tokens.vocabulary import Attribute

PATIENCE = 4
"""Bars in which the model may choose when a required instrument enters."""
_ALL = (np.arange(MAX_SIZE) > 0) & (np.arange(MAX_SIZE) <= v.DRUMS)


@dataclass(frozen=True, slots=True)
class Demand:
    """An instrument that has to play."""

    constraint: Playing
    instrument: int
    """Value of the attribute `instrument`."""
    bars: tuple[int, ...]
    """Bars, counted from 0, in which it is required and allowed to play."""
    deadline: int | None = None
    """The last bar in which it may enter; None while the piece has no known end."""

    @property
    def share(self) -> float | None:
        """The share of the bars in which it plays; None if playing once is enough."""
        return self.constraint.bar_share


class Casting:
    """Which instruments play in each bar, according to the constraints."""

    def __init__(self, playing: Sequence[Playing], bars: int, num_bars: int | None) -> None:
        """bars: how many bars to plan; num_bars: bars of the piece, None if their number is open.

        Raises ConfigError, naming both, for two constraints that exclude each other.
        """
        self._playing, self._bars, self._num_bars = playing, bars, num_bars
        self._cast: dict[tuple[Playing, tuple[int, ...]], int] = {}
        allowed = [self._candidates(bar) for bar in range(bars)]
        groups = [(p, group) for p in playing for group in p.demands]
        # Names with the fewest programs choose first; others reuse these programs where possible.
        for constraint, group in sorted(groups, key=lambda g: len(g[1])):
            taken = set(self._cast.values())
            here = [a for bar, a in enumerate(allowed) if constraint.scope.covers(bar)]
            wishes = sorted(group, key=lambda value: value not in taken)
            free = [value for value in wishes if any(a[value] for a in here)]
            if not free:
                raise self._excluded(constraint, group)
            self._cast[constraint, group] = free[0]
        for bar in range(bars):
            self._check(bar)
        self.demands = [self._demand(p, group, bars) for p, group in groups]

    def instruments(self, bar: int) -> np.ndarray:
        """Values of `instrument` that may play in a bar, bool [V]; none for silence."""
        covering = self._covering(bar)
        allowed = self._candidates(bar)
        if any(p.mode == "exactly" for p in covering):
            cast = [value for (p, _), value in self._cast.items() if p in covering]
            allowed &= np.isin(np.arange(MAX_SIZE), cast)
        return allowed

    def _covering(self, bar: int) -> list[Playing]:
        return [p for p in self._playing if p.scope.covers(bar)]

    def _candidates(self, bar: int) -> np.ndarray:
        return np.logical_and.reduce([_ALL, *map(_mask, self._covering(bar))])

    def _demand(self, constraint: Playing, group: tuple[int, ...], bars: int) -> Demand:
        value = self._cast[constraint, group]
        playable = tuple(
            b for b in range(bars) if constraint.scope.covers(b) and self.instruments(b)[value]
        )
        demand = Demand(constraint, value, playable)
        if self._num_bars is not None and constraint.bars_needed(bars - 1, bars) > len(playable):
            raise self._excluded(constraint, (value,))
        return demand

    def _excluded(self, constraint: Playing, group: tuple[int, ...]) -> ConfigError:
        """The error that names the constraint which forbids an instrument in most bars."""
        bars = [bar for bar in range(self._bars) if constraint.scope.covers(bar)]
        against = {
            other: sum(other.scope.covers(bar) for bar in bars)
            for other in self._playing
            if other is not constraint and not _mask(other)[list(group)].any()
        }
        if against:
            other = max(against, key=against.__getitem__)
            return contradiction(constraint, other, "what one asks for the other forbids")
        return ConfigError(
            f"{constraint.described}: the other constraints leave none of these to play"
        )

    def _check(self, bar: int) -> None:
        covering = self._covering(bar)
        if not (self.instruments(bar).any() or any(p.is_silence for p in covering)):
            raise blame(Attribute.INSTRUMENT, [(p, _mask(p)) for p in covering], _ALL, bar)


def _mask(constraint: Playing) -> np.ndarray:
    """Values of `instrument` that a constraint lets play, bool [V]."""
    return constraint.masks(0, None).get(Attribute.INSTRUMENT, _ALL)


def with_deadlines(
    demands: Sequence[Demand], most: Sequence[float], num_bars: int | None
) -> list[Demand]:
    """Demands with the last bars in which they can be met.

    most: notes that each bar may have. From the last bar backwards, each bar takes those that have
    the fewest bars left before it. Raises ConfigError where they do not fit.
    """
    room = list(most)
    for demand in demands:
        if demand.share is not None:
            for bar in demand.bars:
                room[bar] -= 1
    if any(left < 0 for left in room):
        raise _crowded([d.constraint for d in demands if d.share is not None])
    open_end = [d for d in demands if d.share is None and d.constraint.scope.end(num_bars) is None]
    waiting = [d for d in demands if d.share is None and d not in open_end]
    due = [d for d in demands if d.share is not None] + open_end
    for bar in reversed(range(len(room))):
        here = sorted(
            (d for d in waiting if bar in d.bars), key=lambda d: sum(b < bar for b in d.bars)
        )
        for demand in here[: int(min(room[bar], len(here)))]:
            waiting.remove(demand)
            due.append(Demand(demand.constraint, demand.instrument, demand.bars, bar))
    if waiting:
        raise _crowded([d.constraint for d in waiting])
    return due


def _crowded(constraints: Sequence[Constraint]) -> ConfigError:
    names = ", ".join(dict.fromkeys(c.described for c in constraints))
    return ConfigError(f"{names}: the bars do not have enough notes for every instrument; "
                       "allow more notes or ask for fewer instruments")  # fmt: skip


class Attendance:
    """Keeps track of the instruments that have played, and of those that still have to."""

    def __init__(self, demands: Sequence[Demand], horizon: int, num_bars: int | None) -> None:
        self._horizon, self._num_bars = horizon, num_bars
        self._played: dict[Demand, set[int]] = {demand: set() for demand in demands}

    def update(self, instrument: int, bar: int) -> None:
        """Count a note. instrument: value of the attribute; bar: counted from 0."""
        for demand, bars in self._played.items():
            if demand.instrument == instrument and demand.constraint.scope.covers(bar):
                bars.add(bar)

    @property
    def missing(self) -> frozenset[int]:
        """Required instruments that have not played yet."""
        return frozenset(
            d.instrument
            for d, bars in self._played.items()
            if not bars and d.constraint.scope.bars is None
        )

    def late(self, bar: int) -> frozenset[int]:
        """Instruments that should enter in a bar, counted from 0."""
        waiting = [d for d, bars in self._played.items() if not bars]
        late = set()
        for demand in waiting:
            began = demand.constraint.scope.first + PATIENCE
            left = PATIENCE + 1 if demand.deadline is None else demand.deadline + 1 - bar
            if self._may_play(demand, bar) and (bar >= began or left <= len(waiting)):
                late.add(demand.instrument)
        return frozenset(late)

    def due(self, bar: int) -> frozenset[int]:
        """Instruments that have to play before a bar, counted from 0, ends."""
        return frozenset(
            d.instrument
            for d, bars in self._played.items()
            if bar not in bars and self._may_play(d, bar) and self._is_due(d, bars, bar)
        )

    def _is_due(self, demand: Demand, played: set[int], bar: int) -> bool:
        if demand.share is None:
            return not played and demand.deadline is not None and bar >= demand.deadline
        bars_needed, num_bars = demand.constraint.bars_needed, self._num_bars
        behind = len(played) < bars_needed(bar, num_bars)
        left = sum(b >= bar for b in demand.bars)
        needed = bars_needed(self._horizon - 1, num_bars)
        return behind or (num_bars is not None and needed - len(played) >= left)

    def _may_play(self, demand: Demand, bar: int) -> bool:
        if bar < self._horizon:
            return bar in demand.bars
        return bool(demand.bars) and demand.constraint.scope.covers(bar)
