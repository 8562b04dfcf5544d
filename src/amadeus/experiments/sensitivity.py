"""Sensitivity: how much do the weight and the temperature of MLSDES matter?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from amadeus.experiments.ablation import Gap
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.mlsdes import TEMPERATURE, WEIGHT, dispersed
from amadeus.experiments.options import Progress, Sensitivity
from amadeus.experiments.recipes import describe, prepare, provenance_of_training
from amadeus.experiments.runs import Recipe, Runs
from amadeus.reports.figures import draw_matrix, new_figure
from amadeus.reports.means import number
from amadeus.reports.report import Report, Table

WEIGHTS = (0.01, WEIGHT, 1.0)
TEMPERATURES = (0.01, TEMPERATURE, 0.5)


def run(options: Sensitivity, progress: Progress) -> Report:
    runs, base = prepare(options, progress)
    grid = train_grid(runs, base, range(options.seeds), range(options.middle_seeds))
    return report(grid, describe(base), provenance_of_training(options, base))


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Nats beyond those without MLSDES."""

    gaps: dict[tuple[float, float], Gap]
    """By weight and temperature."""
    middle: Gap
    """At the usual weight and temperature, with more seeds."""

    @property
    def noise(self) -> float:
        """Standard deviation of the middle between seeds; NaN for a single seed."""
        seeds = self.middle.seeds
        return float(np.std(seeds, ddof=1)) if len(seeds) > 1 else np.nan


def train_grid(runs: Runs, base: Recipe, seeds: Sequence[int], middle_seeds: Sequence[int]) -> Grid:
    """Train every setting, and the middle with more seeds to measure how much these matter."""

    def gap(weight: float, temperature: float, seeds: Sequence[int]) -> Gap:
        recipe, name = dispersed(base, weight, temperature), f"{weight:g} at {temperature:g}"
        return Gap(np.stack([
            runs.get(recipe.but(seed=s), f"MLSDES {name}, seed {s}").nats
            - runs.get(base.but(seed=s), f"without MLSDES, seed {s}").nats
            for s in seeds
        ]))  # fmt: skip

    gaps = {(w, t): gap(w, t, seeds) for w in WEIGHTS for t in TEMPERATURES}
    return Grid(gaps, gap(WEIGHT, TEMPERATURE, middle_seeds))


_SUMMARY = """The paper gives ranges for MLSDES, weights of 0.01 to 1 and temperatures of 0.01 to
0.5, without a study of them. This experiment trains the corners, edges and middle of these ranges
with {seeds}, and compares them with runs without MLSDES. The number of denoising steps (T) needs no
training: see [the steps experiment](../steps/README.md).

{setting}"""
_NOTE = """Nats per row beyond those without MLSDES; negative is better. Brackets give 95 %
bootstrap intervals over pieces, which do not include the differences between seeds. With
{middle} seeds, the middle setting has a standard deviation of {noise:.3f}."""


def report(grid: Grid, setting: str, provenance: Mapping[str, Any]) -> Report:
    """setting: how the runs were trained."""
    seeds = len(next(iter(grid.gaps.values())).values)
    values = {
        "gaps": [
            {"weight": w, "temperature": t, **gap.to_dict()} for (w, t), gap in grid.gaps.items()
        ],
        "middle": grid.middle.to_dict(),
        "noise": number(grid.noise),
    }
    rows = [[f"{w:g}", *(str(grid.gaps[w, t]) for t in TEMPERATURES)] for w in WEIGHTS]
    header = ("weight", *(f"temperature {t:g}" for t in TEMPERATURES))
    note = _NOTE.format(middle=len(grid.middle.seeds), noise=grid.noise)
    return Report(
        title="Sensitivity to the weight and temperature of MLSDES",
        summary=_SUMMARY.format(
            seeds="one seed" if seeds == 1 else f"{seeds} seeds", setting=setting
        ),
        tables=[
            verdict_table("sensitivity", values),
            Table("Nats per row beyond those without MLSDES", header, rows, note),
        ],
        values=values,
        provenance=provenance,
        pictures={"sensitivity": draw(grid)},
    )


def draw(grid: Grid) -> Figure:
    values = np.array([[grid.gaps[w, t].pieces.mean for t in TEMPERATURES] for w in WEIGHTS])
    limit = max(np.abs(values).max(), 1e-6)
    weights, temperatures = ([f"{x:g}" for x in xs] for xs in (WEIGHTS, TEMPERATURES))
    with new_figure(4.8, 3.2) as figure:
        axes = figure.subplots()
        draw_matrix(axes, values, weights, temperatures, lambda value: f"{value:+.3f}",
                    cmap="RdBu_r", vmin=-limit, vmax=limit)  # fmt: skip
        axes.set_xlabel("temperature")
        axes.set_ylabel("weight")
        axes.set_title("Nats per row beyond those without MLSDES")
    return figure
