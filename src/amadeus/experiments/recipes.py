"""Default recipes of experiments: small enough to train in minutes on two CPU cores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from amadeus.corpus.shards import read_summary
from amadeus.errors import ConfigError
from amadeus.experiments.options import Progress, TrainingOptions
from amadeus.experiments.runs import Recipe, Runs
from amadeus.reports.provenance import computed_with
from amadeus.training.config import make_config

_USUAL: dict[str, Any] = {
    "preset": "nano", "steps": 200, "batch_size": 16, "rows": 96, "lr": 0.015, "matrix_lr": 0.01,
    "validation_pieces": 48,
}  # fmt: skip
_QUICK: dict[str, Any] = {
    "steps": 4, "batch_size": 2, "rows": 24, "text": False, "validation_pieces": 4,
}  # fmt: skip
_MAX_TEXT = 32
"""Text tokens of a caption; longer ones take a small model more time than its notes."""
_TEST_PIECES, _FEW_PIECES = 128, 4
_LISTED = ("preset", "steps", "batch_size", "rows", "text", "decoder_share", "optimizer", "lr",
         "matrix_lr", "schedule", "warmup")  # fmt: skip
_VALIDATIONS = 5
"""Number of validations of a run, including the one at its end."""


def prepare(options: TrainingOptions, progress: Progress) -> tuple[Runs, Recipe]:
    """The folder of runs, and the recipe that variants differ from."""
    fields = {"preset": options.preset, "steps": options.steps, "text": options.captions}
    base = base_recipe(options.shards, fields | dict(options.overrides or {}), quick=options.quick)
    return Runs(options.runs, progress), base


def base_recipe(shards: Path, fields: Mapping[str, Any], *, quick: bool = False) -> Recipe:
    """The recipe that variants of an experiment differ from.

    fields: of `TrainConfig`, to override the defaults. quick: train a few updates without captions,
    whatever the fields, as a test. Raises ConfigError for a field that is unknown or out of range.
    """
    values = {"shards": shards, "output": shards, "samples": 0, **_USUAL, **fields}
    values |= _QUICK if quick else {}
    sizes = values.get("model", {})
    if not isinstance(sizes, Mapping):
        raise ConfigError(f"model takes fields, as in model={{layers: 4}}; got {sizes!r}")
    values["model"] = {"max_text": _MAX_TEXT, **sizes}
    config = make_config(values, "the experiment")
    derived = {k: v for k, v in schedule(config.steps).items() if k not in fields}
    config = replace(config, **derived)
    return Recipe(config=config, test_pieces=_FEW_PIECES if quick else _TEST_PIECES)


def schedule(steps: int) -> dict[str, Any]:
    """Warm-up and validations for a number of updates."""
    return {"warmup": max(1, steps // 10), "validate_every": max(1, steps // _VALIDATIONS)}


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    """The same recipe over another number of updates."""
    return recipe.but(steps=steps, **schedule(steps))


def describe(recipe: Recipe) -> str:
    """How a run is trained, and how far its results reach, in Markdown."""
    config = recipe.config
    rows = config.steps * config.batch_size * config.rows
    corpus = read_summary(config.shards)
    text = "with captions" if config.text else "without captions"
    return (
        f"Unless stated otherwise, a run trains `{config.preset}` {text} for {config.steps:,} "
        f"updates of {config.batch_size} excerpts of {config.rows} rows. These are {rows:,} rows, "
        f"{100 * rows / corpus['rows']:.2g} % of a corpus of {corpus['pieces']:,} pieces. Results "
        "after so little training may not hold after more; the same command repeats the experiment "
        "at any size."
    )


def provenance_of_training(options: TrainingOptions, recipe: Recipe) -> dict[str, Any]:
    """The command, the corpus, how runs are trained, and the versions."""
    corpus, fields = read_summary(recipe.config.shards), recipe.to_dict()
    return {
        "command": f"`{options.command()}`",
        "corpus": f"{corpus['pieces']:,} pieces, {corpus['rows']:,} rows, as made by "
        "`amadeus corpus build`",
        "training": ", ".join(f"{k} {v}" for k, v in fields.items() if k in _LISTED),
        **computed_with(),
    }
