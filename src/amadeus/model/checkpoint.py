"""Checkpoints: a folder with `model.safetensors` (weights) and `config.json` (sizes, vocabulary).

Weights may also lie in several files, `model-00001-of-00005.safetensors` and so on. Pickled files
are never read. Writing is atomic: a kill leaves the old checkpoint or the new one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from amadeus.errors import CheckpointError, ConfigError
from amadeus.files import write_atomically
from amadeus.model.amadeus import Amadeus
from amadeus.model.config import ModelConfig
from amadeus.tokens.vocabulary import fingerprint

WEIGHTS = "model.safetensors"
PART = "model-{:05d}-of-{:05d}.safetensors"
CONFIG = "config.json"
FORMAT = 1


def save_checkpoint(
    model: Amadeus,
    folder: Path,
    *,
    dtype: torch.dtype = torch.float32,
    file_bytes: int | None = None,
    **notes: Any,
) -> None:
    """Write weights and sizes to a folder.

    dtype: type the weights are stored in. file_bytes: most bytes of weights in one file; all in one
    if left out. notes: anything JSON, kept under "notes" (steps, losses).
    Raises CheckpointError where a single matrix is larger than a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "format": FORMAT,
        "vocabulary": fingerprint(),
        "model": asdict(model.config),
        "notes": notes,
    }
    weights = {k: p.detach().to("cpu", dtype).contiguous() for k, p in model.state_dict().items()}
    for name, part in _files(weights, file_bytes).items():
        write_atomically(folder / name, partial(save_file, part))
    text = json.dumps(config, indent=2) + "\n"
    write_atomically(folder / CONFIG, lambda path: path.write_text(text, encoding="utf-8"))


def read_config(folder: Path) -> dict[str, Any]:
    """The contents of `config.json`.

    Raises CheckpointError where there is none, or of another format or vocabulary.
    """
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{folder} holds no checkpoint: {CONFIG} is missing; "
            "give a folder written by `amadeus train`"
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not an Amadeus checkpoint of format {FORMAT}")
    if config.get("vocabulary") != fingerprint():
        raise CheckpointError(
            f"{path} was made with vocabulary {config.get('vocabulary')}, this version has "
            f"{fingerprint()}; train again or install the version that made it"
        )
    return config


def load_checkpoint(folder: Path, device: str | torch.device = "cpu") -> Amadeus:
    """The model of a checkpoint folder, in float32 and evaluation mode.

    Raises CheckpointError for a folder that holds none, or tensors missing or of wrong shape.
    """
    config = read_config(folder)
    known = {field.name for field in fields(ModelConfig)}
    try:
        model = Amadeus(ModelConfig(**{k: v for k, v in config["model"].items() if k in known}))
    except (ConfigError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise CheckpointError(f"{folder / CONFIG} describes no model: {error}") from None
    path = folder / WEIGHTS
    weights = _read_weights(folder)
    expected = model.state_dict()
    wrong = [k for k in expected if k not in weights or weights[k].shape != expected[k].shape]
    wrong += [k for k in weights if k not in expected]
    if wrong:
        raise CheckpointError(
            f"{path} does not fit its {CONFIG}: {len(wrong)} tensors are missing, unknown or of "
            f"another shape, the first is {wrong[0]}; copy the folder again"
        )
    model.load_state_dict({k: w.float() for k, w in weights.items()})
    return model.to(device).eval()


def _files(weights: dict[str, torch.Tensor], file_bytes: int | None) -> dict[str, dict]:
    """Weights by the file they go to."""
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


def _read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors of all files of weights."""
    paths = [folder / WEIGHTS]
    parts = sorted(folder.glob("model-*-of-*.safetensors"))
    if parts and not paths[0].exists():
        last = parts[0].stem.rpartition("-")[2]
        count = int(last) if last.isdecimal() and len(last) == 5 else 0
        paths = [folder / PART.format(i, count) for i in range(1, count + 1)]
    weights: dict[str, torch.Tensor] = {}
    for path in paths:
        try:
            weights |= load_file(path)
        except FileNotFoundError:
            raise CheckpointError(f"{path} is missing; copy the whole folder") from None
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"{path} is not a safetensors file: {error}") from None
    return weights
