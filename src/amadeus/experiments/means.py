"""Means over pieces, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over pieces, with the interval that holds 95 % of bootstrap means.

    Efron 1979, the percentile interval. All nan where there is nothing to average.
    """

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> Mean:
        """values: [N], of which nan are left out; equal values give equal intervals."""
        defined = np.asarray(values, dtype=np.float64)
        defined = defined[~np.isnan(defined)]
        if not len(defined):
            return cls(np.nan, np.nan, np.nan)
        picks = np.random.default_rng(0).integers(len(defined), size=(_RESAMPLES, len(defined)))
        low, high = np.quantile(defined[picks].mean(axis=1), (0.025, 0.975))
        return cls(float(defined.mean()), float(low), float(high))

    def to_dict(self) -> dict[str, float | None]:
        """For JSON, which has no nan."""
        found = {"mean": self.mean, "low": self.low, "high": self.high}
        return {name: None if np.isnan(v) else round(v, 5) for name, v in found.items()}

    def percent(self) -> str:
        """ "97 (93-100)"; a dash for nothing."""
        return self._text(100, ".0f")

    def __str__(self) -> str:
        return self._text(1, ".2f")

    def _text(self, scale: float, digits: str) -> str:
        if np.isnan(self.mean):
            return "–"  # noqa: RUF001
        mean, low, high = (format(scale * x, digits) for x in (self.mean, self.low, self.high))
        return f"{mean} ({low} to {high})" if low != high else mean
