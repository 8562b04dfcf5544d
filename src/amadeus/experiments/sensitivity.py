"""Sensitivity: how much do the weight and the temperature of MLSDES matter?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from amadeus.experiments.ablation import Gap
from amadeus.experiments.mlsdes import TEMPERATURE, WEIGHT, dispersed
from amadeus.experiments.runs import Recipe, Runs
from amadeus.reports.means import number
from amadeus.reports.report import STYLE, Report, Table

WEIGHTS = (0.01, WEIGHT, 1.0)
TEMPERATURES = (0.01, TEMPERATURE, 0.5)
_SUMMARY = """The paper gives ranges for MLSDES, weights from 0.01 to 1 and temperatures from 0.01
to 0.5, and no study of them. Here are the corners, the edges and the middle of these ranges, with
{seeds} each, beside the same runs without MLSDES. How many denoising steps (T) a note takes needs
no training: see [the experiment on steps](../steps/README.md).

{setting}

**{verdict}**"""
_NOTE = """Nats a row more than without MLSDES, so that negative is better; in brackets the interval
that holds 95 % of bootstrap means over pieces. It knows nothing of the seeds: over {other}
seeds, the value in the middle has a standard deviation of {noise:.3f}, and differences of that size
mean nothing here."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Runs for every weight and temperature."""

    gaps: dict[tuple[float, float], Gap]
    """By weight and temperature: nats more than without."""
    middle: Gap
    """At the usual weight and temperature, over more seeds."""

    @property
    def noise(self) -> float:
        """Standard deviation of the middle between seeds; nan for a single one."""
        seeds = self.middle.seeds
        return float(np.std(seeds, ddof=1)) if len(seeds) > 1 else np.nan


def run(runs: Runs, base: Recipe, seeds: Sequence[int], other_seeds: Sequence[int]) -> Grid:
    """The grid with some seeds, and its middle with others, to know how much seeds matter."""

    def gap(weight: float, temperature: float, seeds: Sequence[int]) -> Gap:
        recipe, name = dispersed(base, weight, temperature), f"{weight:g} at {temperature:g}"
        return Gap(np.stack([
            runs.get(recipe.but(seed=s), f"MLSDES {name}, seed {s}").nats
            - runs.get(base.but(seed=s), f"without MLSDES, seed {s}").nats
            for s in seeds
        ]))  # fmt: skip

    gaps = {(w, t): gap(w, t, seeds) for w in WEIGHTS for t in TEMPERATURES}
    return Grid(gaps, gap(WEIGHT, TEMPERATURE, other_seeds))


def report_on(grid: Grid, setting: str, provenance: Mapping[str, Any]) -> Report:
    """The report. setting: how the runs were trained."""
    seeds = len(next(iter(grid.gaps.values())).values)
    note = _NOTE.format(other=len(grid.middle.seeds), noise=grid.noise)
    rows = [
        [f"{weight:g}", *(str(grid.gaps[weight, t]) for t in TEMPERATURES)] for weight in WEIGHTS
    ]
    header = ("weight", *(f"temperature {t:g}" for t in TEMPERATURES))
    return Report(
        title="Sensitivity to the weight and temperature of MLSDES",
        summary=_SUMMARY.format(
            seeds="one seed" if seeds == 1 else f"{seeds} seeds", setting=setting,
            verdict=_verdict(grid),
        ),
        tables=[Table("Nats a row more than without", header, rows, note)],
        values={
            "gaps": [
                {"weight": w, "temperature": t, **gap.to_dict()}
                for (w, t), gap in grid.gaps.items()
            ],
            "middle": grid.middle.to_dict(),
            "noise": number(grid.noise),
        },
        provenance=provenance,
        pictures={"sensitivity": draw(grid)},
    )  # fmt: skip


def _verdict(grid: Grid) -> str:
    means = {setting: gap.pieces.mean for setting, gap in grid.gaps.items()}
    best, worst = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    text = (
        f"From {means[best]:+.3f} nats a row (weight {best[0]:g}, temperature {best[1]:g}) to "
        f"{means[worst]:+.3f} (weight {worst[0]:g}, temperature {worst[1]:g})."
    )
    if np.isnan(grid.noise):
        return f"{text} With a single seed nothing says how much of it is chance."
    clear = [s for s, mean in means.items() if abs(mean) > 3 * grid.noise]
    harms = sum(means[s] > 0 for s in clear)
    told = f"{len(clear)} of {len(means)} settings differ from none by over three times what seeds"
    return f"{text} {told} do: {harms} for the worse, {len(clear) - harms} for the better."


def draw(grid: Grid) -> Figure:
    """A map of the differences."""
    values = np.array([[grid.gaps[w, t].pieces.mean for t in TEMPERATURES] for w in WEIGHTS])
    limit = max(np.abs(values).max(), 1e-6)
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(4.8, 3.2), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            pale = abs(value) > 0.6 * limit
            axes.text(column, row, f"{value:+.3f}", ha="center", va="center",
                      color="white" if pale else "black")  # fmt: skip
        axes.set_xticks(range(len(TEMPERATURES)), [f"{t:g}" for t in TEMPERATURES])
        axes.set_yticks(range(len(WEIGHTS)), [f"{w:g}" for w in WEIGHTS])
        axes.set_xlabel("temperature")
        axes.set_ylabel("weight")
        axes.set_title("Nats a row more than without MLSDES")
        figure.colorbar(image, ax=axes)
    return figure
