"""Parts of figures that several reports share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.reports.means import Mean
from amadeus.reports.report import INK, PALE, STRONG, STYLE


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """A figure of this size in inches, to draw in while the style is in force."""
    with matplotlib.style.context(["default", STYLE]):
        yield Figure(figsize=(width, height), layout="constrained")


def draw_intervals(
    axes: Axes,
    means: Mapping[str, Mean],
    colors: Sequence[str] | None = None,
    shift: float = 0,
) -> None:
    """A dot and a line for each mean and its interval, from top to bottom, beside a line at 0."""
    places = np.arange(len(means))[::-1]
    axes.axvline(0, color=PALE, lw=1)
    for place, mean, color in zip(
        places + shift, means.values(), colors or [STRONG] * len(means), strict=True
    ):
        axes.plot([mean.low, mean.high], [place, place], color=color, lw=2)
        axes.plot(mean.mean, place, "o", ms=5, color=color)
    axes.set_yticks(places, list(means))


def draw_matrix(
    axes: Axes,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    text: Callable[[float], str],
    **image: object,
) -> None:
    """A heat map with the value in each cell; NaN cells stay empty. image: for `imshow`."""
    colors = axes.imshow(values, aspect="auto", **image)  # type: ignore[arg-type]
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        if not np.isnan(value):
            red, green, blue, _ = colors.to_rgba(value)
            dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.55
            axes.text(column, row, text(value), ha="center", va="center", fontsize=8,
                      color="white" if dark else INK)  # fmt: skip
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
