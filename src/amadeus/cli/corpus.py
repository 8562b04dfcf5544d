"""`amadeus corpus build`: folders of MIDI files to token shards."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar
from amadeus.errors import CorpusError

EXAMPLES = options.examples(
    "amadeus corpus build ~/midi --out shards",
    "amadeus corpus build ~/midi ~/more --out shards --manifest labels.csv --workers 8",
)


def build(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders with MIDI files.")
    ],
    out: Annotated[Path, typer.Option(help="New folder for the shards.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Table with columns file, labels, composer_or_artist, performed and split.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    keep_performed: Annotated[
        bool, typer.Option("--keep-performed", help="Keep pieces played against no beat.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Turn folders of MIDI files into token shards for training.

    Files that cannot be used are counted by reason; they never stop it.
    """
    from amadeus.corpus.build import build_corpus

    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise CorpusError(f"{out} exists already; choose a new folder for the shards")
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    # Built beside its place and moved there: a corpus is there whole or not at all.
    unfinished = out.absolute().with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        with _workers_keep_calm(), progress_bar("Reading files") as update:
            report = build_corpus(
                folders,
                unfinished,
                manifest=manifest,
                keep_performed=keep_performed,
                workers=workers,
                on_file=lambda done, total: update(done, total=total),
            )
        skipped = dict(report.skipped.most_common())
        if not report.pieces:
            reasons = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
            raise CorpusError(f"no file could be used ({reasons}); give other folders")
        unfinished.replace(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    if as_json:
        counts = {"pieces": report.pieces, "rows": report.rows, "skipped": skipped}
        print_json({"shards": str(out), **counts})
        return
    typer.echo(f"{out}: {report.pieces:,} pieces, {report.rows:,} rows")
    if skipped:
        typer.echo(f"{report.skipped.total():,} files skipped:")
        print_table((f"{count:>9,}", reason) for reason, count in skipped.items())


@contextmanager
def _workers_keep_calm() -> Iterator[None]:
    """Let Ctrl-C stop this process alone: a pool waits for ever for workers that it stopped."""
    main = os.getpid()

    def interrupt(*_: Any) -> None:
        if os.getpid() == main:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
