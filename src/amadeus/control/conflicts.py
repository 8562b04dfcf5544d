"""Constraints that cannot all hold, found before anything is composed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from amadeus.control.rules import Constraint, Velocities
from amadeus.control.structure import Chords, Ending, ExactTempo, Length, Playing
from amadeus.errors import ConfigError
from amadeus.tokens.vocabulary import Attribute


def named(constraint: Constraint) -> str:
    """A constraint as a message names it."""
    source = f" ({constraint.source})" if constraint.source else ""
    return f"'{constraint}'{source}"


def contradiction(first: Constraint, second: Constraint, why: str) -> ConfigError:
    """The error that names two constraints which cannot both hold."""
    return ConfigError(
        f"{named(first)} and {named(second)} contradict each other: {why}; "
        "change one of them or leave it out"
    )


def blame(
    attribute: Attribute, masks: Sequence[tuple[Constraint, np.ndarray]], base: np.ndarray, bar: int
) -> ConfigError:
    """The error for masks [V] that leave nothing of `base` [V], in a bar counted from 0."""
    name = "time signature" if attribute == Attribute.TYPE else attribute.name.lower()
    what = f"they leave no {name} in bar {bar + 1}"
    for (first, one), (second, other) in combinations(masks, 2):
        if not (base & one & other).any():
            return contradiction(first, second, what)
    return ConfigError(f"{', '.join(named(c) for c, _ in masks)} contradict each other: {what}")


def check_scopes(constraints: Sequence[Constraint], num_bars: int | None) -> None:
    """Raise ConfigError for bars that the piece does not have, and ends that are not known."""
    for one in constraints:
        last = one.scope.bars[1] or one.scope.bars[0] if one.scope.bars else 1
        if num_bars is not None and last > num_bars:
            raise ConfigError(
                f"{named(one)} speaks of bar {last}, but the piece has {num_bars} bars; "
                "make it longer, or the range shorter"
            )
        if num_bars is None and isinstance(one, Ending):
            raise ConfigError(f"{named(one)} needs to know the last bar; say how many bars")
        moves = isinstance(one, ExactTempo | Velocities) and one.to is not None
        if moves and one.scope.end(num_bars) is None:
            raise ConfigError(f"{named(one)} needs an end; say how many bars, or 'in bars 1-8'")


def check_pairs(constraints: Sequence[Constraint], num_bars: int | None) -> None:
    """Raise ConfigError for two lengths, exact tempos or progressions that differ in a bar.

    Masks would not tell all of these apart: two tempos may share a bin.
    """
    for first, second in combinations(constraints, 2):
        if isinstance(first, Length) and isinstance(second, Length):
            if first.num_bars != second.num_bars:
                raise contradiction(first, second, "a piece has one length")
        elif isinstance(first, ExactTempo) and isinstance(second, ExactTempo):
            for bar in _common_bars(first, second, num_bars):
                if first.bpm_at(bar, num_bars) != second.bpm_at(bar, num_bars):
                    raise contradiction(first, second, f"bar {bar + 1} has one tempo")
        elif isinstance(first, Chords) and isinstance(second, Chords):
            for bar in _common_bars(first, second, num_bars):
                if first.parts(bar) != second.parts(bar):
                    raise contradiction(first, second, f"their chords differ in bar {bar + 1}")


def _common_bars(first: Constraint, second: Constraint, num_bars: int | None) -> list[int]:
    """Bars that two ranges share, as far as is known."""
    return [b for b in range(horizon((first, second), num_bars))
            if first.scope.covers(b) and second.scope.covers(b)]  # fmt: skip


def horizon(constraints: Sequence[Constraint], num_bars: int | None) -> int:
    """The bars of the piece, or if their number is open, enough of them to meet every case."""
    if num_bars is not None:
        return num_bars
    last = max((n or 0 for c in constraints for n in c.scope.bars or ()), default=0)
    cycle = 1
    for one in constraints:
        cycle *= len(one.bars) if isinstance(one, Chords) else 1
    return last + min(cycle, 256) + 1


def check_note_limit(constraints: Sequence[Constraint], max_notes: int | None) -> None:
    """Raise ConfigError for what cannot be promised of a piece that a limit may cut anywhere."""
    if max_notes is None:
        return
    for one in constraints:
        cut = isinstance(one, Ending)
        if isinstance(one, Playing):
            in_part = bool(one.demands) and one.scope.bars is not None
            cut = one.is_silence or in_part or one.bar_share is not None
        if cut:
            raise ConfigError(
                f"{named(one)} cannot be promised of a piece that may end anywhere, with note "
                f"{max_notes}; leave out the limit on notes, or this"
            )
