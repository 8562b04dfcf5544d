"""What a checkpoint's folder holds: `model.safetensors`, the weights, and `config.json`.

Weights may also lie in several files, `model-00001-of-00005.safetensors` and so on. Pickled files
are never read. Nothing here needs torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open

from amadeus.errors import CheckpointError, ConfigError
from amadeus.files import check_regular, read_regular
from amadeus.model.config import ModelConfig
from amadeus.profile import NUM_CONDITIONS
from amadeus.profile.conditions import fingerprint as profile_values
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, SIZES, fingerprint

WEIGHTS = "model.safetensors"
PART = "model-{:05d}-of-{:05d}.safetensors"
CONFIG = "config.json"
FORMAT = 1
MAX_CONFIG_BYTES = 2**20
MAX_HEADER_BYTES = 2**22
STORED_TYPES = ("F32", "F16")
START_AT_ZERO = (".output.weight", ".down.weight", "decoder.heads", ".bias.weight")
"""Ends of the names of the weights that are zero before training."""
PROFILE_VECTORS = "profile_embedder.table.weight"
"""The vectors of profiles, by their name in the model's `state_dict`."""
PROFILE_BIAS = "profile_embedder.bias.weight"
"""What the values of profiles add to the attribute slots; likewise."""

T = TypeVar("T")


def read_config(folder: Path) -> dict[str, Any]:
    """The contents of `config.json`.

    Raises CheckpointError where there is none, or of another format or vocabulary.
    """
    path = folder / CONFIG
    try:
        config = json.loads(read_regular(path, MAX_CONFIG_BYTES))
    except FileNotFoundError:
        raise CheckpointError(
            f"{folder} holds no checkpoint: {CONFIG} is missing; "
            "give a folder written by `amadeus train`"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CheckpointError(f"{path} cannot be read: {reason}; copy the folder again") from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not an Amadeus checkpoint of format {FORMAT}")
    if config.get("vocabulary") != fingerprint():
        raise CheckpointError(
            f"{path} was made with vocabulary {str(config.get('vocabulary'))[:40]!r}, this version "
            f"has {fingerprint()!r}; train again or install the version that made it"
        )
    notes = config.get("notes", {})
    if not isinstance(notes, dict) or any(isinstance(x, (dict, list)) for x in notes.values()):
        raise CheckpointError(
            f"{path}: its notes are not single values by name; copy the folder again"
        )
    # A network without profiles reads none of their values, and older checkpoints name none.
    if config.get("profile_values", profile_values()) != profile_values() and _reads(config):
        raise CheckpointError(
            f"{path} was made with profile values {config['profile_values']}, this version has "
            f"{profile_values()}; train again or install the version that made it"
        )
    return config


def _reads(config: dict[str, Any]) -> bool:
    """Whether the model of a `config.json` is conditioned on profiles."""
    model = config.get("model")
    return isinstance(model, dict) and bool(model.get("profile"))


def read_sizes(folder: Path) -> ModelConfig:
    """The sizes that `config.json` tells.

    Raises CheckpointError where they are no model's, as well as `read_config` does.
    """
    config = read_config(folder)
    known = {field.name for field in fields(ModelConfig)}
    try:
        # Checkpoints from before there were profiles do not mention them.
        sizes = {"profile": False, **config["model"]}
        return ModelConfig(**{k: v for k, v in sizes.items() if k in known})
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder / CONFIG} describes no model: {error}") from None


def weight_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The shape of every weight by its name, as in the model's `state_dict`."""
    width, inner = config.width, config.decoder_width
    kv_width = width // config.heads * config.kv_heads
    shapes: dict[str, tuple[int, ...]] = {
        "embedder.table.weight": (sum(SIZES), width),
        "text_projection.weight": (width, config.text_width),
        "enhancement.spread.weight": (inner, width),
        "enhancement.slots": (NUM_ATTRIBUTES, inner),
        "decoder.table.weight": (sum(SIZES) + NUM_ATTRIBUTES, inner),
        "decoder.heads": (NUM_ATTRIBUTES, inner, max(SIZES)),
    }
    if config.profile:
        shapes[PROFILE_VECTORS] = (NUM_CONDITIONS, config.text_width)
        shapes[PROFILE_BIAS] = (NUM_CONDITIONS, NUM_ATTRIBUTES * inner)
    attentions = [
        (f"generator.blocks.{i}.attention", width, kv_width, width) for i in range(config.layers)
    ]
    attentions += [
        (f"decoder.blocks.{i}.attention", inner, inner, inner) for i in range(config.decoder_layers)
    ]
    if config.enhancement:
        attentions += [
            ("enhancement.among_slots", inner, inner, inner),
            ("enhancement.to_theme", inner, inner, width),
        ]
    for name, own, kept, memory in attentions:
        shapes[f"{name}.query.weight"] = shapes[f"{name}.output.weight"] = (own, own)
        shapes[f"{name}.key.weight"] = shapes[f"{name}.value.weight"] = (kept, memory)
        if name.endswith(".attention"):
            mlp, hidden = name.replace(".attention", ".mlp"), config.mlp_ratio * own
            shapes[f"{mlp}.up.weight"], shapes[f"{mlp}.down.weight"] = (hidden, own), (own, hidden)
    return shapes


def read_weights(
    folder: Path, config: ModelConfig, load_file: Callable[[Path], dict[str, T]]
) -> dict[str, T]:
    """The tensors of all files of weights, as `load_file` of safetensors gives them.

    Raises CheckpointError for files or tensors missing, for tensors unknown or of wrong shape or
    type, and for weights that are not finite, or zero where training leaves none so.
    """
    paths = _weight_files(folder)
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    for path in paths:
        found |= _read_header(path)
    expected = weight_shapes(config)
    wrong = [k for k in expected if k not in found or found[k][0] != expected[k]]
    wrong += [k for k in found if k not in expected]
    if wrong:
        raise CheckpointError(
            f"{folder / WEIGHTS} does not fit its {CONFIG}: {len(wrong)} tensors are missing, "
            f"unknown or of another shape, the first is {wrong[0][:80]!r}; copy the folder again"
        )
    for name, (_, stored) in found.items():
        if stored not in STORED_TYPES:
            raise CheckpointError(
                f"{folder / WEIGHTS}: {name} is of type {stored}; store weights as "
                f"{' or '.join(STORED_TYPES)}"
            )
    weights: dict[str, Any] = {}
    for path in paths:
        weights |= load_file(path)
    for name, weight in weights.items():
        problem = _problem(name, float(abs(weight).max()))
        if problem:
            raise CheckpointError(f"{folder / WEIGHTS}: {name} {problem}; copy the folder again")
    return weights


def _read_header(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of every tensor in a file; safetensors checks that they fit the file."""
    try:
        check_regular(path)
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER_BYTES:
            raise SafetensorError(f"its header has {length:,} bytes, more than any checkpoint's")
        with safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {k: (tuple(s.get_shape()), s.get_dtype()) for k, s in slices.items()}
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; copy the whole folder") from None
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CheckpointError(
            f"{path} is not a safetensors file ({reason}); copy the folder again"
        ) from None


def _problem(name: str, largest: float) -> str:
    """What is wrong with a tensor, by the largest size of its values."""
    if not math.isfinite(largest):
        return "is not finite"
    if not largest and not name.endswith(START_AT_ZERO):
        return "is zero throughout"
    return ""


def _weight_files(folder: Path) -> list[Path]:
    parts = sorted(folder.glob("model-*-of-*.safetensors"))
    if not parts or (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    last = parts[0].stem.rpartition("-")[2]
    count = int(last) if last.isdecimal() and len(last) == 5 else 0
    return [folder / PART.format(i, count) for i in range(1, count + 1)]
