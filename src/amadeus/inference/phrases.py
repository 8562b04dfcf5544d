"""Phrases: composes several candidates for every phrase of a piece and continues the best one."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np

from amadeus.control import Constraints, Control
from amadeus.control.plan import Plan
from amadeus.critic import critic
from amadeus.critic.faults import find_faults
from amadeus.inference.candidates import MAX_CANDIDATES, check_candidates, seed_of_candidate
from amadeus.inference.contrast import labels_of_bars, likeness_to_other_sections
from amadeus.inference.profile_plan import ProfilePlan
from amadeus.inference.request import Request
from amadeus.profile import measure_profile
from amadeus.profile.distance import differences
from amadeus.text.prompt import PromptFacts
from amadeus.tokens.rows import count_bars
from amadeus.tokens.vocabulary import Attribute

OPENING_BARS = 2
"""The first phrase is short, so that the first note comes soon; the second one completes it."""
PHRASE_BARS = 4
MISFIT = 0.5
"""Penalty on a candidate for a value of the profile that the piece so far misses entirely."""
BAND_MISFIT = 3.0
"""The same for its instruments and their shares of the notes."""
STATED_MISFIT = 4.0
"""A further penalty for such a value if it was stated, not filled in from a real piece."""
LIKE_OTHERS = 6.0
"""Penalty on a phrase that repeats sections with another label of the form."""
FAULT = 3.0
"""Penalty on a candidate for every fault of the piece so far (`critic.faults`)."""
ABSENT = 2.0
"""Penalty on a candidate for every requested instrument that is absent so far."""


@dataclass(frozen=True, slots=True, eq=False)
class PiecePlan:
    """A new piece, or new bars of a given one, planned: everything but the notes."""

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

    def begin(self) -> PieceInProgress:
        """The piece before its first phrase."""
        return PieceInProgress(self)


class PieceInProgress:
    """A piece that is composed phrase by phrase.

    As long as it is not complete, `candidates` are composed, and `choose` keeps one of them. With a
    single candidate the whole piece is one phrase.
    """

    def __init__(self, piece: PiecePlan) -> None:
        self._piece = piece
        self.rows = piece.request.prompt.astype(np.int64)
        """The piece so far, from START on, int64 [N, A]."""
        self._given, self._bars_given = len(self.rows), count_bars(self.rows)
        self._labels = labels_of_bars(piece.plan)
        self._control = Control(piece.plan, self._bars_given)
        self._followed = self._given
        """How many rows the control has read, or need not read."""
        self.bars = 0
        """New bars so far."""
        self.is_complete = False
        self._phrases = 0

    @property
    def num_new(self) -> int:
        """How many rows are new."""
        return len(self.rows) - self._given

    def candidates(self) -> list[Request]:
        """A request for each candidate for the next phrase."""
        whole, tries = self._piece.request, self._piece.tries
        first = self._phrases * MAX_CANDIDATES
        return [
            replace(
                whole, prompt=self.rows, num_bars=self._bars_of_phrase(),
                max_notes=_less(whole.max_notes, len(self.rows) - self._given),
                seed=seed_of_candidate(whole.seed, first + number), constrain=self._copy_control(),
            )
            for number in range(tries)
        ]  # fmt: skip

    def choose(self, candidates: Sequence[np.ndarray]) -> np.ndarray:
        """Keep the best of the composed candidates, rows from START to END each, [N, A].

        Returns its new rows, [M, A], with END if the piece is complete.
        """
        wanted, known = self._bars_of_phrase(), len(self.rows)
        ends = [self._is_end(rows, wanted) for rows in candidates]
        pairs = zip(candidates, ends, strict=True)
        merits = [self._merit(rows if end else rows[:-1]) for rows, end in pairs]
        best = int(np.argmax(merits)) if len(candidates) > 1 else 0
        rows, self.is_complete = candidates[best].astype(np.int64), ends[best]
        self.rows = rows if self.is_complete else rows[:-1]
        if not self.is_complete:
            # The control reads the last row with the next one.
            before = self.rows[self._given : self._followed]
            self._control.follow(self.rows[self._followed : -1], count_bars(before))
            self._followed = len(self.rows) - 1
        self.bars, self._phrases = count_bars(self.rows) - self._bars_given, self._phrases + 1
        return self.rows[known:]

    def _bars_of_phrase(self) -> int | None:
        """Bars of the next phrase; None for as many as the model likes."""
        whole = self._piece.request.num_bars
        if self._piece.tries == 1:
            return whole
        bars = OPENING_BARS if self.bars < PHRASE_BARS else PHRASE_BARS
        return bars if whole is None else min(bars, whole - self.bars)

    def _is_end(self, rows: np.ndarray, wanted: int | None) -> bool:
        """Whether a composed phrase, [N, A], ends the piece. wanted: its bars at most."""
        whole = self._piece.request
        bars, notes = count_bars(rows) - self._bars_given, len(rows) - 1 - self._given
        return (
            wanted is None
            or bars == whole.num_bars
            or bars < self.bars + wanted
            or notes == whole.max_notes
        )

    def _copy_control(self) -> Control:
        """A control of its own for a candidate, which shares the plan."""
        plan = self._piece.plan
        return deepcopy(self._control, {id(plan): plan})

    def _merit(self, rows: np.ndarray) -> float:
        """The critic's odds of a piece so far, [N, A], less penalties for what is amiss."""
        demands = self._piece.plan.demands
        asked = {d.instrument for d in demands if d.constraint.scope.covers(0)}
        missing = asked.difference(rows[self._given :, Attribute.INSTRUMENT].tolist())
        profile = self._piece.profile
        misfits = differences(profile.profile, measure_profile(rows))
        stated = sum(misfits[name] for name in misfits.keys() & profile.stated)
        misfit = MISFIT * sum(misfits.values()) + STATED_MISFIT * stated
        misfit += (BAND_MISFIT - MISFIT) * misfits.get("parts", 0.0)
        penalties = ABSENT * len(missing) + misfit + FAULT * len(find_faults(rows))
        if self._labels:
            new = rows[self._given :]
            penalties += LIKE_OTHERS * likeness_to_other_sections(new, self._labels, self.bars)
        return critic().odds(rows) - penalties


def _less(whole: int | None, part: int) -> int | None:
    return None if whole is None else max(0, whole - part)
