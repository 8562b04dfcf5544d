"""How near predicted performances are to real ones, beside simple rules.

Values of real and predicted performances are compared in the same bins, and only for notes whose
real value is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.performer.attributes import ATTRIBUTES, NAMES, PEDAL_CHANGED, PEDAL_UP
from amadeus.performer.dataset import Example
from amadeus.performer.network import PerformerNetwork
from amadeus.performer.sampling import predict

EXCERPT = 256
"""Notes of an excerpt whose distributions are compared."""
PEDAL_DOWN = 1.5
"""States of the pedal from here on are down."""
_FEWEST = 32
_CELLS = 32 * 9
_IS_TOP, _IS_BOTTOM, _IS_BAR, _IS_BEAT = 3, 4, 29, 30

Predict = Callable[[int, Example], np.ndarray]
"""The predicted values of an example, given with its number, float64 [N, A]."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """The simple rule: the mean by pitch, beat, and place in the chord. float64 [_CELLS, A]."""

    means: np.ndarray

    @classmethod
    def of(cls, examples: Iterable[Example]) -> Rule:
        """Learned from the differences to the mean of each performance."""
        total, count = np.zeros((2, _CELLS, len(ATTRIBUTES)))
        for example in examples:
            values, cells = example.values, _cells(example)
            for i in range(len(ATTRIBUTES)):
                known = np.isfinite(values[:, i])
                if known.any():
                    own = values[known, i]
                    np.add.at(total[:, i], cells[known], own - own.mean())
                    np.add.at(count[:, i], cells[known], 1)
        return cls(total / np.maximum(count, 1))

    def __call__(self, number: int, example: Example) -> np.ndarray:
        values: np.ndarray = self.means[_cells(example)]
        return values


def _cells(example: Example) -> np.ndarray:
    """Half octave, bar line, beat or other position, and melody, bass or inner voice. int64 [N]."""
    features = example.features
    beat = (features[:, _IS_BAR] > 0.5).astype(int) + (features[:, _IS_BEAT] > 0.5)
    voice = np.where(features[:, _IS_TOP] > 0.5, 2, features[:, _IS_BOTTOM] > 0.5)
    cells: np.ndarray = (example.pitch.astype(np.int64) // 6 * 3 + beat) * 3 + voice
    return cells


def predictor(network: PerformerNetwork, variation: float) -> Predict:
    """Predicts an example from its score alone."""

    def values(number: int, example: Example) -> np.ndarray:
        found = predict(
            network, example.table, example.features.astype(np.float32), example.genre, {},
            variation=variation, seed=number,
        )  # fmt: skip
        columns = {name: getattr(found, name) for name in NAMES}
        columns["pedal"] = columns["pedal"] + 0.5
        return np.stack([columns[name] for name in NAMES], 1)

    return values


def humanized(number: int, example: Example) -> np.ndarray:
    """Independent random values: what a `humanize` button does."""
    rng = np.random.default_rng(number)
    size = len(example.pitch)
    return np.stack(
        [
            rng.normal(64, 8, size), rng.normal(0, 0.02, size), rng.normal(-0.1, 0.1, size),
            np.full(size, PEDAL_UP + 0.5), np.zeros(size),
        ],
        1,
    )  # fmt: skip


def flat(number: int, example: Example) -> np.ndarray:
    """Everything as written."""
    return np.tile([64.0, 0.0, 0.0, PEDAL_UP + 0.5, 0.0], (len(example.pitch), 1))


def correlations(examples: Sequence[Example], values: Predict) -> dict[str, float]:
    """Mean correlation with the player over performances, by attribute.

    For the pedal, of whether it is down.
    """
    rows = []
    for number, example in enumerate(examples):
        ours, real = values(number, example), example.values
        row = []
        for i, name in enumerate(NAMES):
            known = np.isfinite(real[:, i])
            pair = ours[known, i], real[known, i]
            if name == "pedal":
                pair = np.minimum(pair[0], PEDAL_DOWN), np.minimum(pair[1], PEDAL_DOWN)
            row.append(_correlation(*pair))
        rows.append(row)
    return {name: _mean(column) for name, column in zip(NAMES, np.array(rows).T, strict=True)}


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _correlation(ours: np.ndarray, real: np.ndarray) -> float:
    if len(ours) < _FEWEST or ours.std() < 1e-9 or real.std() < 1e-9:
        return np.nan
    return float(np.corrcoef(ours, real)[0, 1])


def distributions(
    examples: Sequence[Example], values: Predict | None
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Features of the distributions in excerpts of EXCERPT notes, and the piece of each excerpt.

    values: None for the real performances. Features: float64 [E], NaN for unknown ones.
    """
    rows: list[dict[str, float]] = []
    names = []
    for number, example in enumerate(examples):
        real = example.values
        ours = real if values is None else _binned(values(number, example))
        ours = np.where(np.isfinite(real), ours, np.nan)
        for begin in range(0, len(ours) - EXCERPT + 1, EXCERPT):
            rows.append(_excerpt(ours[begin : begin + EXCERPT]))
            names.append(example.name)
    features = {name: np.array([row[name] for row in rows]) for name in (rows or [{}])[0]}
    return features, names


def _binned(values: np.ndarray) -> np.ndarray:
    """Values moved to the centres of their bins."""
    columns = [a.centres[a.encode(own)] for a, own in zip(ATTRIBUTES, values.T, strict=True)]
    return np.stack(columns, 1)


def _excerpt(values: np.ndarray) -> dict[str, float]:
    found: dict[str, float] = {}
    for i, name in enumerate(NAMES[:2]):
        own = values[:, i]
        own = own[np.isfinite(own)]
        is_known = len(own) >= _FEWEST
        low, high = np.quantile(own, (0.1, 0.9)) if is_known else (np.nan, np.nan)
        found |= {
            f"{name} mean": own.mean() if is_known else np.nan,
            f"{name} spread": own.std() if is_known else np.nan,
            f"{name} low": low,
            f"{name} high": high,
            f"{name} steps": np.abs(np.diff(own)).mean() if is_known else np.nan,
        }
    pedal = np.floor(values[:, NAMES.index("pedal")])
    pedal = pedal[np.isfinite(pedal)]
    is_known = len(pedal) >= _FEWEST
    found["pedal down"] = np.mean(pedal > PEDAL_UP) if is_known else np.nan
    found["pedal changes"] = np.mean(pedal == PEDAL_CHANGED) if is_known else np.nan
    return {name: float(value) for name, value in found.items()}
