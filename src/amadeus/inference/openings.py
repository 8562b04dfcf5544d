"""Openings: composes several candidates for the first bars of a piece and continues the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from amadeus.control import Constraints, Control
from amadeus.control.plan import Plan
from amadeus.inference.candidates import check_candidates, seed_of_candidate
from amadeus.inference.profile_plan import ProfilePlan
from amadeus.inference.request import Request
from amadeus.inference.typicality import typicality
from amadeus.profile import measure_profile
from amadeus.profile.distance import differences
from amadeus.text.prompt import PromptFacts
from amadeus.tokens.vocabulary import Attribute

OPENING_BARS = 2
MISFIT = 0.15
"""Penalty on the typicality of an opening for a value of the profile that it misses entirely."""
ABSENT = 0.1
"""Penalty on the typicality of an opening for every requested instrument that it lacks."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenOpening:
    """A piece whose opening has been chosen."""

    rows: np.ndarray
    """From START, int64 [N, A]; up to END where the opening is the whole piece."""
    rest: Request | None
    """The rest of the piece, after these rows; None if nothing is left."""


@dataclass(frozen=True, slots=True, eq=False)
class PiecePlan:
    """A new piece, planned: everything but its notes."""

    request: Request
    """For the whole piece, without its constraints."""
    plan: Plan
    """Its length, and the constraints that hold."""
    tries: int
    """Number of openings to choose from."""
    facts: PromptFacts = field(default_factory=PromptFacts)
    """The values found in its prompt."""
    constraints: Constraints = field(default_factory=Constraints)
    """All constraints, including those of the prompt."""
    profile: ProfilePlan = field(default_factory=ProfilePlan)
    """The profile to aim for."""

    def __post_init__(self) -> None:
        check_candidates(self.tries)

    @property
    def openings(self) -> list[Request]:
        """A request for every candidate; none if there is only one."""
        bars = min(OPENING_BARS, self.request.num_bars or OPENING_BARS)
        seeds = [seed_of_candidate(self.request.seed, n) for n in range(self.tries)]
        return [
            replace(self.request, num_bars=bars, seed=seed, constrain=Control(self.plan))
            for seed in seeds
            if self.tries > 1
        ]

    def begin(self, openings: Sequence[np.ndarray]) -> ChosenOpening:
        """The best of these openings, rows from START to END, [N, A] each."""
        control = Control(self.plan)
        whole = replace(self.request, constrain=control)
        if not openings:
            return ChosenOpening(whole.prompt, whole)
        best = max(openings, key=self._merit).astype(np.int64)
        bars = _less(whole.num_bars, OPENING_BARS)
        notes = _less(whole.max_notes, len(best) - 2)
        if 0 in (bars, notes):
            return ChosenOpening(best, None)
        control.follow(best[1:-2])  # the last row is read with the next one
        rest = replace(
            whole, prompt=best[:-1], num_bars=bars, max_notes=notes,
            seed=seed_of_candidate(whole.seed, self.tries),
        )  # fmt: skip
        return ChosenOpening(rest.prompt, rest)

    def _merit(self, rows: np.ndarray) -> float:
        """Typicality of an opening, [N, A], less penalties for absent instruments and misfit."""
        asked = {d.instrument for d in self.plan.demands if d.constraint.scope.covers(0)}
        missing = asked.difference(rows[:, Attribute.INSTRUMENT].tolist())
        misfit = MISFIT * sum(differences(self.profile.profile, measure_profile(rows)).values())
        return typicality().score(rows) - ABSENT * len(missing) - misfit


def _less(whole: int | None, part: int) -> int | None:
    return None if whole is None else max(0, whole - part)
