"""`amadeus corpus pack` and `unpack`: split shards into parts, for transfer to another machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar

PACK_EXAMPLES = options.examples("amadeus corpus pack shards --out parts --megabytes 45")
UNPACK_EXAMPLES = options.examples("amadeus corpus unpack parts/part-* --out unpacked")


def pack(
    shards: Annotated[Path, typer.Argument(metavar="SHARDS", help="Folder of token shards.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder for part-0, part-1, ...")],
    megabytes: Annotated[int, typer.Option(min=1, help="Maximum size of a part, in MB.")] = 45,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes.")] = os.cpu_count() or 1,
) -> None:
    """Compress shards into parts of limited size."""
    from amadeus.corpus.packing import pack as pack_shards

    with progress_bar("Compressing") as update:
        parts = pack_shards(
            shards,
            out,
            megabytes * 10**6,
            workers=workers,
            on_file=lambda done, total: update(done, total=total),
        )
    for part in parts:
        size = sum(path.stat().st_size for path in part.iterdir())
        typer.echo(f"{part}: {size / 1e6:.1f} MB")


def unpack(
    parts: Annotated[
        list[Path],
        typer.Argument(
            metavar="PART...", help="All parts of the shards.", exists=True, file_okay=False
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="SHARDS", help="New folder for the shards.")],
) -> None:
    """Restore shards from the parts written by `amadeus corpus pack`."""
    from amadeus.corpus.packing import unpack as unpack_shards

    typer.echo(f"{out}: {unpack_shards(parts, out):,} pieces")
