"""Means over pieces, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_ROUNDS, _RESAMPLES = 20, 100


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over pieces, with its 95 % bootstrap interval (Efron 1979, percentile method).

    Without values, everything is NaN. For a single value or group, the interval is NaN.
    """

    mean: float
    low: float
    high: float

    @classmethod
    def of(
        cls, values: Sequence[float] | np.ndarray, groups: Sequence[Hashable] | None = None
    ) -> Mean:
        """values: [N]; NaN is left out. If all are equal, the interval has no width.

        groups: the group of each value, such as its prompt. Groups are resampled as a whole,
        because their values are not independent.
        """
        given = np.asarray(values, dtype=np.float64)
        names = range(len(given)) if groups is None else groups
        number: dict[Hashable, int] = {}
        group = np.array([number.setdefault(name, len(number)) for name in names], dtype=np.int64)
        defined = ~np.isnan(given)
        if not defined.any():
            return cls(np.nan, np.nan, np.nan)
        total = np.bincount(group[defined], given[defined])
        count = np.bincount(group[defined])
        total, count = total[count > 0], count[count > 0]
        if len(total) == 1:
            return cls(float(given[defined].mean()), np.nan, np.nan)
        if groups is not None:  # the result must not depend on their order
            order = np.lexsort((count, total))
            total, count = total[order], count[order]
        generator = np.random.default_rng(0)
        # In batches, to limit the memory for many values.
        means = np.concatenate([_resample(total, count, generator) for _ in range(_ROUNDS)])
        low, high = np.quantile(means, (0.025, 0.975))
        return cls(float(given[defined].mean()), float(low), float(high))

    def to_dict(self) -> dict[str, float | None]:
        """For JSON, which has no NaN."""
        return {name: number(getattr(self, name)) for name in ("mean", "low", "high")}

    @classmethod
    def from_dict(cls, values: Mapping[str, float | None]) -> Mean:
        """The mean that `to_dict` wrote."""
        numbers = (values[name] for name in ("mean", "low", "high"))
        return cls(*(np.nan if value is None else value for value in numbers))

    def percent(self) -> str:
        """ "97 (93 to 100)"; a dash for NaN."""
        return self._text(0, scale=100)

    def signed(self, digits: int = 3) -> str:
        """ "+0.123 (+0.100 to +0.150)", for differences."""
        return self._text(digits, sign="+")

    def __str__(self) -> str:
        return self._text(2)

    def _text(self, digits: int, scale: float = 1, sign: str = "") -> str:
        """The interval is omitted if it is unknown, or has no width when rounded."""
        if np.isnan(self.mean):
            return "–"  # noqa: RUF001
        rounded = (round(scale * x, digits) + 0.0 for x in (self.mean, self.low, self.high))
        mean, low, high = (f"{x:{sign}.{digits}f}" for x in rounded)  # + 0.0: no negative zero
        return mean if np.isnan(self.low) or low == high else f"{mean} ({low} to {high})"


def number(value: float) -> float | None:
    """For JSON, which has no NaN."""
    return None if np.isnan(value) else round(float(value), 5)


def _resample(total: np.ndarray, count: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Means of groups drawn with replacement, float64 [_RESAMPLES].

    total, count: sum and number of the values of each group, [G].
    """
    picks = generator.integers(len(total), size=(_RESAMPLES, len(total)))
    return total[picks].sum(axis=1) / count[picks].sum(axis=1)
