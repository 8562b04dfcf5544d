"""Steps: how do fewer predictions per note, and other orders, change the music?

Pieces are composed without a prompt under every sampling policy with the same seeds, and compared
with real openings of the same length. The likelihood of real music under each policy, and its
speed, are measured too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from amadeus.evaluation.comparison import Comparison, measure
from amadeus.experiments import measuring
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.options import Progress, Steps, no_progress
from amadeus.experiments.policies import ORDERS, STEPS, Cost, Policies, cost_of
from amadeus.inference.composer import Composer
from amadeus.reports.figures import draw_intervals, new_figure
from amadeus.reports.means import Mean, number
from amadeus.reports.report import INK, PALE, STRONG, Report, Table
from amadeus.tokens import decode

Metrics = dict[str, np.ndarray]
"""Values by metric, one per piece."""
ROUNDS, NOTES = 3, 150
"""Rounds of the speed measurement, and notes of each."""
RESAMPLES = 400


def run(options: Steps, progress: Progress) -> Report:
    shards, description = measuring.held_out(options)
    real = measuring.evenly(shards, options.real)
    provenance = measuring.provenance(
        options, seeds=f"{options.seed} to {options.seed + options.pieces - 1}",
        **{"real pieces": f"{len(real)} of {description}"},
    )  # fmt: skip
    compared = compare_policies(
        measuring.load_composer(options), real, {**STEPS, **ORDERS}, pieces=options.pieces,
        bars=options.bars, rows=options.rows, seed=options.seed, progress=progress,
    )  # fmt: skip
    return report(compared, options, provenance)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The results for one policy."""

    metrics: Metrics
    cost: Cost
    notes_per_second: Sequence[float]
    """By round, of one stream, per second of processor time of all threads together."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The results for all policies. The others are compared with the first."""

    outcomes: Mapping[str, Outcome]
    real: Metrics

    @property
    def first(self) -> Outcome:
        return next(iter(self.outcomes.values()))

    @property
    def num_openings(self) -> int:
        """Number of real openings that the music is compared with."""
        return _size(self.real)

    def extra_nats(self, name: str) -> Mean:
        """Nats per row beyond those of the first policy, paired by piece."""
        return Mean.of(self.outcomes[name].cost.nats - self.first.cost.nats)

    def distance(self, name: str) -> float:
        """The mean over metrics of the distance from real music, in its standard deviations."""
        return Comparison(self.outcomes[name].metrics, self.real).mean_distance

    def extra_distance(self, name: str) -> Mean:
        """The distance beyond that of the first policy.

        The interval resamples seeds and real pieces, the same for both policies (Efron 1979).
        """
        rng = np.random.default_rng(0)
        metrics, baseline = self.outcomes[name].metrics, self.first.metrics
        pieces, real = _size(metrics), _size(self.real)
        resampled = []
        for _ in range(RESAMPLES):
            ours, theirs = rng.integers(pieces, size=pieces), rng.integers(real, size=real)
            resampled.append(
                _difference(_take(metrics, ours), _take(baseline, ours), _take(self.real, theirs))
            )
        # The distance from real pieces that are all equal is undefined.
        defined = [value for value in resampled if not np.isnan(value)]
        low, high = np.quantile(defined, (0.025, 0.975)) if defined else (np.nan, np.nan)
        return Mean(_difference(metrics, baseline, self.real), float(low), float(high))

    def distance_among_real(self) -> float:
        """The distance between two halves of the real openings."""
        halves = (_take(self.real, np.arange(k, _size(self.real), 2)) for k in (0, 1))
        return Comparison(*halves).mean_distance


def _size(metrics: Metrics) -> int:
    return len(next(iter(metrics.values())))


def _take(metrics: Metrics, places: np.ndarray) -> Metrics:
    return {name: values[places] for name, values in metrics.items()}


def _difference(metrics: Metrics, baseline: Metrics, real: Metrics) -> float:
    return Comparison(metrics, real).mean_distance - Comparison(baseline, real).mean_distance


def compare_policies(
    composer: Composer,
    real: Sequence[np.ndarray],
    policies: Policies,
    *,
    pieces: int,
    bars: int,
    rows: int,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Compared:
    """Compose `pieces` pieces of `bars` bars under every policy, and measure.

    real: tokens of real pieces, [N, A] each, starting with START. The music is compared with the
    first `bars` bars of those that are long enough; nats are those of the first `rows` rows of all.
    Raises ConfigError if fewer than two real pieces are long enough.
    """
    openings = measuring.openings_of(list(real), bars)
    costs = cost_of(composer.model, real, policies, rows=rows, progress=progress)
    speeds = _speeds(composer, policies, progress)
    outcomes: dict[str, Outcome] = {}
    for name, settings in policies.items():
        progress("composing", len(outcomes), len(policies))
        scores = composer.generate_many([""] * pieces, bars=bars, seed=seed, tries=1, **settings)
        outcomes[name] = Outcome(measure(scores), costs[name], speeds[name])
    return Compared(outcomes, measure([decode(tokens) for tokens in openings]))


def _speeds(composer: Composer, policies: Policies, progress: Progress) -> dict[str, list[float]]:
    """Notes per second of processor time, of one stream. The policies take turns."""
    speeds: dict[str, list[float]] = {name: [] for name in policies}
    for round_ in range(ROUNDS):
        progress("speed", round_, ROUNDS)
        for name, settings in policies.items():
            speeds[name].append(_speed(composer, seed=round_, **settings))
    return speeds


def _speed(composer: Composer, **settings: Any) -> float:
    # Processor time, because wall time would include other work on the machine.
    began = time.process_time()
    score = composer.generate("", notes=NOTES, **settings)
    return score.num_notes / (time.process_time() - began)


_METRICS = ("pitch entropy", "pitch-class entropy", "scale consistency", "groove consistency",
            "polyphony", "note density", "instruments")  # fmt: skip
"""Shown in the page; the distance is over all metrics."""
_SUMMARY = """A note has eight attributes, and T steps reveal them in T predictions. T = 8 reveals
one at a time, so larger values are refused. Attributes revealed in the same step are sampled
independently of each other. "Sure at p" reveals, in each of at most eight steps, the most certain
attribute and every other whose best value has a probability of at least p. The last four policies
reveal one attribute at a time in other orders; the default reveals the most certain first.

Each policy composes {pieces} pieces of {bars} bars without a prompt, with the same seeds and
default sampling. They are compared with {openings} openings of real pieces from the validation
split. Nats are the likelihood of the first {rows} rows of {real} such pieces under the sampler
itself, at temperature 1 and including the grammar. Entropies are in bits. Notes per second are
measured on one stream in processor time, as the median of {rounds} rounds of {notes} notes.
Brackets give 95 % bootstrap intervals over pieces."""
_MUSIC = """The distance is the mean over the metrics of `evaluation/metrics.py` of the distance
from the real openings, in their standard deviations; two halves of the openings are {floor:.2f}
apart. "Extra" is the distance beyond that of {first}."""


def report(compared: Compared, options: Steps, provenance: Mapping[str, Any]) -> Report:
    extra = {name: compared.extra_distance(name) for name in compared.outcomes}
    floor = compared.distance_among_real()
    values = {
        "policies": {
            name: {
                "predictions": round(float(outcome.cost.predictions.mean()), 4),
                "notes per second": [round(speed, 2) for speed in outcome.notes_per_second],
                "nats": np.round(outcome.cost.nats, 5).tolist(),
                "nats beyond the first": compared.extra_nats(name).to_dict(),
                "distance": number(compared.distance(name)),
                "distance beyond the first": extra[name].to_dict(),
                "metrics": {m: Mean.of(v).to_dict() for m, v in outcome.metrics.items()},
            }
            for name, outcome in compared.outcomes.items()
        },
        "real": {name: Mean.of(values).to_dict() for name, values in compared.real.items()},
        "distance among real": number(floor),
    }
    return Report(
        title="Steps and orders",
        summary=_SUMMARY.format(
            pieces=options.pieces, bars=options.bars, rows=options.rows, rounds=ROUNDS,
            real=len(compared.first.cost.nats), openings=compared.num_openings, notes=NOTES,
        ),
        tables=[
            verdict_table("steps", values),
            _likelihood(compared),
            _music(compared, extra, floor),
        ],
        values=values,
        provenance=provenance,
        pictures={"steps": draw(compared, extra)},
    )  # fmt: skip


def _likelihood(compared: Compared) -> Table:
    rows = [
        [name, f"{outcome.cost.predictions.mean():.2f}",
         f"{median(outcome.notes_per_second):.0f}", str(Mean.of(outcome.cost.nats)),
         "" if outcome is compared.first else compared.extra_nats(name).signed()]
        for name, outcome in compared.outcomes.items()
    ]  # fmt: skip
    first = next(iter(compared.outcomes))
    header = ("policy", "predictions per row", "notes per second", "nats per row",
              f"beyond {first}")  # fmt: skip
    return Table("Likelihood and speed", header, rows, "Differences are paired by piece.")


def _music(compared: Compared, extra: Mapping[str, Mean], floor: float) -> Table:
    rows = [["real openings", f"{floor:.2f}", "",
             *(str(Mean.of(compared.real[metric])) for metric in _METRICS)]]  # fmt: skip
    rows += [
        [name, f"{compared.distance(name):.2f}",
         "" if outcome is compared.first else extra[name].signed(2),
         *(str(Mean.of(outcome.metrics[metric])) for metric in _METRICS)]
        for name, outcome in compared.outcomes.items()
    ]  # fmt: skip
    note = _MUSIC.format(floor=floor, first=next(iter(compared.outcomes)))
    return Table("Music", ("policy", "distance", "extra", *_METRICS), rows, note)


def draw(compared: Compared, extra: Mapping[str, Mean]) -> Figure:
    """Nats, distance and speed of every policy."""
    policies = list(compared.outcomes)
    colors = [STRONG if name in STEPS else INK for name in policies]
    with new_figure(8.2, 0.9 + 0.25 * len(policies)) as figure:
        left, middle, right = figure.subplots(1, 3, sharey=True)
        draw_intervals(left, {name: compared.extra_nats(name) for name in policies}, colors)
        draw_intervals(middle, extra, colors)
        speeds = [median(outcome.notes_per_second) for outcome in compared.outcomes.values()]
        right.barh(range(len(policies))[::-1], speeds, color=PALE, height=0.6)
        for axes, title in ((left, "extra nats per row"), (middle, "extra distance"),
                            (right, "notes per second")):  # fmt: skip
            axes.set_title(title)
    return figure
