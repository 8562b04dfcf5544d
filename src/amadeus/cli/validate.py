"""`amadeus validate`: measures how well a model predicts music it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import Update, print_json, print_table, progress_bar
from amadeus.errors import CorpusError

if TYPE_CHECKING:
    from amadeus.corpus.dataset import Batch, Tokenizer
    from amadeus.model import Amadeus
    from amadeus.training.validation import EncodeText, Nats

EXAMPLES = options.examples(
    "amadeus validate",
    "amadeus validate --captions shuffled --rows 64",
    "amadeus validate --model runs/small --shards shards --by-corpus --pieces 32",
)
BATCH_SIZE = 16


class Captions(str, Enum):
    """Which caption or profile the model gets for each piece."""

    none = "none"
    right = "right"
    shuffled = "shuffled"


def validate(
    model: options.Model = None,
    shards: Annotated[
        Path | None,
        typer.Option(help="Folder of token shards; by default, the packaged pieces."),
    ] = None,
    pieces: Annotated[
        int, typer.Option(min=1, help="Maximum number of pieces, sampled evenly.")
    ] = 512,
    rows: Annotated[
        int | None,
        typer.Option(min=2, help="Rows of each piece; by default, the model's context length."),
    ] = None,
    captions: Annotated[
        Captions, typer.Option(help="Condition on each piece's caption, another piece's, or none.")
    ] = Captions.none,
    profiles: Annotated[
        Captions,
        typer.Option(help="Condition on each piece's profile, another piece's, or none."),
    ] = Captions.none,
    by_corpus: Annotated[
        bool, typer.Option("--by-corpus", help="Evaluate each corpus separately.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Print nats per note on validation pieces, in total and per attribute; lower is better."""
    from amadeus.corpus.dataset import Openings
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
    from amadeus.model.checkpoint import load_checkpoint
    from amadeus.model.packaged import DEFAULT_MODEL, find_checkpoint

    folder = PACKAGED_VALIDATION if shards is None else shards
    held_out = Shards(folder, "validation")
    if not len(held_out):
        raise CorpusError(f"{folder} contains no validation pieces; choose another folder")
    network = load_checkpoint(find_checkpoint(model or DEFAULT_MODEL))
    tokenizer, encode_text = _text(network, captions)
    names = sorted(set(held_out.sources())) if by_corpus else [""]
    length = rows or network.config.context
    openings = {
        name: Openings(
            held_out,
            length,
            BATCH_SIZE,
            tokenizer,
            pieces,
            name,
            profile=profiles is not Captions.none,
        )
        for name in names
    }
    results: dict[str, Nats] = {}
    with progress_bar("Batches", sum(map(len, openings.values()))) as update:
        done = 0
        for name, batches in openings.items():
            shuffled = (_shuffled(batch, captions, profiles) for batch in batches)
            results[name] = _measure(network, _counted(shuffled, update, done), encode_text)
            done += len(batches)
    counts = {name: len(batches.chosen) for name, batches in openings.items()}
    if as_json:
        values = [
            {
                **({"corpus": name} if by_corpus else {}),
                "nats_per_note": nats.per_note,
                "nats_per_attribute": nats.per_attribute,
                "pieces": counts[name],
                "rows": nats.rows,
            }
            for name, nats in results.items()
        ]
        print_json(values if by_corpus else values[0])
        return
    if by_corpus:
        print_table(
            [("corpus", "pieces", "rows", "nats per note")]
            + [
                (name, f"{counts[name]:,}", f"{nats.rows:,}", f"{nats.per_note:.4f}")
                for name, nats in results.items()
            ]
        )
        return
    nats = results[""]
    typer.echo(f"{counts['']:,} pieces, {nats.rows:,} rows; nats per note:")
    table = [(name, f"{value:.4f}") for name, value in nats.per_attribute.items()]
    print_table([*table, ("total", f"{nats.per_note:.4f}")])


def _text(network: Amadeus, captions: Captions) -> tuple[Tokenizer | None, EncodeText | None]:
    if captions is Captions.none:
        return None, None
    from amadeus.text.pretrained import CaptionTokenizer, TextEncoder, find_encoder

    folder = find_encoder(network.config.text_encoder)
    return CaptionTokenizer(folder, network.config.max_text), TextEncoder(folder)


def _shuffled(batch: Batch, captions: Captions, profiles: Captions) -> Batch:
    """The batch, with captions or profiles shifted to the next piece if they are shuffled."""
    if captions is Captions.shuffled:
        batch = batch._replace(
            text_ids=batch.text_ids.roll(1, 0), text_lengths=batch.text_lengths.roll(1, 0)
        )
    if profiles is Captions.shuffled:
        batch = batch._replace(
            profile=batch.profile.roll(1, 0), profile_lengths=batch.profile_lengths.roll(1, 0)
        )
    return batch


def _counted(batches: Iterator[Batch], update: Update, done: int) -> Iterator[Batch]:
    for number, batch in enumerate(batches, start=1):
        yield batch
        update(done + number)


def _measure(network: Amadeus, batches: Iterator[Batch], encode_text: EncodeText | None) -> Nats:
    import torch

    from amadeus.training.loss import Objective
    from amadeus.training.validation import validate as measure

    return measure(Objective(network), batches, encode_text, torch.device("cpu"))
