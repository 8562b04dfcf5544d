"""What the experiment on scaling has to say, in tables and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.experiments.power_law import EXPONENTS
from amadeus.experiments.runs import Run
from amadeus.experiments.scaling import Scaling
from amadeus.reports.means import number
from amadeus.reports.report import STYLE, Report, Table

_SUMMARY = """Models of {sizes} widths, each trained over {lengths} lengths and measured on held-out
pieces; lengths are runs of their own, because the rate of learning falls at the end of each. The
law is L = E + A / N^a + B / D^b (Hoffmann et al. 2022, arXiv 2203.15556): N parameters outside of
look-up tables, D rows seen.

{setting}

**{verdict}**"""
_NOTE = """Found by least squares. In brackets, the 95 % interval over resamplings of the test
pieces, with as much noise on every run as the law misses them by (or as seeds make, if that is
more). Exponents were sought from {low:g} to {high:g}: an interval that reaches these ends says no
more than that. Runs of so few updates are still learning what is commonest in music; the exponents
of long training need not be these, and E is an extrapolation far beyond all that was seen."""
_FIELDS = {
    "floor": "E, nats",
    "by_parameters": "A, nats at the mean size",
    "parameters_exponent": "a",
    "by_data": "B, nats at the mean length",
    "data_exponent": "b",
}


def report_on(scaling: Scaling, setting: str, provenance: Mapping[str, Any]) -> Report:
    """The report. setting: how the runs were trained."""
    law = scaling.laws[0]
    predicted = law(scaling.parameters, scaling.rows_seen)
    measured = [
        [f"{_width(run)}", f"{run.parameters:,}", f"{n:,.0f}", f"{run.recipe.config.steps:,}",
         f"{d:,.0f}", f"{run.nats.mean():.3f}", f"{p:.3f}"]
        for run, n, d, p in zip(
            scaling.runs, scaling.parameters, scaling.rows_seen, predicted, strict=True
        )
    ]  # fmt: skip
    note = _NOTE.format(low=EXPONENTS[0], high=EXPONENTS[-1])
    sizes, lengths = (len(set(x)) for x in (scaling.parameters, scaling.rows_seen))
    return Report(
        title="Scaling",
        summary=_SUMMARY.format(
            sizes=sizes, lengths=lengths, setting=setting, verdict=_verdict(scaling)
        ),
        tables=[
            Table("The law", ("", "value"), _law_rows(scaling), note),
            Table(
                "The runs",
                ("width", "parameters", "outside of tables", "updates", "rows seen", "nats a row",
                 "by the law"),
                measured,
            ),
        ],
        values=_values(scaling),
        provenance=provenance,
        pictures={"scaling": draw(scaling)},
    )  # fmt: skip


def _law_rows(scaling: Scaling) -> list[list[str]]:
    n, d = scaling.laws[0].units
    rows = [[text, str(scaling.spread(name))] for name, text in _FIELDS.items()]
    return [*rows, ["mean size and length (geometric)", f"{n:,.0f} parameters, {d:,.0f} rows"]]


def _verdict(scaling: Scaling) -> str:
    nats = scaling.nats.mean(1)
    longest = nats[scaling.rows_seen == scaling.rows_seen.max()]
    widest = nats[scaling.parameters == scaling.parameters.max()]
    return (
        f"From the smallest model to the largest, {_times(scaling.parameters)} times the "
        f"parameters, the longest runs gain {longest[0] - longest[-1]:.2f} nats a row; from the "
        f"shortest run to the longest, {_times(scaling.rows_seen)} times the rows, the largest "
        f"model gains {widest[0] - widest[-1]:.2f}. {_fits(scaling)}"
    )


def _fits(scaling: Scaling) -> str:
    """Whether the law says what the runs do."""
    text = f"The law misses the runs by {scaling.misfit:.2f} nats"
    if np.isnan(scaling.seed_noise):
        return f"{text}."
    text += f", where seeds differ by {scaling.seed_noise:.2f}"
    if scaling.misfit > 2 * scaling.seed_noise:
        return f"{text}: it is a summary of these runs, not a law to extrapolate by."
    return f"{text}: it describes them as well as chance allows."


def _times(values: np.ndarray) -> str:
    return f"{values.max() / values.min():.0f}"


def _width(run: Run) -> int:
    return run.recipe.config.model_config().width


def _values(scaling: Scaling) -> dict[str, Any]:
    return {
        "law": {
            **{name: scaling.spread(name).to_dict() for name in _FIELDS},
            "units": [round(unit, 1) for unit in scaling.laws[0].units],
        },
        "misfit": round(scaling.misfit, 5),
        "seed noise": number(scaling.seed_noise),
        "runs": [
            {"width": _width(run), "parameters outside of tables": int(n), **run.to_dict()}
            for run, n in zip(scaling.runs, scaling.parameters, strict=True)
        ],
    }


def draw(scaling: Scaling) -> Figure:
    """Nats over rows seen, and over parameters, runs as points and the law as lines."""
    widths = sorted({_width(run) for run in scaling.runs})
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(8.4, 3.4), layout="constrained")
        data, sizes = figure.subplots(1, 2, sharey=True)
        _draw_lines(data, scaling, scaling.rows_seen, scaling.parameters, by="width")
        _draw_lines(sizes, scaling, scaling.parameters, scaling.rows_seen, by="rows")
        data.set_title("More notes")
        data.set_xlabel("rows seen")
        data.set_ylabel("nats a row")
        data.legend([f"width {w}" for w in widths], frameon=False)
        sizes.set_title("More parameters")
        sizes.set_xlabel("parameters outside of tables")
        sizes.legend([f"{d:,.0f} rows" for d in sorted(set(scaling.rows_seen))], frameon=False)
    return figure


def _draw_lines(axes: Axes, scaling: Scaling, x: np.ndarray, lines: np.ndarray, by: str) -> None:
    """Points with x on the axis, a line for every value of `lines`, and the law dotted."""
    law, nats = scaling.laws[0], scaling.nats.mean(1)
    groups = sorted(set(lines))
    colours = matplotlib.colormaps["viridis"](np.linspace(0.1, 0.85, len(groups)))
    curve = np.geomspace(x.min() / 1.2, x.max() * 1.2, 60)
    for value, colour in zip(groups, colours, strict=True):
        chosen = lines == value
        axes.plot(x[chosen], nats[chosen], "o", ms=5, color=colour)
    for value, colour in zip(groups, colours, strict=True):
        other = np.full_like(curve, value)
        pair = (other, curve) if by == "width" else (curve, other)
        axes.plot(curve, law(*pair), ":", color=colour, lw=1)
    axes.set_xscale("log")
