"""Decoders that Amadeus' own is compared with: each a model and the loss that trains it.

They are no part of the product: a variant is one file here, and the trainer takes what it builds.
"""

from __future__ import annotations

from amadeus.experiments.decoders.flat import flat_tokens
from amadeus.experiments.decoders.in_turn import attributes_in_turn
from amadeus.experiments.decoders.independent import independent_heads
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
"""How each is built, by name."""
