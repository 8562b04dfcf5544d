"""Provenance: everything needed to reproduce the numbers of a report."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any


def provenance_of(command: str, model: str, **settings: Any) -> dict[str, Any]:
    """The command, the hash of the model's weights, the settings, versions and threads.

    Other versions and numbers of threads round differently.
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
    """Package versions and the number of threads."""
    import torch

    return {
        "versions": versions("amadeus-music", "torch", "numpy"),
        "threads": torch.get_num_threads(),
    }


def versions(*packages: str) -> str:
    """Versions of packages and Python: "numpy 2.4.6, Python 3.11.2"."""
    listed = [f"{name} {version(name)}" for name in packages]
    return ", ".join([*listed, f"Python {platform.python_version()}"])


def hash_of_weights(folder: Path) -> str:
    """SHA-256 of the weight files of a checkpoint folder, concatenated in order of name."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while part := file.read(2**20):
                digest.update(part)
    return digest.hexdigest()


def hash_of_list(lines: Iterable[str]) -> str:
    """SHA-256 of lines of text, each with a line feed, such as the names of a set of pieces."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
