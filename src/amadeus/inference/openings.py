"""Openings: the first bars of a piece composed a few times, the most usual of them gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from amadeus.control import Control
from amadeus.control.plan import Plan
from amadeus.inference.request import Request
from amadeus.inference.tries import check_tries, seed_of_try
from amadeus.inference.usual import usual
from amadeus.profile import Profile, measure_profile
from amadeus.profile.distance import differences
from amadeus.tokens.vocabulary import Attribute

OPENING_BARS = 2
MISFIT = 0.15
"""How much less usual an opening counts for a value of the profile that it has nothing of."""
ABSENT = 0.1
"""How much less usual an opening counts for an instrument that was asked for and is not in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """A piece whose opening has been chosen."""

    rows: np.ndarray
    """From START on, int64 [N, A]; to END where the opening is the whole piece."""
    rest: Request | None
    """What is left to compose, after these rows."""


@dataclass(frozen=True, slots=True, eq=False)
class NewPiece:
    """A piece that is asked for."""

    request: Request
    """For all of it, but for what it is held to."""
    plan: Plan
    tries: int
    """Openings to choose from."""
    profile: Profile = field(default_factory=Profile)
    """What it should be like."""
    stated: frozenset[str] = frozenset()
    """Fields of the profile that were stated; a real piece gave the others."""

    def __post_init__(self) -> None:
        check_tries(self.tries)

    @property
    def openings(self) -> list[Request]:
        """A request for each of them; none where there is no choice."""
        bars = min(OPENING_BARS, self.request.num_bars or OPENING_BARS)
        seeds = [seed_of_try(self.request.seed, n) for n in range(self.tries)]
        return [
            replace(self.request, num_bars=bars, seed=seed, constrain=Control(self.plan))
            for seed in seeds
            if self.tries > 1
        ]

    def begin(self, openings: Sequence[np.ndarray]) -> Begun:
        """The piece with the most usual of these openings, rows from START to END, [N, A] each."""
        control = Control(self.plan)
        whole = replace(self.request, constrain=control)
        if not openings:
            return Begun(whole.prompt, whole)
        best = max(openings, key=self._merit).astype(np.int64)
        bars = _less(whole.num_bars, OPENING_BARS)
        notes = _less(whole.max_notes, len(best) - 2)
        if 0 in (bars, notes):
            return Begun(best, None)
        control.follow(best[1:-2])  # the last one comes with the next
        rest = replace(
            whole, prompt=best[:-1], num_bars=bars, max_notes=notes,
            seed=seed_of_try(whole.seed, self.tries),
        )  # fmt: skip
        return Begun(rest.prompt, rest)

    def _merit(self, rows: np.ndarray) -> float:
        """How usual an opening is, [N, A], less for who should play and does not yet."""
        asked = {d.instrument for d in self.plan.demands if d.constraint.scope.covers(0)}
        missing = asked.difference(rows[:, Attribute.INSTRUMENT].tolist())
        misfit = MISFIT * sum(differences(self.profile, measure_profile(rows)).values())
        return usual().score(rows) - ABSENT * len(missing) - misfit


def _less(whole: int | None, part: int) -> int | None:
    return None if whole is None else max(0, whole - part)
