"""The power law of loss over parameters and data, fitted without initial guesses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

EXPONENTS = np.geomspace(0.05, 2.0, 48)
"""Exponents to try for each term."""
_SUBSETS = [list(kept) for size in (1, 2, 3) for kept in combinations(range(3), size)]
"""Which of E, A and B are not zero."""


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """L(N, D) = E + A / N^a + B / D^b (Hoffmann et al. 2022, arXiv 2203.15556, equation 2).

    N and D are divided by `units`, so A and B are nats at that size.
    """

    floor: float
    """E, the loss that remains with unlimited parameters and data."""
    by_parameters: float
    """A."""
    by_data: float
    """B."""
    parameters_exponent: float
    """a."""
    data_exponent: float
    """b."""
    units: tuple[float, float]

    def __call__(self, parameters: np.ndarray, data: np.ndarray) -> np.ndarray:
        """Loss, in the shape of both."""
        n, d = parameters / self.units[0], data / self.units[1]
        return (
            self.floor
            + self.by_parameters * n**-self.parameters_exponent
            + self.by_data * d**-self.data_exponent
        )


def fit(parameters: np.ndarray, data: np.ndarray, losses: np.ndarray) -> list[PowerLaw]:
    """The least-squares laws for R sets of losses.

    parameters, data: [K]; losses: [R, K]. For each pair of exponents, the problem is linear in E, A
    and B, which must not be negative; those that would be are set to zero.
    """
    units = float(np.exp(np.log(parameters).mean())), float(np.exp(np.log(data).mean()))
    n, d = parameters / units[0], data / units[1]
    least = np.full(len(losses), np.inf)
    best = np.zeros((len(losses), 5))  # E, A, B, a, b
    for a, b in product(EXPONENTS, EXPONENTS):
        columns = np.stack([np.ones(len(data)), n**-a, d**-b], axis=1)  # [K, 3]
        for kept in _SUBSETS:
            solved = np.zeros((len(losses), 3))
            solved[:, kept] = losses @ np.linalg.pinv(columns[:, kept]).T
            errors = ((solved @ columns.T - losses) ** 2).sum(1)
            better = (errors < least) & (solved >= 0).all(1)
            least[better] = errors[better]
            best[better, :3], best[better, 3:] = solved[better], (a, b)
    return [PowerLaw(floor, n, d, a, b, units) for floor, n, d, a, b in best.tolist()]
