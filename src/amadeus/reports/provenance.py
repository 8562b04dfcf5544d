"""Provenance: what it takes to get the same numbers."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any


def provenance_of(command: str, model: str, **settings: Any) -> dict[str, Any]:
    """The command, the hash of the model's weights, the settings and what computed.

    Other versions, and other numbers of threads, round differently.
    """
    from amadeus.inference.native import fits
    from amadeus.model.checkpoint_files import read_sizes
    from amadeus.model.packaged import find_checkpoint

    folder = find_checkpoint(model)
    return {
        "command": f"`{command}`",
        "model": model,
        "weights": f"SHA-256 {hash_of_weights(folder)}",
        "engine": "compiled core, weights of a byte" if fits(read_sizes(folder)) else "torch",
        **settings,
        **computed_with(),
    }


def computed_with() -> dict[str, Any]:
    """Versions and threads."""
    import torch

    return {
        "versions": versions("amadeus-music", "torch", "numpy"),
        "threads": torch.get_num_threads(),
    }


def versions(*packages: str) -> str:
    """Versions of packages, and Python's: "numpy 2.4.6, Python 3.11.2"."""
    found = [f"{name} {version(name)}" for name in packages]
    return ", ".join([*found, f"Python {platform.python_version()}"])


def hash_of_weights(folder: Path) -> str:
    """SHA-256 of the weights of a checkpoint folder, its files one after another by name."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while part := file.read(2**20):
                digest.update(part)
    return digest.hexdigest()


def hash_of_list(lines: Iterable[str]) -> str:
    """SHA-256 of lines of text, a line feed after each: of a set of pieces, by what names them."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
