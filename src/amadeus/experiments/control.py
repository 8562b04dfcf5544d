"""Control: do constraints hold, and what do they cost the music?

Each control is tested on pieces composed under a single randomly drawn constraint (`requests`).
Whether it holds is measured on the score (`hearing`), and likewise on pieces composed with the same
seeds and no constraint. The costs are the nats of the attributes that the control leaves free, and
the distance from real music.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.control import Constraint, Constraints, Length, violations
from amadeus.evaluation.comparison import Comparison, compare, measure
from amadeus.experiments import measuring
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.hearing import Measures, Pairs
from amadeus.experiments.options import Control, Progress, names, no_progress
from amadeus.experiments.requests import ControlKind, find_controls
from amadeus.inference.composer import Composer
from amadeus.inference.likelihood import nats_of_rows
from amadeus.music.score import Score
from amadeus.reports.figures import new_figure
from amadeus.reports.means import Mean, number
from amadeus.reports.report import INK, PALE, STRONG, Report, Table
from amadeus.tokens import Attribute, decode, encode
from amadeus.tokens.rows import count_bars


def run(options: Control, progress: Progress) -> Report:
    controls = find_controls(names(options.only) or None)
    shards, _ = measuring.held_out(options)
    last = options.seed + options.seeds - 1
    provenance = measuring.provenance(options, seeds=f"{options.seed} to {last}", bars=options.bars)
    real = [shards.tokens(index) for index in range(len(shards))]
    experiment = Experiment(
        measuring.load_composer(options), real, seeds=options.seeds, bars=options.bars,
        seed=options.seed, progress=progress,
    )  # fmt: skip
    return report([experiment.run(control) for control in controls], experiment, provenance)


@dataclass(frozen=True, slots=True)
class Cost:
    """Properties of a set of pieces that a control may worsen."""

    nats: Mean
    """Nats per row of the free attributes given the others, mean over pieces."""
    distance: float
    """Mean over metrics of the distance from real music."""
    notes_per_bar: Mean
    drums_alone: Mean
    """Share of pieces without a pitched note."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "nats": self.nats.to_dict(),
            "distance": number(self.distance),
            "notes per bar": self.notes_per_bar.to_dict(),
            "drums alone": self.drums_alone.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results for one control. Pairs of values are with and without the constraint."""

    control: ControlKind
    requests: list[Constraint]
    holds: Mean | None
    """Share of pieces without a violation; None for a soft control."""
    violations: list[str]
    measures: dict[str, tuple[Mean, Mean]]
    pairs: tuple[Pairs, Pairs]
    """Requested and obtained values."""
    cost: Cost
    cost_without: Cost
    """The same attributes being free."""
    real_nats: Mean

    def correlations(self) -> tuple[float, float]:
        """Pearson correlation of requested and obtained values."""
        constrained, unconstrained = (_correlation(pairs) for pairs in self.pairs)
        return constrained, unconstrained

    def to_dict(self) -> dict[str, Any]:
        return {
            "holds": None if self.holds is None else self.holds.to_dict(),
            "violations": self.violations,
            "heard": {
                name: {"with request": constrained.to_dict(), "without": without.to_dict()}
                for name, (constrained, without) in self.measures.items()
            },
            "correlation": [number(r) for r in self.correlations()],
            "with request": self.cost.to_dict(),
            "without": self.cost_without.to_dict(),
            "real nats": self.real_nats.to_dict(),
            "requests": [str(request) for request in self.requests],
        }


class Experiment:
    """Composes with one model, and compares with real pieces."""

    def __init__(
        self,
        composer: Composer,
        real: Sequence[np.ndarray],
        *,
        seeds: int,
        bars: int,
        seed: int = 0,
        real_pieces: int = 12,
        progress: Progress = no_progress,
    ) -> None:
        """real: tokens of whole real pieces, [N, A] each. Those with enough bars are cut to `bars`,
        and the nats of `real_pieces` of them, spread evenly, are measured.

        Raises ConfigError if fewer than two have enough.
        """
        self._composer = composer
        self._seeds, self._bars, self._seed = seeds, bars, seed
        self._progress = progress
        self._real = [decode(tokens) for tokens in measuring.openings_of(list(real), bars)]
        self._real_metrics = measure(self._real)
        self._some_real = self._real[:: max(1, len(self._real) // real_pieces)][:real_pieces]
        self._nats: dict[tuple[str, tuple[Attribute, ...]], Mean] = {}

    @property
    def num_openings(self) -> int:
        """Number of real openings that metrics are compared with."""
        return len(self._real)

    @property
    def num_real(self) -> int:
        """Number of real openings whose nats are measured."""
        return len(self._some_real)

    @cached_property
    def unconstrained(self) -> list[Score]:
        """A piece for every seed, constrained in nothing but its length."""
        return self._compose("no request", [Constraints(Length(self._bars))] * self._seeds)

    def run(self, control: ControlKind) -> Outcome:
        """Compose under one constraint for each seed, and measure."""
        requests = control.requests(self._seeds, self._bars, self._seed)
        length = () if control.name == "bars" else (Length(self._bars),)
        constraints = [Constraints(request, *length) for request in requests]
        scores = self._compose(control.name, constraints)
        broken = [violations(s, held) for s, held in zip(scores, constraints, strict=True)]
        return Outcome(
            control,
            requests,
            Mean.of([not texts for texts in broken]) if control.is_hard else None,
            [text for texts in broken for text in texts[:1]],
            self._heard(control, requests, scores),
            (_pairs(control, requests, scores), _pairs(control, requests, self.unconstrained)),
            self._cost(control.name, control.free, scores),
            self._cost("no request", control.free, self.unconstrained),
            self.nats("real music", control.free, self._some_real),
        )

    def nats(self, what: str, free: tuple[Attribute, ...], scores: Sequence[Score]) -> Mean:
        """Nats per row of these attributes given the others, mean over pieces.

        what: the name of the pieces, under which their nats are cached.
        """
        if (what, free) not in self._nats:
            by_piece = []
            for done, score in enumerate(scores):
                self._progress(f"{what}: likelihood", done, len(scores))
                tokens = encode(score)[: self._composer.context]
                nats = nats_of_rows(self._composer.model, tokens, attributes=free)
                by_piece.append(float(nats.sum() / len(nats)))
            self._nats[what, free] = Mean.of(by_piece)
        return self._nats[what, free]

    def baseline(self) -> Cost:
        """The cost of pieces without a constraint, over all attributes."""
        return self._cost("no request", tuple(Attribute), self.unconstrained)

    def real_nats(self) -> Mean:
        """Nats per row of real openings, over all attributes."""
        return self.nats("real music", tuple(Attribute), self._some_real)

    def distance_among_real(self) -> float:
        """The distance between two halves of the real openings."""
        return compare(self._real[::2], self._real[1::2]).mean_distance

    def _compose(self, what: str, constraints: Sequence[Constraints]) -> list[Score]:
        total = sum(c.num_bars for held in constraints for c in held if isinstance(c, Length))
        return self._composer.generate_many(
            [""] * len(constraints), constraints=constraints, seed=self._seed, tries=1,
            progress=lambda bars, _: self._progress(f"{what}: bars composed", bars, total),
        )  # fmt: skip

    def _heard(
        self, control: ControlKind, requests: Sequence[Constraint], scores: Sequence[Score]
    ) -> dict[str, tuple[Mean, Mean]]:
        columns = [
            [control.hear(s, request) for s, request in zip(pieces, requests, strict=True)]
            for pieces in (scores, self.unconstrained)
        ]
        labels: dict[str, Any] = {name: None for column in columns for m in column for name in m}
        return {name: (_mean(columns[0], name), _mean(columns[1], name)) for name in labels}

    def _cost(self, what: str, free: tuple[Attribute, ...], scores: Sequence[Score]) -> Cost:
        distance = Comparison(measure(scores), self._real_metrics).mean_distance
        density = [s.num_notes / count_bars(encode(s)) for s in scores]
        drums = Mean.of([not len(s.pitched_notes) for s in scores])
        return Cost(self.nats(what, free, scores), distance, Mean.of(density), drums)


def _pairs(control: ControlKind, requests: Sequence[Constraint], scores: Sequence[Score]) -> Pairs:
    if control.pairs is None:
        return []
    return [
        p for s, request in zip(scores, requests, strict=True) for p in control.pairs(s, request)
    ]


def _mean(column: Sequence[Measures], name: str) -> Mean:
    return Mean.of([measures[name] for measures in column if name in measures])


def _correlation(pairs: Pairs) -> float:
    points = np.array(pairs)
    if len(points) < 3 or not np.ptp(points, axis=0).all():
        return np.nan
    return float(np.corrcoef(points.T)[0, 1])


_SUMMARY = """For each control, {seeds} pieces of {bars} bars are composed under one randomly drawn
constraint and no other (except for "bars", which draws its own length), and {seeds} pieces with the
same seeds without a constraint. Sampling uses the default settings. Brackets give 95 % bootstrap
intervals. An interval has no width if all pieces agree, even though up to {rest:.0f} % of other
pieces may not.

A hard constraint holds if no note of the finished score violates it (`control.check`). "Measured"
values come from other methods: key finding, chord estimation and counting notes. The column
"without" applies the same methods to the pieces without a constraint, as a chance level."""
_COSTS = """Nats per row are those of the attributes that a control leaves free, given the others
(the bound of `inference/likelihood.py`, by the same model), with and without the constraint and
for {real} openings of the open validation pieces. More nats mean that the constraint leads the
model to music that it finds less likely. Dense pieces have fewer nats per row, because repetition
is cheap and the first rows of a piece are the most expensive. The distance is the mean over the
metrics of `evaluation/metrics.py` of the distance from {openings} such openings, in their standard
deviations; two halves of the openings are {floor:.2f} apart. A constraint on density or pitch moves
the metrics that measure it. "Drums only" counts pieces without a pitched note."""


def report(
    outcomes: Sequence[Outcome], experiment: Experiment, provenance: Mapping[str, Any]
) -> Report:
    seeds, bars = len(experiment.unconstrained), provenance["bars"]
    floor, baseline = experiment.distance_among_real(), experiment.baseline()
    values = {
        "controls": {outcome.control.name: outcome.to_dict() for outcome in outcomes},
        "no request": baseline.to_dict(),
        "real": {"nats": experiment.real_nats().to_dict(), "distance": round(floor, 5)},
    }
    note = _COSTS.format(real=experiment.num_real, openings=experiment.num_openings, floor=floor)
    costs = _costs(outcomes, baseline, experiment.real_nats(), note)
    return Report(
        title="Control",
        summary=_SUMMARY.format(seeds=seeds, bars=bars, rest=min(100, 300 / seeds)),
        tables=[verdict_table("control", values), _held(outcomes), costs, _requests(outcomes)],
        values=values,
        provenance=provenance,
        pictures={"control": draw(outcomes)},
    )


def _held(outcomes: Sequence[Outcome]) -> Table:
    rows = []
    for outcome in outcomes:
        holds = "soft" if outcome.holds is None else outcome.holds.percent()
        first = [outcome.control.name, holds]
        for name, (constrained, without) in outcome.measures.items():
            rows.append([*first, name, constrained.percent(), without.percent()])
            first = ["", ""]
        if outcome.pairs[0]:
            correlations = (f"{r:.2f}" for r in outcome.correlations())
            rows.append([*first, "correlation of requested and obtained", *correlations])
    header = ("control", "holds, % of pieces", "measured, %", "with constraint", "without")
    return Table("Which constraints hold", header, rows)


def _costs(outcomes: Sequence[Outcome], baseline: Cost, real: Mean, note: str) -> Table:
    header = ("control", "nats with constraint", "without", "real music", "distance",
              "notes per bar", "drums only, %")  # fmt: skip
    rows = [["no constraint", "", str(baseline.nats), str(real), *_music(baseline)]]
    rows += [
        [o.control.name, str(o.cost.nats), str(o.cost_without.nats), str(o.real_nats),
         *_music(o.cost)]
        for o in outcomes
    ]  # fmt: skip
    return Table("What they cost", header, rows, note)


def _requests(outcomes: Sequence[Outcome]) -> Table:
    rows = [
        [o.control.name, o.control.drawn, f"`{o.requests[0]}`",
         ", ".join(a.name.lower() for a in o.control.free)]
        for o in outcomes
    ]  # fmt: skip
    return Table("The constraints", ("control", "drawn uniformly from", "first", "free"), rows)


def _music(cost: Cost) -> list[str]:
    """Costs that do not depend on which attributes are free."""
    density = f"{cost.notes_per_bar.mean:.1f}"
    return [f"{cost.distance:.2f}", density, cost.drums_alone.percent()]


def draw(outcomes: Sequence[Outcome]) -> Figure:
    """The first measure of every control, and requested against obtained values."""
    paired = [outcome for outcome in outcomes if outcome.pairs[0]]
    upper, lower = 1.4 + max(0.3 * len(outcomes), 1.0), 3.2 * bool(paired)
    with new_figure(9, upper + lower) as figure:
        ratios = [upper, lower] if paired else [upper]
        parts = figure.subfigures(len(ratios), squeeze=False, height_ratios=ratios)[:, 0]
        _draw_shares(parts[0].subplots(), outcomes)
        if paired:
            panels = parts[1].subplots(1, max(3, len(paired)), squeeze=False)[0]
            for axes, outcome in zip(panels, paired, strict=False):
                _draw_pairs(axes, outcome)
            for axes in panels[len(paired) :]:
                axes.set_visible(False)
    return figure


def _draw_shares(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    places = np.arange(len(outcomes))
    for column, (shift, color, label) in enumerate(
        ((-0.19, STRONG, "with the constraint"), (0.19, PALE, "without"))
    ):
        means = [next(iter(outcome.measures.values()))[column] for outcome in outcomes]
        shares = np.array([100 * mean.mean for mean in means])
        errors = np.array([[m.mean - m.low, m.high - m.mean] for m in means]).T * 100
        axes.barh(places + shift, shares, 0.36, color=color, label=label)
        axes.errorbar(shares, places + shift, xerr=np.maximum(errors, 0), fmt="none", ecolor=INK,
                      elinewidth=0.8)  # fmt: skip
    axes.set_yticks(places, [f"{o.control.name}: {next(iter(o.measures))}" for o in outcomes])
    axes.set_ylim(len(outcomes) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of pieces, bars or notes")
    axes.set_title("Measured")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)


def _draw_pairs(axes: Axes, outcome: Outcome) -> None:
    for pairs, color, size in ((outcome.pairs[1], PALE, 8), (outcome.pairs[0], STRONG, 11)):
        points = np.array(pairs)
        axes.scatter(points[:, 0], points[:, 1], size, color=color, linewidths=0, alpha=0.8)
    requested = np.array(outcome.pairs[0])[:, 0]
    ends = [requested.min(), requested.max()]
    axes.plot(ends, ends, color=INK, linewidth=0.7)
    axes.set_title(outcome.control.name)
    axes.set_xlabel(f"requested, {outcome.control.unit}")
    axes.set_ylabel("obtained")
    axes.set_ylim(bottom=0)
