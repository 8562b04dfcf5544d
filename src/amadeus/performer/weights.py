"""Weights of the network in a file: safetensors, in half precision."""

from __future__ import annotations

import json
import os
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import torch

from amadeus.errors import CheckpointError
from amadeus.performer.attributes import ATTRIBUTES
from amadeus.performer.features import NUM_FEATURES
from amadeus.performer.network import CHANNELS, PerformerNetwork

_FORMAT = {
    "attributes": json.dumps([[a.name, a.low, a.high, a.bins] for a in ATTRIBUTES]),
    "features": str(NUM_FEATURES),
    "channels": str(CHANNELS),
}


def save_network(network: PerformerNetwork, path: str | os.PathLike[str]) -> None:
    """Write the weights of a network."""
    from safetensors.torch import save

    halves = {name: value.half() for name, value in network.state_dict().items()}
    Path(path).write_bytes(save(halves, metadata=_FORMAT))


def load_network(path: str | os.PathLike[str]) -> PerformerNetwork:
    """Read what `save_network` wrote. Raises CheckpointError for other files."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        if metadata != _FORMAT:
            raise ValueError("its attributes or features differ from those of this version")
        network = PerformerNetwork()
        network.load_state_dict(state)
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not a performer ({error}); train one with amadeus corpus performer"
        ) from None
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise CheckpointError(f"{path} has weights that are not finite; train it again")
    return network.eval()


@cache
def packaged_network() -> PerformerNetwork:
    """The network that comes with the package."""
    with as_file(files("amadeus").joinpath("data/performer.safetensors")) as path:
        return load_network(path)
