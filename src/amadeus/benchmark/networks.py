"""The networks that are timed, by name: with shipped weights, or with random ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from amadeus.inference.native import NativeNetwork, fits
from amadeus.model.checkpoint_files import read_sizes, read_weights, weight_shapes
from amadeus.model.config import PRESETS, ModelConfig
from amadeus.model.packaged import available_models, find_checkpoint

if TYPE_CHECKING:
    from amadeus.model import Amadeus


@dataclass(frozen=True)
class Network:
    """Sizes and weights, in the form of either engine, made when first needed."""

    name: str
    config: ModelConfig
    weights: Mapping[str, np.ndarray]
    is_random: bool

    @property
    def parameters(self) -> int:
        return sum(weight.size for weight in self.weights.values())

    @cached_property
    def native(self) -> NativeNetwork | None:
        """None where the compiled core is missing or cannot run it."""
        return NativeNetwork(self.config, self.weights) if fits(self.config) else None

    @cached_property
    def torch(self) -> Amadeus:
        import torch

        from amadeus.model import Amadeus

        model = Amadeus(self.config)
        model.load_state_dict({k: torch.from_numpy(w).float() for k, w in self.weights.items()})
        return model.eval()


def load_network(name: str) -> Network:
    """The network of a packaged model or a checkpoint folder.

    Raises CheckpointError for a name that is neither.
    """
    from safetensors.numpy import load_file

    folder = find_checkpoint(name)
    config = read_sizes(folder)
    return Network(name, config, read_weights(folder, config, load_file), is_random=False)


def preset_network(preset: str) -> Network:
    """A preset, with the weights that are shipped for it, or else random ones."""
    packaged = f"amadeus-{preset}"
    if packaged in available_models():
        return load_network(packaged)
    return Network(preset, PRESETS[preset], random_weights(PRESETS[preset]), is_random=True)


def random_weights(config: ModelConfig, seed: int = 0) -> dict[str, np.ndarray]:
    """Normal weights that keep activations at one size: none is zero, all arithmetic is real."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.standard_normal(shape, dtype=np.float32) * np.float32(1 / math.sqrt(shape[-1]))
        for name, shape in weight_shapes(config).items()
    }
