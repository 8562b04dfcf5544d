"""`amadeus corpus stats`: statistics of a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table

if TYPE_CHECKING:
    from amadeus.corpus.statistics import Size, Statistics

MAX_SHOWN = 8
EXAMPLES = options.examples(
    "amadeus corpus stats shards",
    "amadeus corpus stats shards --out docs/corpus",
)


def stats(
    shards: Annotated[Path, typer.Argument(metavar="SHARDS", help="Folder of token shards.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Also write the corpus card, its numbers and its figures here."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Print statistics of a corpus: sizes, licences, instruments, keys, lengths, captions."""
    from amadeus.corpus.card import write_card
    from amadeus.corpus.statistics import measure_corpus

    statistics = measure_corpus(shards)
    if out is not None:
        write_card(shards, out)
    if as_json:
        print_json(statistics.to_dict())
    else:
        _print(statistics)
        if out is not None:
            typer.echo(f"\n{out / 'README.md'}, with numbers and figures in the same folder")


def _print(statistics: Statistics) -> None:
    _print_sizes("split", {"all": statistics.size} | statistics.sizes("split"))
    _print_sizes("licence class", statistics.sizes("licence_class"))
    _print_sizes("corpus", statistics.sizes("corpus"))
    print_table(_frequencies(statistics))
    typer.echo()
    print_table(_percentiles(statistics))
    captions = statistics.captions
    typer.echo(
        f"\n{captions.count:,} captions of {captions.mean_words:.1f} words, "
        f"{captions.distinct_share:.0%} of them different"
    )
    if statistics.skipped:
        typer.echo(f"{sum(statistics.skipped.values()):,} files skipped:")
        print_table((f"{count:>9,}", reason) for reason, count in statistics.skipped.items())


def _print_sizes(title: str, sizes: dict[str, Size]) -> None:
    rows = (
        (name, f"{size.pieces:>9,}", f"{size.notes:>12,}", f"{size.hours:>8,.1f}")
        for name, size in sizes.items()
    )
    print_table([(title, "   pieces", "       notes", "   hours"), *rows])
    typer.echo()


def _frequencies(statistics: Statistics) -> Iterator[tuple[str, str]]:
    """The most frequent values of each categorical property."""
    from amadeus.corpus.statistics import WORDS

    for name, counts in statistics.words.items():
        shown = [f"{value} {count:,}" for value, count in list(counts.items())[:MAX_SHOWN]]
        yield WORDS[name], ", ".join(shown) or "none"


def _percentiles(statistics: Statistics) -> Iterator[tuple[str, ...]]:
    """Percentiles of each numeric property."""
    known = [histogram for histogram in statistics.numbers.values() if histogram.known]
    yield "percentiles", *(f"{f'{percent} %':>8}" for percent in known[0].percentiles)
    for histogram in known:
        yield histogram.label, *(f"{value:>8,g}" for value in histogram.percentiles.values())
