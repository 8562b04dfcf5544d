"""Generated music beside real music: every metric, and how far apart its distributions are."""

from __future__ import annotations

from collections.abc import Sequence
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
    def mean_distance(self) -> float:
        """Mean distance over the metrics that have one; nan where none has."""
        found = [distance(_defined(self.generated[k]), _defined(self.real[k])) for k in self.real]
        defined = [value for value in found if not np.isnan(value)]
        return float(np.mean(defined)) if defined else np.nan

    def to_markdown(self) -> str:
        """A table with the mean ± standard deviation over pieces, and the distance."""
        lines = ["| metric | generated | real | distance |", "| --- | ---: | ---: | ---: |"]
        for name in self.real:
            generated, real = (_defined(v[name]) for v in (self.generated, self.real))
            cells = (name, _summary(generated), _summary(real), f"{distance(generated, real):.2f}")
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"


def compare(generated: Sequence[Score], real: Sequence[Score]) -> Comparison:
    """Measure both sets on one grid.

    Entropies and numbers of pitches grow with the length of a piece: take pieces of like length.
    """
    return Comparison(measure(generated), measure(real))


def measure(scores: Sequence[Score]) -> dict[str, np.ndarray]:
    """Every metric of every score, quantised: float64 [len(scores)] by the name of the metric."""
    on_grid = [quantize(score) for score in scores]
    return {name: np.array([metric(s) for s in on_grid]) for name, metric in METRICS.items()}


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


def _defined(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def _summary(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ± {values.std():.3f}" if len(values) else "nan"
