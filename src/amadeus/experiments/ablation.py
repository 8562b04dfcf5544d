"""Ablation: a recipe with and without a component, on the same data, with several seeds.

They are compared after equal numbers of updates and after equal compute: the time that an update
without the component saves is spent on more updates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.experiments.recipes import with_steps
from amadeus.experiments.runs import Recipe, Run, Runs
from amadeus.reports.figures import new_figure
from amadeus.reports.means import Mean
from amadeus.reports.report import INK, PALE, STRONG, Table

NEGLIGIBLE = 0.12
"""Updates whose times differ by a smaller share count as equal, because timing is no better."""
COLORS = (STRONG, "#c8662b", "#7a9a5b", INK)


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One recipe, trained with several seeds."""

    name: str
    runs: Sequence[Run]
    seconds: float
    """Processor time of an update."""

    @property
    def steps(self) -> int:
        return self.runs[0].recipe.config.steps

    @property
    def nats(self) -> np.ndarray:
        """Nats per row, [seeds, P]."""
        return np.stack([run.nats for run in self.runs])

    @property
    def nats_without_captions(self) -> np.ndarray | None:
        """[seeds, P], of arms that are trained with captions."""
        nats = [run.nats_unheard for run in self.runs if run.nats_unheard is not None]
        return np.stack(nats) if nats else None

    @property
    def curve(self) -> np.ndarray:
        """Updates and validation nats, mean over seeds, [K, 2]."""
        return np.stack([run.curve for run in self.runs]).mean(0)

    def nats_text(self) -> str:
        """ "16.246 (15.90 to 16.60)": the mean and its interval over pieces."""
        mean = Mean.of(self.nats.mean(0))
        return f"{mean.mean:.3f} ({mean.low:.2f} to {mean.high:.2f})"

    def beyond(self, baseline: Arm) -> Gap:
        """Nats beyond those of another arm, paired by seed and piece."""
        return Gap(self.nats - baseline.nats)

    def saved_by_captions(self) -> Mean | None:
        """Nats per row that captions save, mean over seeds and pieces; None without captions."""
        without = self.nats_without_captions
        return None if without is None else Mean.of((without - self.nats).mean(0))

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "steps": self.steps,
            "seconds per update": round(self.seconds, 5),
            "runs": [run.to_dict() for run in self.runs],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Differences between two arms, paired by seed and piece, [seeds, P]."""

    values: np.ndarray

    @property
    def pieces(self) -> Mean:
        """With the interval over pieces, seeds averaged."""
        return Mean.of(self.values.mean(0))

    @property
    def seeds(self) -> list[float]:
        return self.values.mean(1).tolist()

    def to_dict(self) -> dict[str, Any]:
        return {**self.pieces.to_dict(), "by seed": [round(seed, 5) for seed in self.seeds]}

    def __str__(self) -> str:
        return self.pieces.signed()

    def seeds_text(self) -> str:
        return ", ".join(f"{seed:+.3f}" for seed in self.seeds)


def train_arms(
    runs: Runs, recipes: Mapping[str, Recipe], seeds: Sequence[int], seconds: Sequence[float]
) -> list[Arm]:
    """Train every recipe with every seed, seed by seed. seconds: processor time of an update."""
    done: dict[str, list[Run]] = {name: [] for name in recipes}
    for seed in seeds:
        for name, recipe in recipes.items():
            done[name].append(runs.get(recipe.but(seed=seed), f"{name}, seed {seed}"))
    return [Arm(name, done[name], s) for name, s in zip(recipes, seconds, strict=True)]


def ablate(
    runs: Runs, component: str, with_it: Recipe, without: Recipe, seeds: Sequence[int]
) -> list[Arm]:
    """Train with the component, without it for equal updates, and without it for equal compute.

    The last arm is omitted if updates with and without take the same time.
    """
    full, bare = runs.seconds_per_update([with_it, without])
    recipes = {f"with {component}": with_it, f"without {component}, equal updates": without}
    seconds = [full, bare]
    steps = max(1, round(without.config.steps * full / bare))
    if abs(full / bare - 1) > NEGLIGIBLE and steps != without.config.steps:
        recipes[f"without {component}, equal computing"] = with_steps(without, steps)
        seconds.append(bare)
    return train_arms(runs, recipes, seeds, seconds)


def values_of(arms: Sequence[Arm]) -> dict[str, Any]:
    """All numbers, for JSON."""
    return {
        "arms": [arm.to_dict() for arm in arms],
        "gaps": {arm.name: arm.beyond(arms[0]).to_dict() for arm in arms[1:]},
    }


def table_of(arms: Sequence[Arm], note: str) -> Table:
    """All arms, compared with the first."""
    header = ("", "parameters", "updates", "ms per update", "nats per row", "beyond the first",
              "by seed", "saved by captions")  # fmt: skip
    rows = []
    for arm in arms:
        gap, saved = arm.beyond(arms[0]), arm.saved_by_captions()
        compared = ["", ""] if arm is arms[0] else [str(gap), gap.seeds_text()]
        rows.append([
            arm.name, f"{arm.runs[0].parameters:,}", f"{arm.steps:,}",
            f"{1000 * arm.seconds:.0f}", arm.nats_text(), *compared,
            "" if saved is None else saved.signed(),
        ])  # fmt: skip
    return Table("Nats per row", header, rows, note)


def draw(arms: Sequence[Arm]) -> Figure:
    """Learning curves, and the differences between the arms by seed."""
    others = arms[:0:-1]
    with new_figure(8.4, 3.2) as figure:
        curves, gaps = figure.subplots(1, 2, width_ratios=(1.3, 1))
        for arm, color in zip(arms, COLORS, strict=False):
            for run in arm.runs:
                curves.plot(*run.curve.T, color=color, lw=0.6, alpha=0.5)
        draw_curves(curves, {arm.name: arm.curve for arm in arms}, "updates")
        for place, arm in enumerate(others):
            gap = arm.beyond(arms[0])
            ends = [gap.pieces.low, gap.pieces.high]
            gaps.plot(ends, [place, place], color=PALE, lw=6, solid_capstyle="butt")
            gaps.plot(gap.seeds, [place] * len(gap.seeds), "o", color=STRONG, ms=5)
        gaps.set_yticks(range(len(others)), [arm.name.replace(", ", ",\n") for arm in others])
        gaps.set_ylim(-0.6, len(others) - 0.4)
        gaps.axvline(0, color=INK, lw=0.8)
        gaps.set_title("After training")
        gaps.set_xlabel(f"nats per row beyond {arms[0].name}")
    return figure


def draw_curves(axes: Axes, curves: Mapping[str, np.ndarray], unit: str) -> None:
    """Learning curves, [K, 2] each: time in `unit`, and validation nats."""
    for (name, curve), color in zip(curves.items(), COLORS, strict=False):
        axes.plot(*curve.T, "o-", color=color, lw=1.5, ms=3, label=name)
    axes.set_title("While training")
    axes.set_xlabel(unit)
    axes.set_ylabel("validation nats per row")
    axes.legend(frameon=False)
