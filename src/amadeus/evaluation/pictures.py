"""Pictures of an evaluation: distributions of metrics, alignment, memorised passages."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.evaluation.alignment import MEASURES
from amadeus.evaluation.metrics import with_unit
from amadeus.reports.means import Mean
from amadeus.reports.report import INK, PALE, STRONG, STYLE

_COLOURS = (STRONG, "#c46a3f", "#6a9a5b", "#8a6bb0", "#b59a3a", "#7a7f8a")
_BINS, _COLUMNS = 24, 3
_OUTSIDE = 0.01
"""Share of the values on either side that a panel may cut off, for the rest to be seen."""


def draw_metrics(
    systems: Mapping[str, Mapping[str, np.ndarray]], real: Mapping[str, np.ndarray]
) -> Figure:
    """A panel for each metric: its distribution over the pieces of each system, and over real ones.

    systems: by name, values by metric; real: the same of real music, empty where there is none.
    """
    names = list(next(iter(systems.values())))
    rows = -(-len(names) // _COLUMNS)
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(9, 1.7 * rows + 0.5), dpi=150, layout="constrained")
        panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
        for axes, name in zip(panels, names, strict=False):
            _draw_metric(axes, name, {k: v[name] for k, v in systems.items()}, real.get(name))
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), frameon=False)
        figure.supylabel("share of pieces", fontsize="medium")
    return figure


def _draw_metric(
    axes: Axes, name: str, systems: Mapping[str, np.ndarray], real: np.ndarray | None
) -> None:
    defined = {key: values[~np.isnan(values)] for key, values in systems.items()}
    known = np.zeros(0) if real is None else real[~np.isnan(real)]
    everything = np.concatenate([*defined.values(), known])
    axes.set_title(with_unit(name))
    axes.set_yticks([])
    if not len(everything):
        return
    low, high = np.quantile(everything, (_OUTSIDE, 1 - _OUTSIDE))
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    if real is not None:
        axes.stairs(_shares(known, edges), edges, fill=True, color=PALE, label="real music")
    for (key, values), colour in zip(defined.items(), _endless(len(defined)), strict=True):
        axes.stairs(_shares(values, edges), edges, color=colour, linewidth=1.4, label=key)


def draw_alignment(columns: Mapping[str, Mapping[str, tuple[Mean, int]]]) -> Figure:
    """Every measure of every column as a bar with its interval, in percent."""
    names = [name for name in MEASURES if any(name in means for means in columns.values())]
    thick = 0.8 / len(columns)
    with matplotlib.style.context(["default", STYLE]):
        height = 0.8 + 0.22 * len(names) * len(columns)
        figure = Figure(figsize=(9, max(height, 2.2)), dpi=150, layout="constrained")
        axes = figure.add_subplot()
        for place, (column, means) in enumerate(columns.items()):
            found = [means.get(name, (Mean.of([]), 0))[0] for name in names]
            y = np.arange(len(names)) + (place + 0.5) * thick - 0.4
            shares = 100 * np.array([mean.mean for mean in found])
            errors = 100 * np.array([[m.mean - m.low, m.high - m.mean] for m in found]).T
            # A pair of columns is one system, and its pieces against other prompts.
            colour = _COLOURS[place // 2 % len(_COLOURS)]
            faint = 0.35 if place % 2 else 1.0
            axes.barh(y, shares, 0.9 * thick, color=colour, alpha=faint, label=column)
            axes.errorbar(shares, y, xerr=np.maximum(errors, 0), fmt="none", ecolor=INK,
                          elinewidth=0.8)  # fmt: skip
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the pieces that were asked")
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure


def draw_memorisation(longest: Mapping[str, np.ndarray]) -> Figure:
    """Share of the pieces whose longest memorised passage has more notes than a number."""
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(9, 2.8), dpi=150, layout="constrained")
        axes = figure.add_subplot()
        for (name, notes), colour in zip(longest.items(), _endless(len(longest)), strict=True):
            places = np.concatenate([[0], np.sort(notes)])
            share = 100 * (1 - np.arange(len(places)) / len(notes))
            axes.step(places, share, where="post", label=name, color=colour)
        axes.set_ylim(0, 100)
        axes.set_xlim(left=0)
        axes.set_xlabel("notes of the longest memorised passage")
        axes.set_ylabel("% of pieces with more")
        axes.legend(frameon=False)
    return figure


def draw_feature_areas(areas: Mapping[str, Mapping[str, float]]) -> Figure:
    """By system, how well each feature alone tells composed from real openings."""
    with matplotlib.style.context(["default", STYLE]):
        rows = max(len(found) for found in areas.values())
        figure = Figure(figsize=(9, 0.8 + 0.24 * rows), dpi=150, layout="constrained")
        panels = figure.subplots(1, len(areas), squeeze=False, sharex=True).ravel()
        for axes, (name, found) in zip(panels, areas.items(), strict=True):
            values = np.array(list(found.values()))
            axes.barh(range(len(found)), values - 0.5, left=0.5, color=STRONG)
            axes.set_yticks(range(len(found)), list(found))
            axes.invert_yaxis()
            axes.axvline(0.5, color=INK, linewidth=0.8)
            axes.set_xlim(0, 1)
            axes.set_title(name)
            axes.set_xlabel("less than in real music        AUC        more")
    return figure


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The share of the values in each bin, those outside in the first and the last one."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return counts / max(1, len(values))


def _endless(count: int) -> list[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(count)]
