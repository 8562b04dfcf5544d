"""What a training run begins with: random weights, or those of another model."""

from __future__ import annotations

from dataclasses import replace

from amadeus.errors import ConfigError
from amadeus.model import Amadeus
from amadeus.model.checkpoint import load_checkpoint
from amadeus.model.packaged import find_checkpoint
from amadeus.model.profile_embedder import start_from_rows
from amadeus.training.config import TrainConfig
from amadeus.training.loss import Objective


def first_objective(config: TrainConfig) -> Objective:
    """The model of a new run with its loss.

    A model that was trained without profiles gets vectors for them. Raises ConfigError where
    `start_from` is of another size.
    """
    sizes = config.model_config()
    model = Amadeus(sizes)
    if config.start_from:
        first = load_checkpoint(find_checkpoint(config.start_from))
        gains_profiles = sizes.profile and not first.config.profile
        gained = replace(
            first.config,
            context=sizes.context,
            profile=first.config.profile or gains_profiles,
        )
        if gained != sizes:
            raise ConfigError(
                f"start_from: {config.start_from} is of another size or text encoder; "
                "set preset, model, profile and text_encoder to what it has"
            )
        model.load_state_dict(first.state_dict(), strict=not gains_profiles)
        if gains_profiles and model.profile_embedder is not None:
            rows, projection = model.embedder.table.weight, model.text_projection.weight
            start_from_rows(model.profile_embedder, rows, projection)
    return Objective(model, config.dispersion_temperature)
