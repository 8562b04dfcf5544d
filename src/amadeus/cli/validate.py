"""`amadeus validate`: how well a model predicts music that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar
from amadeus.errors import CorpusError

if TYPE_CHECKING:
    from amadeus.corpus.dataset import Batch

EXAMPLES = options.examples(
    "amadeus validate",
    "amadeus validate --model runs/small --shards shards --pieces 100",
)
BATCH_SIZE = 16


def validate(
    model: options.Model = None,
    shards: Annotated[
        Path | None,
        typer.Option(help="Shard folder; the open pieces that come with the package if left out."),
    ] = None,
    pieces: Annotated[
        int, typer.Option(min=1, help="Most pieces to look at, spread over the folder.")
    ] = 512,
    as_json: options.Json = False,
) -> None:
    """Print nats per note of validation pieces, in total and per attribute: less is better."""
    import torch

    from amadeus.corpus.dataset import Openings
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
    from amadeus.inference.composer import load_model
    from amadeus.training.loss import Objective
    from amadeus.training.validation import validate as measure

    folder = PACKAGED_VALIDATION if shards is None else shards
    held_out = Shards(folder, "validation")
    if not len(held_out):
        raise CorpusError(f"{folder} holds no validation pieces; give another folder")
    network = load_model(**options.given(name=model)).model
    openings = Openings(held_out, network.config.context, BATCH_SIZE, None, pieces)
    with progress_bar("Batches", len(openings)) as update:

        def batches() -> Iterator[Batch]:
            for number in range(len(openings)):
                yield openings[number]
                update(number + 1)

        nats = measure(Objective(network), batches(), None, torch.device("cpu"))
    looked_at = min(pieces, len(held_out))
    if as_json:
        print_json({
            "nats_per_note": nats.per_note,
            "nats_per_attribute": nats.per_attribute,
            "pieces": looked_at,
            "rows": nats.rows,
        })  # fmt: skip
        return
    rows = [(name, f"{value:.4f}") for name, value in nats.per_attribute.items()]
    typer.echo(f"{looked_at:,} pieces, {nats.rows:,} rows; nats per note:")
    print_table([*rows, ("total", f"{nats.per_note:.4f}")])
