"""Features of an opening that a classifier may use to tell composed music from real music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from amadeus.critic import measure_features
from amadeus.evaluation.metrics import METRICS
from amadeus.music.score import Score
from amadeus.tokens import encode


def features_of_openings(
    openings: Sequence[Score], metrics: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Every feature of every opening, float64 [len(openings)] by name, NaN where it has none.

    metrics: the values of `METRICS` for the same openings; the others are those of `critic`.
    """
    columns = {name: np.asarray(metrics[name], dtype=np.float64) for name in METRICS}
    measured = [measure_features(encode(score)) for score in openings]
    names = dict.fromkeys(name for features in measured for name in features)
    return columns | {
        name: np.array([features.get(name, np.nan) for features in measured], dtype=np.float64)
        for name in names
    }
