"""Steps: what do fewer predictions a note, and other orders, do to the music?

Pieces composed without words under every policy, with the same seeds, beside real openings of as
many bars; what real rows cost under it; and how fast it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amadeus.errors import ConfigError
from amadeus.evaluation.comparison import Comparison, measure
from amadeus.evaluation.openings import first_bars
from amadeus.experiments.policies import Cost, Policies, Progress, cost_of
from amadeus.inference.composer import Composer
from amadeus.reports.means import Mean
from amadeus.tokens import decode

Metrics = dict[str, np.ndarray]
"""Values by metric, one a piece."""
ROUNDS, NOTES = 3, 150
"""How often, and on how many notes of one piece, the speed is taken."""
RESAMPLES = 400


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of one policy."""

    metrics: Metrics
    cost: Cost
    notes_per_second: Sequence[float]
    """One stream, by round; seconds of processor time, of all threads together."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """All policies; the first one is what the others are compared with."""

    outcomes: Mapping[str, Outcome]
    real: Metrics

    @property
    def first(self) -> Outcome:
        return next(iter(self.outcomes.values()))

    @property
    def num_openings(self) -> int:
        """How many real openings music is compared with."""
        return _size(self.real)

    def distance(self, name: str) -> float:
        """From real music, the mean over metrics, in standard deviations of the real pieces."""
        return Comparison(self.outcomes[name].metrics, self.real).mean_distance

    def distance_beyond_first(self, name: str) -> Mean:
        """How much further than the first policy; the interval is that of pieces and real ones
        drawn again, the same ones for both (Efron 1979)."""
        rng = np.random.default_rng(0)
        one, other = self.outcomes[name].metrics, self.first.metrics
        pieces, real = _size(one), _size(self.real)
        drawn = []
        for _ in range(RESAMPLES):
            mine, theirs = rng.integers(pieces, size=pieces), rng.integers(real, size=real)
            drawn.append(_beyond(_taken(one, mine), _taken(other, mine), _taken(self.real, theirs)))
        defined = [value for value in drawn if not np.isnan(value)]  # not of equal real pieces
        low, high = np.quantile(defined, (0.025, 0.975)) if defined else (np.nan, np.nan)
        return Mean(_beyond(one, other, self.real), float(low), float(high))

    def distance_among_real(self) -> float:
        """The same of every other real opening from the rest: what chance alone makes."""
        halves = (_taken(self.real, np.arange(k, _size(self.real), 2)) for k in (0, 1))
        return Comparison(*halves).mean_distance


def _size(metrics: Metrics) -> int:
    return len(next(iter(metrics.values())))


def _taken(metrics: Metrics, places: np.ndarray) -> Metrics:
    return {name: values[places] for name, values in metrics.items()}


def _beyond(one: Metrics, other: Metrics, real: Metrics) -> float:
    return Comparison(one, real).mean_distance - Comparison(other, real).mean_distance


def compare_policies(
    composer: Composer,
    real: Sequence[np.ndarray],
    policies: Policies,
    *,
    pieces: int,
    bars: int,
    rows: int,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Compared:
    """Compose `pieces` pieces of `bars` bars under every policy, and measure.

    real: tokens of real pieces, [N, A] each, from START on. Openings of `bars` bars of those that
    are long enough are what music is compared with; the first `rows` rows of all are paid for.
    Raises ConfigError where fewer than two real pieces have enough bars.
    """
    cut = [first_bars(np.asarray(tokens), bars) for tokens in real]
    openings = [tokens for tokens in cut if tokens is not None]
    if len(openings) < 2:
        raise ConfigError(f"no two real pieces have {bars} bars; ask for fewer bars")
    costs = cost_of(composer.model, real, policies, rows=rows, progress=progress)
    speeds = _speeds(composer, policies, progress)
    outcomes: dict[str, Outcome] = {}
    for name, settings in policies.items():
        progress("composing", len(outcomes), len(policies))
        scores = composer.generate_many([""] * pieces, bars=bars, seed=seed, tries=1, **settings)
        outcomes[name] = Outcome(measure(scores), costs[name], speeds[name])
    return Compared(outcomes, measure([decode(tokens) for tokens in openings]))


def _speeds(composer: Composer, policies: Policies, progress: Progress) -> dict[str, list[float]]:
    """Notes a second of processor time, one stream; the policies take turns."""
    speeds: dict[str, list[float]] = {name: [] for name in policies}
    for round_ in range(ROUNDS):
        progress("speed", round_, ROUNDS)
        for name, settings in policies.items():
            speeds[name].append(_speed(composer, seed=round_, **settings))
    return speeds


def _speed(composer: Composer, **settings: Any) -> float:
    # Of the processor's time: the clock would tell what else the machine is doing.
    began = time.process_time()
    score = composer.generate("", notes=NOTES, **settings)
    return score.num_notes / (time.process_time() - began)
