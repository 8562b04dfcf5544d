"""`amadeus validate`: how well a model predicts music that it has not seen."""

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
    """What the model is told of each piece."""

    none = "none"
    right = "right"
    shuffled = "shuffled"


def validate(
    model: options.Model = None,
    shards: Annotated[
        Path | None,
        typer.Option(help="Shard folder; the open pieces that come with the package if left out."),
    ] = None,
    pieces: Annotated[
        int, typer.Option(min=1, help="Most pieces to look at, spread over the folder.")
    ] = 512,
    rows: Annotated[
        int | None, typer.Option(min=2, help="Look at so many rows of each; the model's context.")
    ] = None,
    captions: Annotated[
        Captions, typer.Option(help="Give each piece its caption, another piece's, or none.")
    ] = Captions.none,
    profiles: Annotated[
        Captions,
        typer.Option(help="Give each piece its profile, another piece's, or none."),
    ] = Captions.none,
    by_corpus: Annotated[
        bool, typer.Option("--by-corpus", help="Each corpus by itself, with so many pieces.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Print nats per note of validation pieces, in total and per attribute: less is better."""
    from amadeus.corpus.dataset import Openings
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
    from amadeus.model.checkpoint import load_checkpoint
    from amadeus.model.packaged import DEFAULT_MODEL, find_checkpoint

    folder = PACKAGED_VALIDATION if shards is None else shards
    held_out = Shards(folder, "validation")
    if not len(held_out):
        raise CorpusError(f"{folder} holds no validation pieces; give another folder")
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
    found: dict[str, Nats] = {}
    with progress_bar("Batches", sum(map(len, openings.values()))) as update:
        done = 0
        for name, batches in openings.items():
            told = (_exchanged(batch, captions, profiles) for batch in batches)
            found[name] = _measure(network, _counted(told, update, done), encode_text)
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
            for name, nats in found.items()
        ]
        print_json(values if by_corpus else values[0])
        return
    if by_corpus:
        print_table(
            [("corpus", "pieces", "rows", "nats per note")]
            + [
                (name, f"{counts[name]:,}", f"{nats.rows:,}", f"{nats.per_note:.4f}")
                for name, nats in found.items()
            ]
        )
        return
    nats = found[""]
    typer.echo(f"{counts['']:,} pieces, {nats.rows:,} rows; nats per note:")
    table = [(name, f"{value:.4f}") for name, value in nats.per_attribute.items()]
    print_table([*table, ("total", f"{nats.per_note:.4f}")])


def _text(network: Amadeus, captions: Captions) -> tuple[Tokenizer | None, EncodeText | None]:
    if captions is Captions.none:
        return None, None
    from amadeus.text.pretrained import CaptionTokenizer, TextEncoder, find_encoder

    folder = find_encoder(network.config.text_encoder)
    return CaptionTokenizer(folder, network.config.max_text), TextEncoder(folder)


def _exchanged(batch: Batch, captions: Captions, profiles: Captions) -> Batch:
    """Every piece with its neighbour's caption or profile where they are to be shuffled."""
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
