"""What the experiment on control has to say, in tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.experiments.control import Cost, Experiment, Outcome
from amadeus.reports.means import Mean, number
from amadeus.reports.report import INK, PALE, STRONG, STYLE, Report, Table

_SUMMARY = """{seeds} pieces of {bars} bars for every control, each held to one request that was
drawn by chance and to nothing else ("bars" draws its own length), and {seeds} with the same seeds
without any request. Default sampling. In brackets, the interval that holds 95 % of bootstrap means;
it has no width where all pieces agree, though up to {rest:.0f} % of others may not.

A hard control holds where no note of the finished score breaks it (`control.check`). What is heard
is measured on the score by other means: key finding, chords estimated from the notes, counting. The
column "without" puts the same questions to the pieces without a request: what chance reaches.

**{verdict}**"""
_COSTS = """Nats a row are those of the attributes that a control leaves free, given the others (the
bound of `inference/likelihood.py`, by the same model): with the request, without, and of {real}
openings of the open validation pieces. More nats mean that the model, held to the request, writes
what it finds less likely itself. The first rows of a piece cost most and what repeats costs little,
so dense pieces have fewer. Distance is the mean over the metrics of `evaluation/metrics.py` of the
distance to {openings} such openings, in their standard deviations; {floor:.2f} lie between two
halves of them. A request for many notes or a narrow range moves some metrics because it was asked
to. Drums alone are pieces without a pitched note."""


def report_on(
    outcomes: Sequence[Outcome], experiment: Experiment, provenance: Mapping[str, Any]
) -> Report:
    """The report. provenance: as `provenance_of` makes it, with seeds and bars among it."""
    seeds, bars = len(experiment.unconstrained), provenance["bars"]
    baseline, real = experiment.baseline(), experiment.real_nats()
    floor = experiment.distance_among_real()
    note = _COSTS.format(real=experiment.num_real, openings=len(experiment.openings), floor=floor)
    return Report(
        title="Control",
        summary=_SUMMARY.format(
            seeds=seeds, bars=bars, rest=min(100, 300 / seeds), verdict=_verdict(outcomes)
        ),
        tables=[
            _what_is_heard(outcomes),
            _what_it_costs(outcomes, baseline, real, note),
            _what_is_drawn(outcomes),
        ],
        values={
            "controls": {outcome.control.name: _values(outcome) for outcome in outcomes},
            "no request": _cost_values(baseline),
            "real": {"nats": real.to_dict(), "distance": round(floor, 5)},
        },
        provenance=provenance,
        pictures={"control": draw(outcomes)},
    )


def _verdict(outcomes: Sequence[Outcome]) -> str:
    hard = [one for one in outcomes if one.holds is not None]
    broken = [f"{o.control.name} in {len(o.violations)}" for o in hard if o.violations]
    pieces = sum(len(one.requests) for one in hard)
    if broken:
        return f"Broken: {', '.join(broken)} of {pieces} pieces."
    return f"All hard requests hold in all {pieces} pieces."


def _what_is_heard(outcomes: Sequence[Outcome]) -> Table:
    rows = []
    for outcome in outcomes:
        holds = "soft" if outcome.holds is None else outcome.holds.percent()
        first = [outcome.control.name, holds]
        for name, (with_request, without) in outcome.measures.items():
            rows.append([*first, name, with_request.percent(), without.percent()])
            first = ["", ""]
        if outcome.pairs[0]:
            one, other = (f"{r:.2f}" for r in outcome.correlations())
            rows.append([*first, "correlation of requested and obtained", one, other])
    header = ("control", "holds, % of pieces", "what is heard, %", "with request", "without")
    return Table("What holds", header, rows)


def _what_it_costs(outcomes: Sequence[Outcome], baseline: Cost, real: Mean, note: str) -> Table:
    header = ("control", "nats with request", "without", "real music", "distance", "notes a bar",
              "drums alone, %")  # fmt: skip
    rows = [["no request", "", str(baseline.nats), str(real), *_music(baseline)]]
    rows += [
        [one.control.name, str(one.cost.nats), str(one.cost_without.nats), str(one.real_nats),
         *_music(one.cost)]
        for one in outcomes
    ]  # fmt: skip
    return Table("What it costs", header, rows, note)


def _what_is_drawn(outcomes: Sequence[Outcome]) -> Table:
    rows = [
        [one.control.name, one.control.drawn, f"`{one.requests[0]}`",
         ", ".join(a.name.lower() for a in one.control.free)]
        for one in outcomes
    ]  # fmt: skip
    return Table("What is asked for", ("control", "drawn evenly from", "first one", "free"), rows)


def _music(cost: Cost) -> list[str]:
    """What does not depend on what is free."""
    density = f"{cost.notes_per_bar.mean:.1f}"
    return [f"{cost.distance:.2f}", density, cost.drums_alone.percent()]


def _values(outcome: Outcome) -> dict[str, Any]:
    return {
        "holds": None if outcome.holds is None else outcome.holds.to_dict(),
        "violations": outcome.violations,
        "heard": {
            name: {"with request": one.to_dict(), "without": other.to_dict()}
            for name, (one, other) in outcome.measures.items()
        },
        "correlation": [number(r) for r in outcome.correlations()],
        "with request": _cost_values(outcome.cost),
        "without": _cost_values(outcome.cost_without),
        "real nats": outcome.real_nats.to_dict(),
        "requests": [str(one) for one in outcome.requests],
    }


def _cost_values(cost: Cost) -> dict[str, Any]:
    return {
        "nats": cost.nats.to_dict(),
        "distance": number(cost.distance),
        "notes per bar": cost.notes_per_bar.to_dict(),
        "drums alone": cost.drums_alone.to_dict(),
    }


def draw(outcomes: Sequence[Outcome]) -> Figure:
    """What is heard of every control, and requested against obtained values."""
    paired = [outcome for outcome in outcomes if outcome.pairs[0]]
    with matplotlib.style.context(["default", STYLE]):
        upper, lower = 1.4 + max(0.3 * len(outcomes), 1.0), 3.2 * bool(paired)
        figure = Figure(figsize=(9, upper + lower), dpi=110, layout="constrained")
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
    """The telling measure of each control, with the request and without."""
    place = np.arange(len(outcomes))
    for column, (shift, color, label) in enumerate(
        ((-0.19, STRONG, "with the request"), (0.19, PALE, "without"))
    ):
        means = [next(iter(outcome.measures.values()))[column] for outcome in outcomes]
        shares = np.array([100 * mean.mean for mean in means])
        errors = np.array([[m.mean - m.low, m.high - m.mean] for m in means]).T * 100
        axes.barh(place + shift, shares, 0.36, color=color, label=label)
        axes.errorbar(shares, place + shift, xerr=np.maximum(errors, 0), fmt="none", ecolor=INK,
                      elinewidth=0.8)  # fmt: skip
    names = [f"{o.control.name}: {next(iter(o.measures))}" for o in outcomes]
    axes.set_yticks(place, names)
    axes.set_ylim(len(outcomes) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of pieces, bars or notes")
    axes.set_title("What is heard")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)


def _draw_pairs(axes: Axes, outcome: Outcome) -> None:
    for pairs, color, size in ((outcome.pairs[1], PALE, 8), (outcome.pairs[0], STRONG, 11)):
        points = np.array(pairs)
        axes.scatter(points[:, 0], points[:, 1], size, color=color, linewidths=0, alpha=0.8)
    asked = np.array(outcome.pairs[0])[:, 0]
    ends = [asked.min(), asked.max()]
    axes.plot(ends, ends, color=INK, linewidth=0.7)
    axes.set_title(outcome.control.name)
    axes.set_xlabel(f"asked for, {outcome.control.unit}")
    axes.set_ylabel("obtained")
    axes.set_ylim(bottom=0)
