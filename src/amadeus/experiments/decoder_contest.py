"""Decoders: masked diffusion beside attributes in turn, independent heads and flat tokens.

The same data, as much computing, the same measures: nats a row of held-out music, and what composed
pieces are like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

import numpy as np

from amadeus.corpus.shards import Shards
from amadeus.diffusion import UnmaskConfig
from amadeus.errors import ConfigError
from amadeus.evaluation.comparison import Comparison, compare, measure
from amadeus.evaluation.openings import first_bars
from amadeus.experiments.ablation import NEGLIGIBLE, Arm, train_arms
from amadeus.experiments.decoders import DECODERS, DIFFUSION, FLAT, IN_TURN, INDEPENDENT
from amadeus.experiments.decoders.flat_composing import compose_flat
from amadeus.experiments.recipes import with_steps
from amadeus.experiments.runs import Progress, Recipe, Runs
from amadeus.inference.composition import compose
from amadeus.inference.request import Request
from amadeus.inference.sampling import sampling_config
from amadeus.music.score import Score
from amadeus.reports.means import Mean
from amadeus.tokens import decode

MAX_NOTES = 256
"""Of a composed piece: models that have learned little do not always come to the next bar."""
REAL_PIECES = 300
_RESAMPLES = 200
_HOW: dict[str, UnmaskConfig] = {
    DIFFUSION: sampling_config(),
    IN_TURN: sampling_config(order="fixed"),
    INDEPENDENT: sampling_config(steps=1),
    FLAT: sampling_config(order="fixed"),
}
"""How each decoder's rows are drawn."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What one decoder composed."""

    distance: Mean
    """Mean over metrics of the distance to real openings, with its interval over pieces."""
    rows_per_second: float
    """Of computing, one piece at a time."""
    rows: float
    """Of a piece, on average."""


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """Everything that was found, by decoder."""

    arms: dict[str, Arm]
    composed: dict[str, Composed]
    pieces: int
    """Composed by each."""
    bars: int
    among_real: float
    """The distance of one half of the real openings from the other."""


def run(runs: Runs, base: Recipe, seeds: Sequence[int], pieces: int, bars: int) -> Contest:
    """Train all decoders with as much computing, and compose with the first seed's weights.

    Raises ConfigError where hardly any real piece has so many bars.
    """
    real = _real_openings(base, bars)
    recipes = _equally_dear(runs, base)
    seconds = runs.seconds_per_update([replace(base, decoder=name) for name in DECODERS])
    arms = train_arms(runs, recipes, seeds, seconds)
    metrics = measure(real)
    composed = {
        name: _compose(runs, recipe.but(seed=seeds[0]), name, metrics, pieces, bars, runs.progress)
        for name, recipe in recipes.items()
    }
    among_real = compare(real[::2], real[1::2]).mean_distance
    return Contest({arm.name: arm for arm in arms}, composed, pieces, bars, among_real)


def _equally_dear(runs: Runs, base: Recipe) -> dict[str, Recipe]:
    """Every decoder with as many updates as cost what the base costs."""
    recipes = {name: replace(base, decoder=name) for name in DECODERS}
    seconds = runs.seconds_per_update(list(recipes.values()))
    for (name, recipe), cost in zip(recipes.items(), seconds, strict=True):
        if abs(seconds[0] / cost - 1) > NEGLIGIBLE:
            steps = max(1, round(base.config.steps * seconds[0] / cost))
            recipes[name] = with_steps(recipe, steps)
    return recipes


def _real_openings(base: Recipe, bars: int) -> list[Score]:
    held_out = Shards(base.config.shards, "validation")
    spread = np.linspace(0, len(held_out) - 1, min(REAL_PIECES, len(held_out))).round().astype(int)
    openings = [first_bars(held_out.tokens(i).astype(np.int64), bars) for i in spread]
    real = [decode(tokens) for tokens in openings if tokens is not None]
    if len(real) < 4:
        raise ConfigError(f"{len(real)} of the held-out pieces have {bars} bars; ask for fewer")
    return real


def _compose(
    runs: Runs,
    recipe: Recipe,
    name: str,
    real: dict[str, np.ndarray],
    pieces: int,
    bars: int,
    progress: Progress,
) -> Composed:
    model = runs.model(recipe)
    writes: Callable[[Request], np.ndarray] = (
        (lambda request: compose_flat(model, request, model.config.context))
        if name == FLAT
        else (lambda request: compose(model, [request])[0])
    )
    composed, seconds = [], 0.0
    for seed in range(pieces):
        progress(f"{name}: composing", seed, pieces)
        request = Request(num_bars=bars, max_notes=MAX_NOTES, seed=seed, unmask=_HOW[name])
        began = process_time()
        composed.append(writes(request))
        seconds += process_time() - began
    rows = sum(len(tokens) - 1 for tokens in composed)
    metrics = measure([decode(tokens) for tokens in composed])
    return Composed(_distance(metrics, real), rows / seconds, rows / pieces)


def _distance(metrics: dict[str, np.ndarray], real: dict[str, np.ndarray]) -> Mean:
    """With the interval that holds 95 % of the distances of resampled pieces."""
    count = len(next(iter(metrics.values())))
    picks = np.random.default_rng(0).integers(count, size=(_RESAMPLES, count))
    resampled = [
        Comparison({name: values[pick] for name, values in metrics.items()}, real).mean_distance
        for pick in picks
    ]
    low, high = np.nanquantile(resampled, (0.025, 0.975))
    return Mean(Comparison(metrics, real).mean_distance, float(low), float(high))


def values_of(contest: Contest) -> dict[str, Any]:
    """All numbers, for JSON."""
    first = contest.arms[DIFFUSION]
    return {
        "decoders": {
            name: {
                **arm.to_dict(),
                "beyond masked diffusion": arm.beyond(first).to_dict(),
                "distance": contest.composed[name].distance.to_dict(),
                "rows per second": round(contest.composed[name].rows_per_second, 2),
                "rows of a piece": round(contest.composed[name].rows, 1),
            }
            for name, arm in contest.arms.items()
        },
        "distance among real": round(contest.among_real, 5),
    }
