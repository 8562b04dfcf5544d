"""Decoders to compare with Amadeus' own, each a model and its training loss."""

from __future__ import annotations

from amadeus.experiments.decoders.exact import attributes_in_turn, independent_heads
from amadeus.experiments.decoders.flat import flat_tokens
from amadeus.model import Amadeus
from amadeus.training.config import TrainConfig
from amadeus.training.loss import Objective
from amadeus.training.trainer import Build

DIFFUSION, IN_TURN, INDEPENDENT, FLAT = "masked diffusion", "in turn", "independent", "flat tokens"


def masked_diffusion(config: TrainConfig) -> Objective:
    """Amadeus itself, with new weights."""
    return Objective(Amadeus(config.model_config()), config.dispersion_temperature)


DECODERS: dict[str, Build] = {
    DIFFUSION: masked_diffusion,
    IN_TURN: attributes_in_turn,
    INDEPENDENT: independent_heads,
    FLAT: flat_tokens,
}
"""Functions that build each decoder, by name."""
