"""`amadeus corpus profiles`: builds the catalogue of profiles that completes prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, progress_bar
from amadeus.errors import ConfigError

EXAMPLES = options.examples(
    "amadeus corpus profiles shards --output profiles.npz",
    "amadeus corpus profiles shards --pieces 8000 --bars 32 --output profiles.npz",
)


def profiles(
    shards: Annotated[Path, typer.Argument(metavar="SHARDS", help="Folder of token shards.")],
    output: Annotated[Path, typer.Option(help="The file to write.")],
    pieces: Annotated[
        int, typer.Option(min=2, help="Maximum number of training pieces, sampled evenly.")
    ] = 6000,
    bars: Annotated[int, typer.Option(min=2, help="Bars at the start of each piece.")] = 16,
    as_json: options.Json = False,
) -> None:
    """Measure the profiles of training pieces, from which new pieces take missing values."""
    import numpy as np

    from amadeus.corpus.dataset import profile_of_excerpt
    from amadeus.corpus.shards import Shards
    from amadeus.evaluation.openings import first_bars
    from amadeus.files import write_atomically
    from amadeus.profile.catalogue import CATALOGUE_ENCODER, catalogue_of
    from amadeus.text.encoder import load_prompt_encoder
    from amadeus.text.facts import Facts

    corpus = Shards(shards, "train")
    chosen = np.unique(np.linspace(0, len(corpus) - 1, min(pieces, len(corpus))).astype(int))
    profiles = []
    with progress_bar("Measuring profiles", len(chosen)) as update:
        for done, index in enumerate(chosen.tolist()):
            update(done)
            rows = first_bars(corpus.tokens(index), bars)
            facts = Facts.from_dict(corpus.pieces[index].facts)
            if rows is not None and not facts.performed:
                profiles.append(profile_of_excerpt(rows, facts, bars))
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
