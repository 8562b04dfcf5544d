"""Scaling: how do nats a note fall with parameters and with notes seen?

Models of several widths, each trained over several lengths. Every length is a run of its own, for
the rate of learning falls towards the end of a run, and a loss on the way is not what a shorter run
would have reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.errors import ConfigError
from amadeus.experiments.means import Mean
from amadeus.experiments.power_law import EXPONENTS, PowerLaw, fit
from amadeus.experiments.recipes import with_steps
from amadeus.experiments.report import STYLE, Report, Table
from amadeus.experiments.runs import Recipe, Run, Runs

HEAD = 32
"""Width of a head of attention; widths are its multiples."""
RESAMPLES = 400
_SUMMARY = """Models of {sizes} widths, each trained over {lengths} lengths and measured on held-out
pieces; lengths are runs of their own, because the rate of learning falls at the end of each. The
law is L = E + A / N^a + B / D^b (Hoffmann et al. 2022, arXiv 2203.15556): N parameters outside of
look-up tables, D rows seen.

{setting}

**{verdict}**"""
_NOTE = """Found by least squares. In brackets, the 95 % interval over resamplings of the test
pieces, with noise added to every run as large as that between seeds{noise}. Exponents were sought
from {low:g} to {high:g}: an interval that reaches these ends says no more than that. Runs of so few
updates are still learning what is commonest in music; the exponents of long training need not be
these, and E is an extrapolation far beyond all that was seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Runs over widths and lengths, and the law they follow."""

    runs: Sequence[Run]
    parameters: np.ndarray
    """[K], outside of look-up tables."""
    laws: list[PowerLaw]
    """The first one of all pieces, the others of resamplings."""
    seed_noise: float
    """Standard deviation between seeds; nan where it was not measured."""

    @property
    def rows_seen(self) -> np.ndarray:
        """[K]."""
        return np.array([run.recipe.config.steps * run.rows_per_update for run in self.runs])

    @property
    def nats(self) -> np.ndarray:
        """Nats per row of test pieces, [K, P]."""
        return np.stack([run.nats for run in self.runs])

    def spread(self, name: str) -> Mean:
        """A field of the law, with its interval over resamplings."""
        first, *others = (getattr(law, name) for law in self.laws)
        low, high = np.nanquantile(others, (0.025, 0.975))
        return Mean(first, float(low), float(high))


def widened(base: Recipe, width: int) -> Recipe:
    """The recipe with another width, and a decoder of half of it.

    Raises ConfigError for a width that is no multiple of 32.
    """
    if width < HEAD or width % HEAD:
        raise ConfigError(f"width {width} is no multiple of {HEAD}; choose 64, 128, 192 and so on")
    heads, half = width // HEAD, max(1, width // (2 * HEAD))
    return base.but(
        model={
            "width": width, "heads": heads, "kv_heads": half if heads % half == 0 else 1,
            "decoder_width": width // 2, "decoder_heads": half,
        }
    )  # fmt: skip


def run(
    runs: Runs, base: Recipe, widths: Sequence[int], shares: Sequence[float], seeds: Sequence[int]
) -> Scaling:
    """Every width over every length, and the base with several seeds.

    shares: of the base's updates. Raises ConfigError for fewer than three runs of either.
    """
    if len(widths) < 3 or len(shares) < 2:
        raise ConfigError("a law takes at least three widths and two lengths")
    found = []
    for width in sorted(widths):
        recipe = base if width == base.config.model_config().width else widened(base, width)
        for share in sorted(shares):
            one = with_steps(recipe, max(1, round(share * base.config.steps)))
            found.append(runs.get(one, f"width {width}, {one.config.steps} updates"))
    same = [runs.get(base.but(seed=seed), f"seed {seed}").nats.mean() for seed in seeds]
    noise = float(np.std(same, ddof=1)) if len(same) > 1 else np.nan
    return _fitted(found, [_multiplied(runs, one) for one in found], noise)


def _multiplied(runs: Runs, run: Run) -> int:
    """Parameters outside of look-up tables."""
    named = runs.model(run.recipe).named_parameters()
    return sum(p.numel() for name, p in named if "table" not in name)


def _fitted(found: Sequence[Run], parameters: Sequence[int], noise: float) -> Scaling:
    scaling = Scaling(found, np.array(parameters, dtype=np.float64), [], noise)
    rng, nats = np.random.default_rng(0), scaling.nats
    picks = rng.integers(nats.shape[1], size=(RESAMPLES, nats.shape[1]))
    resampled = nats[:, picks].mean(-1).T  # [RESAMPLES, K]
    resampled += rng.normal(0, 0 if np.isnan(noise) else noise, resampled.shape)
    losses = np.concatenate([nats.mean(1)[None], resampled])
    scaling.laws.extend(fit(scaling.parameters, scaling.rows_seen, losses))
    return scaling


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
    noise = "" if np.isnan(scaling.seed_noise) else f" ({scaling.seed_noise:.3f} nats)"
    note = _NOTE.format(noise=noise, low=EXPONENTS[0], high=EXPONENTS[-1])
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


_FIELDS = {
    "floor": "E, nats",
    "by_parameters": "A, nats at the mean size",
    "parameters_exponent": "a",
    "by_data": "B, nats at the mean length",
    "data_exponent": "b",
}


def _law_rows(scaling: Scaling) -> list[list[str]]:
    n, d = scaling.laws[0].units
    rows = [[text, str(scaling.spread(name))] for name, text in _FIELDS.items()]
    return [*rows, ["mean size and length (geometric)", f"{n:,.0f} parameters, {d:,.0f} rows"]]


def _verdict(scaling: Scaling) -> str:
    law = scaling.laws[0]
    residual = law(scaling.parameters, scaling.rows_seen) - scaling.nats.mean(1)
    nats = scaling.nats.mean(1)
    longest = scaling.rows_seen == scaling.rows_seen.max()
    widest = scaling.parameters == scaling.parameters.max()
    return (
        f"From the smallest model to the largest, {_times(scaling.parameters)} times the "
        f"parameters, the longest runs gain {nats[longest][0] - nats[longest][-1]:.2f} nats a "
        f"row; from the shortest run to the longest, {_times(scaling.rows_seen)} times the rows, "
        f"the largest model gains {nats[widest][0] - nats[widest][-1]:.2f}. The law misses the "
        f"runs by {np.sqrt((residual**2).mean()):.2f} nats (root mean square)."
    )


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
        "seed noise": None if np.isnan(scaling.seed_noise) else round(scaling.seed_noise, 5),
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


def _draw_lines(
    axes: Axes, scaling: Scaling, x: np.ndarray, lines: np.ndarray, by: str
) -> None:  # fmt: skip
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
