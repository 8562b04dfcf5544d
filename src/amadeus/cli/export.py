"""`amadeus export`: exports the weights of a run without its training state."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.errors import CheckpointError

EXAMPLES = options.examples(
    "amadeus export runs/small --out amadeus-small",
    "amadeus export runs/small --out weights --megabytes 15",
)


class Precision(str, Enum):
    """Data type of the stored weights; computation uses float32."""

    float16 = "float16"
    float32 = "float32"


def export(
    checkpoint: Annotated[str, typer.Argument(metavar="NAME|DIR", help="Checkpoint to export.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder.")],
    precision: Annotated[
        Precision, typer.Option(help="Data type of the weights.")
    ] = Precision.float16,
    megabytes: Annotated[
        int | None,
        typer.Option(min=1, help="Split the weights into files of at most this many 10^6 bytes."),
    ] = None,
) -> None:
    """Copy a checkpoint, with smaller weights or split into several files."""
    import torch

    from amadeus.model.checkpoint import load_checkpoint, save_checkpoint
    from amadeus.model.checkpoint_files import read_config
    from amadeus.model.packaged import find_checkpoint

    folder = find_checkpoint(checkpoint)
    if out.exists() and any(out.iterdir()):
        raise CheckpointError(f"{out} is not empty; choose a new folder")
    model = load_checkpoint(folder)
    dtype = getattr(torch, precision.value)
    most = None if megabytes is None else megabytes * 10**6
    notes = read_config(folder).get("notes", {})
    save_checkpoint(model, out, dtype=dtype, file_bytes=most, **notes)
    for path in sorted(out.iterdir()):
        typer.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
