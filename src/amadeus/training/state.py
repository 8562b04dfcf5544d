"""What a run needs to go on: weights, optimizer states and the step, in safetensors and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from amadeus.errors import TrainingError
from amadeus.files import check_regular, write_atomically

STATE = "training.safetensors"


def save_state(
    folder: Path,
    models: Mapping[str, nn.Module],
    optimizers: list[torch.optim.Optimizer],
    step: int,
) -> None:
    """Write everything into one file, in one move. models: by the names to keep them under."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{kind}/{name}": p.detach().cpu()
        for kind, model in models.items()
        for name, p in model.state_dict().items()
    }
    scalars: dict[str, Any] = {}
    for i, optimizer in enumerate(optimizers):
        for index, state in optimizer.state_dict()["state"].items():
            for key, value in state.items():
                name = f"optimizer/{i}/{index}/{key}"
                if isinstance(value, torch.Tensor):
                    tensors[name] = value.detach().cpu()
                else:
                    scalars[name] = value
    metadata = {"step": str(step), "scalars": json.dumps(scalars)}
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    write_atomically(folder / STATE, lambda path: save_file(tensors, path, metadata))


def load_state(
    folder: Path, models: Mapping[str, nn.Module], optimizers: list[torch.optim.Optimizer]
) -> int:
    """Continue from a saved state. Returns the step to go on with.

    Raises TrainingError where there is none, or for another model or optimizer.
    """
    path = folder / STATE
    if not path.exists():
        raise TrainingError(f"{path} does not exist: nothing to resume; start without --resume")
    try:
        check_regular(path)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        values = tensors | json.loads(metadata["scalars"])
        step = int(metadata["step"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise TrainingError(f"{path} is not a saved training state: {error}") from None
    try:
        for kind, model in models.items():
            weights = {
                k.partition("/")[2]: t for k, t in tensors.items() if k.startswith(f"{kind}/")
            }
            model.load_state_dict(weights)
    except RuntimeError:
        raise TrainingError(
            f"{path} is of another model; use the configuration that it was started with"
        ) from None
    for i, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Any]] = {}
        for name, value in values.items():
            kind, _, rest = name.partition("/")
            if kind == "optimizer" and rest.startswith(f"{i}/"):
                _, index, key = rest.split("/")
                state.setdefault(int(index), {})[key] = value
        optimizer.load_state_dict(
            {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
        )
    return step
