"""Scaling: how do nats per row fall with parameters and with training data?

Models of several widths are trained for several lengths. Each length is a separate run, because the
learning rate decays at the end of a run, so an intermediate loss is not that of a shorter run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.errors import ConfigError
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.options import Progress, Scaling, names
from amadeus.experiments.power_law import EXPONENTS, PowerLaw, fit
from amadeus.experiments.recipes import describe, prepare, provenance_of_training, with_steps
from amadeus.experiments.runs import Recipe, Run, Runs
from amadeus.reports.figures import new_figure
from amadeus.reports.means import Mean, number
from amadeus.reports.report import Report, Table

HEAD_WIDTH = 32
"""Width of an attention head; widths are its multiples."""
RESAMPLES = 400
COEFFICIENTS = 5
"""Coefficients of a law."""


def run(options: Scaling, progress: Progress) -> Report:
    widths = [round(width) for width in _numbers("--widths", options.widths)]
    shares = _numbers("--lengths", options.lengths)
    runs, base = prepare(options, progress)
    scaled = train_grid(runs, base, widths, shares, range(options.seeds))
    return report(scaled, describe(base), provenance_of_training(options, base))


def _numbers(option: str, text: str) -> list[float]:
    try:
        numbers = [float(part) for part in names(text)]
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number <= 10**6 for number in numbers):
        raise ConfigError(f"{option} {text!r}: give positive numbers separated by commas")
    return numbers


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """Runs of several widths and lengths, and the law fitted to them."""

    runs: Sequence[Run]
    parameters: np.ndarray
    """[K], without look-up tables."""
    laws: list[PowerLaw]
    """The first is fitted to all test pieces, the others to resamples."""
    seed_noise: float
    """Standard deviation between seeds; NaN if it was not measured."""

    @property
    def rows_seen(self) -> np.ndarray:
        """[K]."""
        return np.array([run.recipe.config.steps * run.rows_per_update for run in self.runs])

    @property
    def nats(self) -> np.ndarray:
        """Nats per row of test pieces, [K, P]."""
        return np.stack([run.nats for run in self.runs])

    @property
    def misfit(self) -> float:
        """Residual standard deviation of the law, over its degrees of freedom."""
        residuals = self.laws[0](self.parameters, self.rows_seen) - self.nats.mean(1)
        return float(np.sqrt((residuals**2).sum() / max(1, len(residuals) - COEFFICIENTS)))

    def coefficient(self, name: str) -> Mean:
        """A field of the law, with its interval over resamples."""
        first, *others = (getattr(law, name) for law in self.laws)
        low, high = np.nanquantile(others, (0.025, 0.975))
        return Mean(first, float(low), float(high))


def widened(base: Recipe, width: int) -> Recipe:
    """The recipe with another width, and a decoder of half that width.

    Raises ConfigError for a width that is not a multiple of 32.
    """
    if width < HEAD_WIDTH or width % HEAD_WIDTH:
        raise ConfigError(
            f"width {width} is not a multiple of {HEAD_WIDTH}; choose 64, 128, 192 and so on"
        )
    heads, half = width // HEAD_WIDTH, max(1, width // (2 * HEAD_WIDTH))
    return base.but(
        model={
            "width": width, "heads": heads, "kv_heads": half if heads % half == 0 else 1,
            "decoder_width": width // 2, "decoder_heads": half,
        }
    )  # fmt: skip


def train_grid(
    runs: Runs, base: Recipe, widths: Sequence[int], shares: Sequence[float], seeds: Sequence[int]
) -> Scaled:
    """Train every width for every length, and the base with several seeds.

    shares: lengths as fractions of the base's updates. Raises ConfigError for too few of either.
    """
    if len(widths) < 3 or len(shares) < 2:
        raise ConfigError("a law needs at least three widths and two lengths")
    grid = []
    for width in sorted(widths):
        wide = base if width == base.config.model_config().width else widened(base, width)
        for share in sorted(shares):
            recipe = with_steps(wide, max(1, round(share * base.config.steps)))
            grid.append(runs.get(recipe, f"width {width}, {recipe.config.steps} updates"))
    same = [runs.get(base.but(seed=seed), f"seed {seed}").nats.mean() for seed in seeds]
    noise = float(np.std(same, ddof=1)) if len(same) > 1 else np.nan
    return _fitted(grid, [_without_tables(runs, run) for run in grid], noise)


def _without_tables(runs: Runs, run: Run) -> int:
    """Number of parameters that are not in look-up tables."""
    named = runs.model(run.recipe).named_parameters()
    return sum(p.numel() for name, p in named if "table" not in name)


def _fitted(runs: Sequence[Run], parameters: Sequence[int], seed_noise: float) -> Scaled:
    scaled = Scaled(runs, np.array(parameters, dtype=np.float64), [], seed_noise)
    nats, rng = scaled.nats, np.random.default_rng(0)
    scaled.laws.extend(_fit(scaled, nats.mean(1)[None]))
    picks = rng.integers(nats.shape[1], size=(RESAMPLES, nats.shape[1]))
    resampled = nats[:, picks].mean(-1).T  # [RESAMPLES, K]
    noise = np.nanmax([seed_noise, scaled.misfit])
    scaled.laws.extend(_fit(scaled, resampled + rng.normal(0, noise, resampled.shape)))
    return scaled


def _fit(scaled: Scaled, losses: np.ndarray) -> list[PowerLaw]:
    return fit(scaled.parameters, scaled.rows_seen, losses)


_SUMMARY = """Models of {sizes} widths are trained for {lengths} lengths each and measured on
validation pieces. Each length is a separate run, because the learning rate decays at the end of a
run. The law is L = E + A / N^a + B / D^b (Hoffmann et al. 2022, arXiv 2203.15556), where N is the
number of parameters without look-up tables and D the number of rows seen.

{setting}"""
_NOTE = """Fitted by least squares. Brackets give 95 % intervals over resamples of the test pieces,
with noise added to every run: the residuals of the law, or the differences between seeds if these
are larger. Exponents were searched from {low:g} to {high:g}, so intervals that reach these ends are
cut off. Such short runs still learn what is most common in music. The exponents of longer training
may differ, and E extrapolates far beyond the data."""
_COEFFICIENTS = {
    "floor": "E, nats",
    "by_parameters": "A, nats at the mean size",
    "parameters_exponent": "a",
    "by_data": "B, nats at the mean length",
    "data_exponent": "b",
}


def report(scaled: Scaled, setting: str, provenance: Mapping[str, Any]) -> Report:
    """setting: how the runs were trained."""
    values = {
        "law": {
            **{name: scaled.coefficient(name).to_dict() for name in _COEFFICIENTS},
            "units": [round(unit, 1) for unit in scaled.laws[0].units],
        },
        "misfit": round(scaled.misfit, 5),
        "seed noise": number(scaled.seed_noise),
        "runs": [
            {"width": _width(run), "parameters outside of tables": int(n), **run.to_dict()}
            for run, n in zip(scaled.runs, scaled.parameters, strict=True)
        ],
    }
    sizes, lengths = (len(set(x)) for x in (scaled.parameters, scaled.rows_seen))
    return Report(
        title="Scaling",
        summary=_SUMMARY.format(sizes=sizes, lengths=lengths, setting=setting),
        tables=[verdict_table("scaling", values), _law(scaled), _runs(scaled)],
        values=values,
        provenance=provenance,
        pictures={"scaling": draw(scaled)},
    )


def _law(scaled: Scaled) -> Table:
    n, d = scaled.laws[0].units
    rows = [[text, str(scaled.coefficient(name))] for name, text in _COEFFICIENTS.items()]
    rows.append(["mean size and length (geometric)", f"{n:,.0f} parameters, {d:,.0f} rows"])
    note = _NOTE.format(low=EXPONENTS[0], high=EXPONENTS[-1])
    return Table("The law", ("", "value"), rows, note)


def _runs(scaled: Scaled) -> Table:
    predicted = scaled.laws[0](scaled.parameters, scaled.rows_seen)
    columns = (scaled.runs, scaled.parameters, scaled.rows_seen, predicted)
    rows = [
        [str(_width(run)), f"{run.parameters:,}", f"{n:,.0f}", f"{run.recipe.config.steps:,}",
         f"{d:,.0f}", f"{run.nats.mean():.3f}", f"{nats:.3f}"]
        for run, n, d, nats in zip(*columns, strict=True)
    ]  # fmt: skip
    header = ("width", "parameters", "without tables", "updates", "rows seen", "nats per row",
              "by the law")  # fmt: skip
    return Table("The runs", header, rows)


def _width(run: Run) -> int:
    return run.recipe.config.model_config().width


def draw(scaled: Scaled) -> Figure:
    """Nats over rows seen and over parameters: runs as points, the law as lines."""
    widths = sorted({_width(run) for run in scaled.runs})
    with new_figure(8.4, 3.4) as figure:
        data, sizes = figure.subplots(1, 2, sharey=True)
        _draw_lines(data, scaled, scaled.rows_seen, scaled.parameters, by_width=True)
        _draw_lines(sizes, scaled, scaled.parameters, scaled.rows_seen, by_width=False)
        data.set_title("More data")
        data.set_xlabel("rows seen")
        data.set_ylabel("nats per row")
        data.legend([f"width {w}" for w in widths], frameon=False)
        sizes.set_title("More parameters")
        sizes.set_xlabel("parameters without tables")
        sizes.legend([f"{d:,.0f} rows" for d in sorted(set(scaled.rows_seen))], frameon=False)
    return figure


def _draw_lines(
    axes: Axes, scaled: Scaled, x: np.ndarray, lines: np.ndarray, *, by_width: bool
) -> None:
    """Points at x, in a color for every value of `lines`, with the law dotted."""
    law, nats = scaled.laws[0], scaled.nats.mean(1)
    groups = sorted(set(lines))
    colors = matplotlib.colormaps["viridis"](np.linspace(0.1, 0.85, len(groups)))
    curve = np.geomspace(x.min() / 1.2, x.max() * 1.2, 60)
    for value, color in zip(groups, colors, strict=True):
        chosen = lines == value
        axes.plot(x[chosen], nats[chosen], "o", ms=5, color=color)
    for value, color in zip(groups, colors, strict=True):
        other = np.full_like(curve, value)
        pair = (other, curve) if by_width else (curve, other)
        axes.plot(curve, law(*pair), ":", color=color, lw=1)
    axes.set_xscale("log")
