"""`amadeus corpus openings` and `profiles`: measure the first bars of training pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from amadeus.inference.typicality import Typicality

OPENINGS_EXAMPLES = options.examples(
    "amadeus corpus openings shards",
    "amadeus corpus openings shards --pieces 8000 --compose 1000 --output typicality.json",
)
PROFILES_EXAMPLES = options.examples(
    "amadeus corpus profiles shards --output profiles.npz",
    "amadeus corpus profiles shards --pieces 8000 --bars 32 --output profiles.npz",
)


def openings(
    shards: Annotated[Path, typer.Argument(metavar="SHARDS", help="Folder of token shards.")],
    pieces: Annotated[
        int, typer.Option(min=2, help="Most pieces to measure, sampled evenly.")
    ] = 4000,
    bars: Annotated[int, typer.Option(min=1, help="Bars of each piece.")] = 2,
    compose: Annotated[
        int,
        typer.Option(
            min=0,
            help="Also compose and measure this many pieces with the packaged model, by number of "
            "parts.",
        ),
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the statistics that rank candidates to this JSON file."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Measure the first bars of training pieces, to rank candidate openings of new pieces."""
    from amadeus.files import write_text
    from amadeus.inference.typicality import Typicality

    openings = [rows for rows, _ in _first_bars(shards, pieces, bars)]
    typicality = Typicality.of(openings, bars, _composed(compose, bars))
    if output is not None:
        text = json.dumps(typicality.to_dict(), separators=(",", ":"))
        write_text(output, text + "\n")
    if as_json:
        print_json(typicality.to_dict())
        return
    print_table(_rows(typicality))
    typer.echo(f"\n{typicality.pieces:,} openings of {bars} bars")


def _composed(pieces: int, bars: int) -> list[np.ndarray]:
    """Openings that the packaged model composes without a prompt."""
    from amadeus.evaluation.openings import first_bars
    from amadeus.inference.composer import load_model
    from amadeus.tokens import encode

    if not pieces:
        return []
    with progress_bar("Composing bars", pieces * bars) as update:
        scores = load_model(words=False).generate_many(
            [""] * pieces, bars=bars, tries=1, progress=lambda done, _: update(done)
        )
    openings = (first_bars(encode(score), bars) for score in scores)
    return [rows for rows in openings if rows is not None]


def _rows(typicality: Typicality) -> Iterator[tuple[str, ...]]:
    yield "feature", "5 %", "half", "95 %"
    for name, levels in typicality.quantiles.items():
        yield name, *(f"{levels[(len(levels) - 1) * n // 100]:.2f}" for n in (5, 50, 95))


def profiles(
    shards: Annotated[Path, typer.Argument(metavar="SHARDS", help="Folder of token shards.")],
    output: Annotated[Path, typer.Option(help="The file to write.")],
    pieces: Annotated[
        int, typer.Option(min=2, help="Most training pieces to measure, sampled evenly.")
    ] = 6000,
    bars: Annotated[int, typer.Option(min=2, help="Bars at the start of each piece.")] = 16,
    as_json: options.Json = False,
) -> None:
    """Measure the profiles of training pieces, from which new pieces take missing values."""
    from amadeus.corpus.dataset import profile_of_excerpt
    from amadeus.files import write_atomically
    from amadeus.profile.catalogue import CATALOGUE_ENCODER, catalogue_of
    from amadeus.text.encoder import load_prompt_encoder
    from amadeus.text.facts import Facts

    measured = [(rows, Facts.from_dict(facts)) for rows, facts in _first_bars(shards, pieces, bars)]
    profiles = [profile_of_excerpt(r, facts, bars) for r, facts in measured if not facts.performed]
    if not profiles:
        raise ConfigError(f"{shards}: no training piece has {bars} bars; choose fewer")
    encode = load_prompt_encoder(CATALOGUE_ENCODER, 64, 384)
    with progress_bar("Reading labels"):
        catalogue = catalogue_of(profiles, encode)
    write_atomically(output, catalogue.save)
    if as_json:
        print_json({"profiles": len(catalogue), "label_sets": len(catalogue.label_sets)})
        return
    typer.echo(
        f"{output}: {len(catalogue):,} profiles, {len(catalogue.label_sets):,} sets of labels"
    )


def _first_bars(shards: Path, pieces: int, bars: int) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """The first bars of at most `pieces` training pieces, sampled evenly, and their facts.

    Raises ConfigError if no piece is long enough.
    """
    import numpy as np

    from amadeus.corpus.shards import Shards
    from amadeus.evaluation.openings import first_bars

    corpus = Shards(shards, "train")
    chosen = np.unique(np.linspace(0, len(corpus) - 1, min(pieces, len(corpus))).astype(int))
    openings = []
    with progress_bar("Reading pieces", len(chosen)) as update:
        for done, index in enumerate(chosen.tolist()):
            update(done)
            if (rows := first_bars(corpus.tokens(index), bars)) is not None:
                openings.append((rows, corpus.pieces[index].facts))
    if not openings:
        raise ConfigError(f"{shards}: no training piece has {bars} bars; choose fewer")
    return openings
