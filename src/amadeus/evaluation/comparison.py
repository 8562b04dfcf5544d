"""Generated music beside real music: every metric, and how far apart its distributions are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.evaluation.metrics import METRICS
from amadeus.music.grid import quantize
from amadeus.music.score import Score


@dataclass(frozen=True, slots=True)
class Comparison:
    """Values of every metric, nan where a piece has none."""

    generated: dict[str, np.ndarray]
    """By metric: float64, one value for each generated piece."""
    real: dict[str, np.ndarray]

    @property
    def distances(self) -> dict[str, float]:
        """`distance` by metric."""
        return self._by_metric(distance)

    @property
    def overlaps(self) -> dict[str, float]:
        """`overlap_area` by metric."""
        return self._by_metric(overlap_area)

    @property
    def mean_distance(self) -> float:
        """Mean distance over the metrics that have one; nan where none has."""
        defined = [value for value in self.distances.values() if not np.isnan(value)]
        return float(np.mean(defined)) if defined else np.nan

    def _by_metric(self, measure: Callable[[np.ndarray, np.ndarray], float]) -> dict[str, float]:
        return {k: measure(_defined(self.generated[k]), _defined(self.real[k])) for k in self.real}


def compare(generated: Sequence[Score], real: Sequence[Score]) -> Comparison:
    """Measure both sets on one grid.

    Entropies and numbers of pitches grow with the length of a piece: take pieces of like length.
    """
    return Comparison(measure(generated), measure(real))


def measure(scores: Sequence[Score]) -> dict[str, np.ndarray]:
    """Every metric of every score, quantised: float64 [len(scores)] by the name of the metric."""
    on_grid = [quantize(score) for score in scores]
    return {name: np.array([metric(s) for s in on_grid]) for name, metric in METRICS.items()}


def chance_distances(
    real: Mapping[str, np.ndarray], pieces: int, draws: int = 20
) -> dict[str, float]:
    """By metric, the mean `distance` of randomly drawn real pieces from the others.

    As near as one can hope to come. At most half of the real pieces are drawn.
    real: values of every metric, [N] each.
    """
    generator = np.random.default_rng(0)
    total = len(next(iter(real.values())))
    orders = [generator.permutation(total) for _ in range(draws)]
    size = min(pieces, total // 2)
    found = {
        name: [distance(_defined(v[o[:size]]), _defined(v[o[size:]])) for o in orders]
        for name, v in real.items()
    }
    return {name: float(np.mean(distances)) for name, distances in found.items()}


def distance(generated: np.ndarray, real: np.ndarray) -> float:
    """Wasserstein-1 distance of two samples, in standard deviations of the real one.

    The area between the cumulative distributions, integral |F(x) - G(x)| dx. Returns nan where a
    sample is empty or the real values are all the same.
    """
    if not len(generated) or not len(real) or np.ptp(real) == 0:
        return np.nan
    points = np.sort(np.concatenate([generated, real]))
    below = [
        np.searchsorted(np.sort(sample), points[:-1], side="right") / len(sample)
        for sample in (generated, real)
    ]
    area = np.sum(np.abs(below[0] - below[1]) * np.diff(points))
    return float(area / real.std())


def overlap_area(generated: np.ndarray, real: np.ndarray) -> float:
    """How alike the distances from generated to real values are to those among real values.

    The area under both of two densities, integral min(p, q) dx, 0 to 1: p of the distances
    |x - y| of every generated and every real value, q of those of every two real values, each
    smoothed with a Gaussian of Scott's width. Returns nan where a density cannot be estimated.

    Source: Yang and Lerch, "On the evaluation of generative models in music", 2020.
    """
    if not len(generated) or len(real) < 2:
        return np.nan
    between = np.abs(np.subtract.outer(generated, real)).ravel()
    within = np.abs(np.subtract.outer(real, real))[np.triu_indices(len(real), 1)]
    widths = [_scott_width(sample) for sample in (between, within)]
    if min(widths) == 0 or np.isnan(widths).any():
        return np.nan
    low, high = -_TAIL * max(widths), max(between.max(), within.max()) + _TAIL * max(widths)
    edges = np.linspace(low, high, _CELLS + 1)
    p, q = (_density(sample, edges, w) for sample, w in zip((between, within), widths, strict=True))
    return float(np.minimum(p, q).sum())


_CELLS, _TAIL = 4096, 4
"""Cells of the grid on which densities are compared, and standard deviations beyond the data."""


def _scott_width(sample: np.ndarray) -> float:
    """Bandwidth of a kernel density estimate, Scott 1992; nan for one value."""
    return float(sample.std(ddof=1) * len(sample) ** -0.2) if len(sample) > 1 else np.nan


def _density(sample: np.ndarray, edges: np.ndarray, width: float) -> np.ndarray:
    """Gaussian kernel density estimate: the share of each cell, [len(edges) - 1], sum at most 1."""
    share = np.histogram(sample, edges)[0] / len(sample)
    step = edges[1] - edges[0]
    reach = min(int(np.ceil(_TAIL * width / step)), len(share) - 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / width) ** 2)
    return np.convolve(share, kernel / kernel.sum(), mode="same")


def _defined(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]
