"""Scaling: how do nats a note fall with parameters and with notes seen?

Models of several widths, each trained over several lengths. Every length is a run of its own, for
the rate of learning falls towards the end of a run, and a loss on the way is not what a shorter run
would have reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.errors import ConfigError
from amadeus.experiments.power_law import PowerLaw, fit
from amadeus.experiments.recipes import with_steps
from amadeus.experiments.runs import Recipe, Run, Runs
from amadeus.reports.means import Mean

HEAD = 32
"""Width of a head of attention; widths are its multiples."""
RESAMPLES = 400
FITTED = 5
"""Numbers in a law."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Runs over widths and lengths, and the law they follow."""

    runs: Sequence[Run]
    parameters: np.ndarray
    """[K], outside of look-up tables."""
    laws: list[PowerLaw]
    """The first one of all pieces, the others of resamplings."""
    seed_noise: float
    """Standard deviation between seeds; nan where it was not measured."""

    @property
    def rows_seen(self) -> np.ndarray:
        """[K]."""
        return np.array([run.recipe.config.steps * run.rows_per_update for run in self.runs])

    @property
    def nats(self) -> np.ndarray:
        """Nats per row of test pieces, [K, P]."""
        return np.stack([run.nats for run in self.runs])

    @property
    def misfit(self) -> float:
        """Standard deviation of the runs from the law, for as many runs as it leaves free."""
        missed = self.laws[0](self.parameters, self.rows_seen) - self.nats.mean(1)
        return float(np.sqrt((missed**2).sum() / max(1, len(missed) - FITTED)))

    def spread(self, name: str) -> Mean:
        """A field of the law, with its interval over resamplings."""
        first, *others = (getattr(law, name) for law in self.laws)
        low, high = np.nanquantile(others, (0.025, 0.975))
        return Mean(first, float(low), float(high))


def widened(base: Recipe, width: int) -> Recipe:
    """The recipe with another width, and a decoder of half of it.

    Raises ConfigError for a width that is no multiple of 32.
    """
    if width < HEAD or width % HEAD:
        raise ConfigError(f"width {width} is no multiple of {HEAD}; choose 64, 128, 192 and so on")
    heads, half = width // HEAD, max(1, width // (2 * HEAD))
    return base.but(
        model={
            "width": width, "heads": heads, "kv_heads": half if heads % half == 0 else 1,
            "decoder_width": width // 2, "decoder_heads": half,
        }
    )  # fmt: skip


def run(
    runs: Runs, base: Recipe, widths: Sequence[int], shares: Sequence[float], seeds: Sequence[int]
) -> Scaling:
    """Every width over every length, and the base with several seeds.

    shares: of the base's updates. Raises ConfigError for fewer than three runs of either.
    """
    if len(widths) < 3 or len(shares) < 2:
        raise ConfigError("a law takes at least three widths and two lengths")
    found = []
    for width in sorted(widths):
        recipe = base if width == base.config.model_config().width else widened(base, width)
        for share in sorted(shares):
            one = with_steps(recipe, max(1, round(share * base.config.steps)))
            found.append(runs.get(one, f"width {width}, {one.config.steps} updates"))
    same = [runs.get(base.but(seed=seed), f"seed {seed}").nats.mean() for seed in seeds]
    noise = float(np.std(same, ddof=1)) if len(same) > 1 else np.nan
    return _fitted(found, [_multiplied(runs, one) for one in found], noise)


def _multiplied(runs: Runs, run: Run) -> int:
    """Parameters outside of look-up tables."""
    named = runs.model(run.recipe).named_parameters()
    return sum(p.numel() for name, p in named if "table" not in name)


def _fitted(found: Sequence[Run], parameters: Sequence[int], seed_noise: float) -> Scaling:
    scaling = Scaling(found, np.array(parameters, dtype=np.float64), [], seed_noise)
    nats, rng = scaling.nats, np.random.default_rng(0)
    scaling.laws.extend(_fit(scaling, nats.mean(1)[None]))
    picks = rng.integers(nats.shape[1], size=(RESAMPLES, nats.shape[1]))
    resampled = nats[:, picks].mean(-1).T  # [RESAMPLES, K]
    noise = np.nanmax([seed_noise, scaling.misfit])
    scaling.laws.extend(_fit(scaling, resampled + rng.normal(0, noise, resampled.shape)))
    return scaling


def _fit(scaling: Scaling, losses: np.ndarray) -> list[PowerLaw]:
    return fit(scaling.parameters, scaling.rows_seen, losses)
