"""Ablation: a recipe with a part and without it, the same data, several seeds.

Compared after equal numbers of updates, and after equal computing: what an update without the part
saves is spent on more of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.experiments.recipes import with_steps
from amadeus.experiments.runs import Recipe, Run, Runs
from amadeus.reports.means import Mean
from amadeus.reports.report import INK, PALE, STRONG, STYLE, Table

NEGLIGIBLE = 0.12
"""Updates whose costs differ by a smaller share count as equally dear: timing is no better."""


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One recipe, trained with several seeds."""

    name: str
    runs: Sequence[Run]
    seconds: float
    """Of computing, for an update."""

    @property
    def steps(self) -> int:
        return self.runs[0].recipe.config.steps

    @property
    def nats(self) -> np.ndarray:
        """Nats per row, [seeds, P]."""
        return np.stack([run.nats for run in self.runs])

    def beyond(self, other: Arm) -> Gap:
        """How many nats more than another arm, seed by seed and piece by piece."""
        return Gap(self.nats - other.nats)

    def heard(self) -> Mean | None:
        """Nats a row that captions save, mean over seeds and pieces; None without text."""
        unheard = [run.nats_unheard for run in self.runs]
        if any(one is None for one in unheard):
            return None
        return Mean.of((np.stack(unheard) - self.nats).mean(0))  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "steps": self.steps,
            "seconds per update": round(self.seconds, 5),
            "runs": [run.to_dict() for run in self.runs],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Paired differences, [seeds, P]: of two runs with one seed, on one piece."""

    values: np.ndarray

    @property
    def pieces(self) -> Mean:
        """With the interval over pieces, seeds averaged."""
        return Mean.of(self.values.mean(0))

    @property
    def seeds(self) -> list[float]:
        return self.values.mean(1).tolist()

    @property
    def sign(self) -> int:
        """1 or -1 where the interval and all of two seeds or more agree; 0 where they do not."""
        mean = self.pieces
        for sign in (1, -1):
            agree = all(sign * one > 0 for one in self.seeds) and len(self.seeds) > 1
            if agree and min(sign * mean.low, sign * mean.high) > 0:
                return sign
        return 0

    def to_dict(self) -> dict[str, Any]:
        return {**self.pieces.to_dict(), "by seed": [round(one, 5) for one in self.seeds]}

    def __str__(self) -> str:
        return self.pieces.signed()

    def seeds_text(self) -> str:
        return ", ".join(f"{one:+.3f}" for one in self.seeds)


def fine(mean: Mean) -> str:
    """ "16.246 (15.9 to 16.6)"."""
    return f"{mean.mean:.3f} ({mean.low:.2f} to {mean.high:.2f})"


def train_arms(
    runs: Runs, recipes: Mapping[str, Recipe], seeds: Sequence[int], seconds: Sequence[float]
) -> list[Arm]:
    """Every recipe with every seed, seed by seed. seconds: of an update of each."""
    done: dict[str, list[Run]] = {name: [] for name in recipes}
    for seed in seeds:
        for name, recipe in recipes.items():
            done[name].append(runs.get(recipe.but(seed=seed), f"{name}, seed {seed}"))
    return [Arm(name, done[name], s) for name, s in zip(recipes, seconds, strict=True)]


def ablate(
    runs: Runs, part: str, with_part: Recipe, without: Recipe, seeds: Sequence[int]
) -> list[Arm]:
    """With the part, without it over as many updates, and over as much computing.

    The last arm is left out where an update costs the same with and without.
    """
    full, bare = runs.seconds_per_update([with_part, without])
    recipes = {f"with {part}": with_part, f"without {part}, equal updates": without}
    seconds = [full, bare]
    steps = max(1, round(without.config.steps * full / bare))
    if abs(full / bare - 1) > NEGLIGIBLE and steps != without.config.steps:
        recipes[f"without {part}, equal computing"] = with_steps(without, steps)
        seconds.append(bare)
    return train_arms(runs, recipes, seeds, seconds)


def table_of(arms: Sequence[Arm], note: str) -> Table:
    """The arms beside the first one."""
    header = ("", "parameters", "updates", "ms an update", "nats a row", "more than the first",
              "seed by seed", "captions save")  # fmt: skip
    rows = []
    for arm in arms:
        gap, heard = arm.beyond(arms[0]), arm.heard()
        first = arm is arms[0]
        rows.append([
            arm.name, f"{arm.runs[0].parameters:,}", f"{arm.steps:,}",
            f"{1000 * arm.seconds:.0f}", fine(Mean.of(arm.nats.mean(0))),
            "" if first else str(gap), "" if first else gap.seeds_text(),
            "" if heard is None else heard.signed(),
        ])  # fmt: skip
    return Table("Nats a row", header, rows, note)


def verdict(arms: Sequence[Arm], part: str) -> str:
    """Whether the part pays, at this size and length."""
    sentences = []
    for arm in arms[1:]:
        gap = arm.beyond(arms[0])
        at = arm.name.partition(", ")[2]
        at += ", which cost as much computing" if len(arms) == 2 else ""
        size = f"{abs(gap.pieces.mean):.3f} nats a row"
        said = {
            1: f"with {part} the model is better by {size}",
            -1: f"with {part} the model is worse by {size}",
            0: f"with and without {part} cannot be told apart (without costs {gap} more)",
        }
        sentences.append(f"At {at}, {said[gap.sign]}.")
    return " ".join(sentences)


def draw(arms: Sequence[Arm]) -> Figure:
    """Learning curves, and the differences of the seeds."""
    colours = [STRONG, INK, "#c8662b", "#7a9a5b"]
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(8.4, 3.2), layout="constrained")
        curves, gaps = figure.subplots(1, 2, width_ratios=(1.3, 1))
        for arm, colour in zip(arms, colours, strict=False):
            _draw_curves(curves, arm, colour)
        curves.set_title("While training")
        curves.set_xlabel("updates")
        curves.set_ylabel("nats a row of validation openings")
        curves.legend(frameon=False)
        for place, arm in enumerate(reversed(arms[1:])):
            _draw_gap(gaps, arm.beyond(arms[0]), place)
        gaps.set_yticks(range(len(arms) - 1), [a.name.replace(", ", ",\n") for a in arms[:0:-1]])
        gaps.set_ylim(-0.6, len(arms) - 1.4)
        gaps.axvline(0, color=INK, lw=0.8)
        gaps.set_title("In the end")
        gaps.set_xlabel(f"nats a row more than {arms[0].name}")
    return figure


def _draw_curves(axes: Axes, arm: Arm, colour: str) -> None:
    for run in arm.runs:
        axes.plot(*run.curve.T, color=colour, lw=0.6, alpha=0.5)
    curves = np.stack([run.curve for run in arm.runs])
    axes.plot(*curves.mean(0).T, "o-", color=colour, lw=1.5, ms=3, label=arm.name)


def _draw_gap(axes: Axes, gap: Gap, place: int) -> None:
    mean = gap.pieces
    axes.plot([mean.low, mean.high], [place, place], color=PALE, lw=6, solid_capstyle="butt")
    axes.plot(gap.seeds, np.full(len(gap.seeds), place), "o", color=STRONG, ms=5)
