"""Reports: what every experiment hands over, as Markdown for people, JSON for programs, and PNG."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from amadeus.files import write_atomically
from amadeus.inference.native import fits
from amadeus.model.checkpoint_files import read_sizes
from amadeus.model.packaged import find_checkpoint

PAGE, NUMBERS = "README.md", "numbers.json"
STRONG, PALE, INK = "#2f6f9f", "#b8c0cc", "#1d2433"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": PALE,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "text.color": INK,
}
"""How pictures look, for `matplotlib.style.context`."""
_PACKAGES = ("amadeus-music", "torch", "numpy")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, the first column to the left, the others to the right."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    """What one has to know to read it."""

    def to_markdown(self) -> str:
        lines = [f"## {self.title}", ""]
        lines += [self.note, ""] if self.note else []
        rule = ["---", *["---:"] * (len(self.header) - 1)]
        lines += [f"| {' | '.join(cells)} |" for cells in (self.header, rule, *self.rows)]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Report:
    """One experiment."""

    title: str
    summary: str
    """What was asked and how it was measured, in Markdown."""
    tables: Sequence[Table]
    values: Mapping[str, Any]
    """All numbers, as JSON takes them."""
    provenance: Mapping[str, Any]
    """What it takes to get the same numbers."""
    pictures: Mapping[str, Figure] = field(default_factory=dict)
    """By file name without suffix."""

    def to_markdown(self) -> str:
        parts = [f"# {self.title}\n", f"{self.summary}\n"]
        parts += [f"![{name.replace('-', ' ')}]({name}.png)\n" for name in self.pictures]
        parts += [table.to_markdown() for table in self.tables]
        parts.append("## To get the same numbers\n")
        parts.append("\n".join(f"- {name}: {value}" for name, value in self.provenance.items()))
        return "\n".join(parts) + "\n"

    def to_dict(self) -> dict[str, Any]:
        return {"title": self.title, "provenance": dict(self.provenance), **self.values}

    def write(self, folder: Path) -> None:
        """Write README.md, numbers.json and the pictures, each whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in self.pictures.items():
            save = partial(figure.savefig, format="png", metadata={"Software": None})
            write_atomically(folder / f"{name}.png", save)
        numbers = json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
        for name, text in ((NUMBERS, numbers), (PAGE, self.to_markdown())):
            write_atomically(folder / name, partial(_write_text, text))


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def provenance_of(command: str, model: str, **settings: Any) -> dict[str, Any]:
    """The command, the hash of the model's weights, the settings and what computed.

    Other versions, and other numbers of threads, round differently.
    """
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
    versions = [f"{name} {version(name)}" for name in _PACKAGES]
    return {
        "versions": ", ".join([*versions, f"Python {platform.python_version()}"]),
        "threads": torch.get_num_threads(),
    }


def hash_of_weights(folder: Path) -> str:
    """SHA-256 of the weights of a checkpoint folder, its files one after another by name."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
