"""`amadeus corpus build`: MIDI files to token shards."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar

if TYPE_CHECKING:
    from amadeus.corpus.build import Tokenise

EXAMPLES = options.examples(
    "amadeus corpus build ~/midi --out midi-shards",
    "amadeus corpus build songs.zip more.tar.xz --out labelled --manifest labels.csv --workers 8",
    "amadeus corpus build ~/midi --out open --manifest labels.csv --licence open --licence nc",
)


def build(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT...",
            help="Folders, archives (.zip, .tar, .tar.gz, .tar.xz), MIDI files, and lists of MIDI "
            "files (.txt, one path a line).",
        ),
    ],
    out: Annotated[Path, typer.Option(help="New folder for the shards.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Table with the column file, and any of title, composer_or_artist, labels, "
            "licence, licence_class, performed and split.",
        ),
    ] = None,
    licence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="Keep only this licence class of the manifest: open, nc, stated or unclear. "
            "Can be repeated.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Read the files on this Ray cluster: auto is the one that this machine is in, "
            "local starts one here. Same shards.",
        ),
    ] = None,
    keep_performed: Annotated[
        bool, typer.Option("--keep-performed", help="Keep pieces played against no beat.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Turn MIDI files into token shards for training, without duplicates.

    Files that cannot be used are counted by reason; they never stop it. A build that was stopped
    goes on where it was when the same command is given again.
    """
    from amadeus.corpus.build import build_corpus
    from amadeus.corpus.card import write_card
    from amadeus.corpus.filters import Filters

    filters = Filters(keep_performed=keep_performed, **options.given(licences=_tuple(licence)))
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    try:
        with progress_bar("Reading files") as update:
            report = build_corpus(
                inputs,
                out,
                manifest=manifest,
                filters=filters,
                workers=workers,
                tokenise=_on_ray(ray, workers) if ray else None,
                on_progress=lambda done, total: update(done, total=total),
                describe=write_card,
            )
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from here", err=True)
        raise
    skipped = dict(report.skipped.most_common())
    if as_json:
        counts = {"pieces": report.pieces, "rows": report.rows, "skipped": skipped}
        print_json({"shards": str(out), **counts})
        return
    typer.echo(f"{out}: {report.pieces:,} pieces, {report.rows:,} rows")
    if skipped:
        typer.echo(f"{report.skipped.total():,} files skipped (each is in {out / 'skipped.csv'}):")
        print_table((f"{count:>9,}", reason) for reason, count in skipped.items())


def _on_ray(address: str, workers: int) -> Tokenise:
    from amadeus.corpus.ray_build import write_chunks_on_ray

    return partial(write_chunks_on_ray, address=address, workers=workers)


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return tuple(values) if values else None
