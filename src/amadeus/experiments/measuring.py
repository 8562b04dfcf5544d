"""What experiments that measure a trained model need: the model, real pieces and provenance."""

from __future__ import annotations

from typing import Any

import numpy as np

from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
from amadeus.errors import ConfigError
from amadeus.evaluation.openings import first_bars
from amadeus.experiments.options import MeasuringOptions
from amadeus.inference.composer import Composer, load_model
from amadeus.model.packaged import DEFAULT_MODEL
from amadeus.reports.provenance import provenance_of


def model_name(options: MeasuringOptions) -> str:
    return options.model or DEFAULT_MODEL


def load_composer(options: MeasuringOptions, *, words: bool = True) -> Composer:
    return load_model(model_name(options), words=words)


def held_out(options: MeasuringOptions) -> tuple[Shards, str]:
    """The validation pieces, and a description of them."""
    shards = Shards(options.shards or PACKAGED_VALIDATION, "validation")
    kind = (
        "open validation pieces of the package" if options.shards is None else "validation pieces"
    )
    return shards, f"{len(shards):,} {kind}"


def evenly(shards: Shards, count: int) -> list[np.ndarray]:
    """Tokens of at most `count` pieces, spread evenly over the shards, [N, A] each."""
    places = np.linspace(0, len(shards) - 1, min(count, len(shards))).round().astype(int)
    return [shards.tokens(int(place)) for place in places]


def openings_of(pieces: list[np.ndarray], bars: int, fewest: int = 2) -> list[np.ndarray]:
    """The first bars of all pieces that are long enough, tokens [N, A] each.

    Raises ConfigError if fewer than `fewest` are.
    """
    openings = [first_bars(np.asarray(tokens), bars) for tokens in pieces]
    long_enough = [tokens for tokens in openings if tokens is not None]
    if len(long_enough) < fewest:
        raise ConfigError(
            f"only {len(long_enough)} real pieces have {bars} bars, and {fewest} are needed; "
            "use fewer bars"
        )
    return long_enough


def provenance(options: MeasuringOptions, **settings: Any) -> dict[str, Any]:
    """The report's provenance, with the command that runs the experiment again."""
    return provenance_of(options.command(), model_name(options), **settings)
