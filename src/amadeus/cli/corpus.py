"""`amadeus corpus build`: converts MIDI files to token shards."""

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
            help="Folders, archives (.zip, .tar, .tar.gz, .tar.xz), MIDI files and lists of MIDI "
            "files (.txt, one path per line).",
        ),
    ],
    out: Annotated[Path, typer.Option(help="New folder for the shards.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Table with a column 'file' and any of title, composer_or_artist, labels, "
            "licence, licence_class, performed and split.",
        ),
    ] = None,
    licence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="Keep only pieces of this licence class: open, nc, stated or unclear; repeatable.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes.")] = os.cpu_count() or 1,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run on this Ray cluster: auto uses the cluster this machine belongs to, local "
            "starts one here. The shards are the same.",
        ),
    ] = None,
    keep_performed: Annotated[
        bool, typer.Option("--keep-performed", help="Keep performances without a steady beat.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Convert MIDI files to token shards for training, without duplicates.

    Files that cannot be used are skipped and counted by reason. Running the same command again
    resumes an interrupted build.
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
        typer.echo("stopped; run the same command again to resume", err=True)
        raise
    skipped = dict(report.skipped.most_common())
    if as_json:
        counts = {"pieces": report.pieces, "rows": report.rows, "skipped": skipped}
        print_json({"shards": str(out), **counts})
        return
    typer.echo(f"{out}: {report.pieces:,} pieces, {report.rows:,} rows")
    if skipped:
        typer.echo(f"{report.skipped.total():,} files skipped (listed in {out / 'skipped.csv'}):")
        print_table((f"{count:>9,}", reason) for reason, count in skipped.items())


def _on_ray(address: str, workers: int) -> Tokenise:
    from amadeus.corpus.ray_build import write_chunks_on_ray

    return partial(write_chunks_on_ray, address=address, workers=workers)


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return tuple(values) if values else None
