"""Control: does what was asked for hold, and what does it cost the music?

For every control, pieces composed from nothing but one request each, drawn by chance. Whether it
holds is heard in the score; the same is heard in pieces with the same seeds and no request. Costs
are the nats of the attributes that the control leaves free, and the distance from real music.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from amadeus.control import Constraint, Constraints, Length, violations
from amadeus.errors import ConfigError
from amadeus.evaluation.comparison import Comparison, compare, measure
from amadeus.evaluation.openings import first_bars
from amadeus.experiments.hearing import Measures, Pairs
from amadeus.experiments.requests import ControlKind
from amadeus.inference.composer import Composer
from amadeus.inference.likelihood import nats_of_rows
from amadeus.music.score import Score
from amadeus.reports.means import Mean
from amadeus.tokens import Attribute, decode, encode
from amadeus.tokens.rows import count_bars

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many pieces are, and of how many."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What pieces of music are like, whatever was asked of them."""

    nats: Mean
    """Nats per row of the free attributes given the others, mean over pieces."""
    distance: float
    """Mean over metrics of the distance to real music."""
    notes_per_bar: Mean
    drums_alone: Mean
    """Share of pieces without a pitched note."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one control."""

    control: ControlKind
    requests: list[Constraint]
    holds: Mean | None
    """Share of pieces without a violation; None for a soft control."""
    violations: list[str]
    measures: dict[str, tuple[Mean, Mean]]
    """By name, with the request and without."""
    pairs: tuple[Pairs, Pairs]
    """Requested and obtained, with the request and without."""
    cost: Cost
    cost_without: Cost
    """Of the pieces without a request, the same attributes being free."""
    real_nats: Mean
    """The same of real music."""

    def correlations(self) -> tuple[float, float]:
        """Pearson's, of requested and obtained values, with the request and without."""
        one, other = (_correlation(pairs) for pairs in self.pairs)
        return one, other


class Experiment:
    """Pieces composed by one model, and real ones to compare them with."""

    def __init__(
        self,
        composer: Composer,
        real: Sequence[np.ndarray],
        *,
        seeds: int,
        bars: int,
        seed: int = 0,
        real_pieces: int = 12,
        progress: Progress = lambda *_: None,
    ) -> None:
        """real: tokens of whole real pieces, [N, A] each; those with enough bars are cut to `bars`,
        and the nats of `real_pieces` of them, spread evenly, are measured.

        Raises ConfigError where fewer than two have enough.
        """
        self._composer = composer
        self._seeds, self._bars, self._seed = seeds, bars, seed
        self._progress = progress
        openings = [first_bars(tokens, bars) for tokens in real]
        self.openings = [tokens for tokens in openings if tokens is not None]
        if len(self.openings) < 2:
            raise ConfigError(f"no two real pieces have {bars} bars; ask for fewer bars")
        self._real = [decode(tokens) for tokens in self.openings]
        self._real_metrics = measure(self._real)
        self._some_real = self._real[:: max(1, len(self._real) // real_pieces)][:real_pieces]
        self._nats: dict[tuple[str, tuple[Attribute, ...]], Mean] = {}

    @property
    def num_real(self) -> int:
        """Number of real openings whose nats are measured."""
        return len(self._some_real)

    @cached_property
    def unconstrained(self) -> list[Score]:
        """A piece of every seed, held to its number of bars alone."""
        return self._compose("no request", [Constraints(Length(self._bars))] * self._seeds)

    def run(self, control: ControlKind) -> Outcome:
        """Compose under one request for each seed, and measure."""
        requests = control.requests(self._seeds, self._bars, self._seed)
        length = () if control.name == "bars" else (Length(self._bars),)
        constraints = [Constraints(one, *length) for one in requests]
        scores = self._compose(control.name, constraints)
        broken = [violations(s, held) for s, held in zip(scores, constraints, strict=True)]
        return Outcome(
            control,
            requests,
            Mean.of([not one for one in broken]) if control.is_hard else None,
            [text for one in broken for text in one[:1]],
            self._heard(control, requests, scores),
            (
                _pairs(control, requests, scores),
                _pairs(control, requests, self.unconstrained),
            ),
            self._cost(control.name, control.free, scores),
            self._cost("no request", control.free, self.unconstrained),
            self.nats("real music", control.free, self._some_real),
        )

    def nats(self, what: str, free: tuple[Attribute, ...], scores: Sequence[Score]) -> Mean:
        """Nats per row of these attributes given the others, mean over pieces.

        what: names the pieces, whose nats are kept.
        """
        if (what, free) not in self._nats:
            found = []
            for done, score in enumerate(scores):
                self._progress(f"{what}: likelihood", done, len(scores))
                tokens = encode(score)[: self._composer.context]
                nats = nats_of_rows(self._composer.model, tokens, attributes=free)
                found.append(float(nats.sum() / len(nats)))
            self._nats[what, free] = Mean.of(found)
        return self._nats[what, free]

    def baseline(self) -> Cost:
        """All attributes of the pieces without a request."""
        return self._cost("no request", tuple(Attribute), self.unconstrained)

    def real_nats(self) -> Mean:
        """All attributes of real openings."""
        return self.nats("real music", tuple(Attribute), self._some_real)

    def distance_among_real(self) -> float:
        """The same of every other real opening from the rest: what chance alone makes."""
        return compare(self._real[::2], self._real[1::2]).mean_distance

    def _compose(self, what: str, constraints: Sequence[Constraints]) -> list[Score]:
        total = sum(one.num_bars for held in constraints for one in held if isinstance(one, Length))
        return self._composer.generate_many(
            [""] * len(constraints), constraints=constraints, seed=self._seed, tries=1,
            progress=lambda bars, _: self._progress(f"{what}: bars composed", bars, total),
        )  # fmt: skip

    def _heard(
        self, control: ControlKind, requests: Sequence[Constraint], scores: Sequence[Score]
    ) -> dict[str, tuple[Mean, Mean]]:
        columns = [
            [control.hear(s, one) for s, one in zip(pieces, requests, strict=True)]
            for pieces in (scores, self.unconstrained)
        ]
        names: dict[str, Any] = {name: None for column in columns for m in column for name in m}
        return {name: (_mean(columns[0], name), _mean(columns[1], name)) for name in names}

    def _cost(self, what: str, free: tuple[Attribute, ...], scores: Sequence[Score]) -> Cost:
        distance = Comparison(measure(scores), self._real_metrics).mean_distance
        density = [s.num_notes / count_bars(encode(s)) for s in scores]
        drums = Mean.of([not len(s.pitched_notes) for s in scores])
        return Cost(self.nats(what, free, scores), distance, Mean.of(density), drums)


def _pairs(control: ControlKind, requests: Sequence[Constraint], scores: Sequence[Score]) -> Pairs:
    if control.pairs is None:
        return []
    return [p for s, one in zip(scores, requests, strict=True) for p in control.pairs(s, one)]


def _mean(column: Sequence[Measures], name: str) -> Mean:
    return Mean.of([measures[name] for measures in column if name in measures])


def _correlation(pairs: Pairs) -> float:
    points = np.array(pairs)
    if len(points) < 3 or not np.ptp(points, axis=0).all():
        return np.nan
    return float(np.corrcoef(points.T)[0, 1])
