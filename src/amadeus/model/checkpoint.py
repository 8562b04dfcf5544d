"""Writes and reads checkpoints in torch; `checkpoint_files` describes their folders.

Every file is written atomically.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from amadeus.errors import CheckpointError
from amadeus.files import write_atomically, write_text
from amadeus.model.amadeus import Amadeus
from amadeus.model.checkpoint_files import (
    CONFIG,
    FORMAT,
    PART,
    WEIGHTS,
    read_sizes,
    read_weights,
)
from amadeus.profile.conditions import fingerprint as profile_values
from amadeus.tokens.vocabulary import fingerprint


def save_checkpoint(
    model: Amadeus,
    folder: Path,
    *,
    dtype: torch.dtype = torch.float32,
    file_bytes: int | None = None,
    **notes: Any,
) -> None:
    """Write weights and sizes to a folder.

    dtype: type of the stored weights. file_bytes: maximum bytes of weights per file; by default,
    all weights are in one file. notes: numbers and words, stored under "notes" (steps, losses).
    Raises CheckpointError if a single matrix is larger than a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "format": FORMAT,
        "vocabulary": fingerprint(),
        "profile_values": profile_values(),
        "model": asdict(model.config),
        "notes": notes,
    }
    weights = {k: p.detach().to("cpu", dtype).contiguous() for k, p in model.state_dict().items()}
    for name, part in _files(weights, file_bytes).items():
        write_atomically(folder / name, partial(save_file, part))
    text = json.dumps(config, indent=2) + "\n"
    write_text(folder / CONFIG, text)


def load_checkpoint(folder: Path) -> Amadeus:
    """The model of a checkpoint folder, in float32 and evaluation mode.

    Raises CheckpointError for a folder without a checkpoint, or with a damaged one.
    """
    config = read_sizes(folder)
    weights = read_weights(folder, config, load_file)  # first, because they limit the model's size
    model = Amadeus(config)
    model.load_state_dict({k: w.float() for k, w in weights.items()})
    return model.eval()


def _files(weights: dict[str, torch.Tensor], file_bytes: int | None) -> dict[str, dict]:
    """The weights of each file."""
    if file_bytes is None:
        return {WEIGHTS: weights}
    parts: list[dict[str, torch.Tensor]] = []
    room = 0
    for name, tensor in weights.items():
        if tensor.nbytes > file_bytes:
            raise CheckpointError(
                f"{name} alone has {tensor.nbytes:,} bytes, a file {file_bytes:,}; allow more"
            )
        if tensor.nbytes > room:
            parts.append({})
            room = file_bytes
        parts[-1][name] = tensor
        room -= tensor.nbytes
    return {PART.format(i, len(parts)): part for i, part in enumerate(parts, start=1)}
