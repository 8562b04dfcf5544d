"""`amadeus evaluate`: how well a model follows prompts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar
from amadeus.files import write_atomically

EXAMPLES = options.examples(
    "amadeus evaluate prompts.jsonl --seeds 3",
    "amadeus evaluate prompts.jsonl --guidance 2 --bars 8 --output report",
)


def evaluate(
    prompts: Annotated[
        Path,
        typer.Argument(
            metavar="PROMPTS.jsonl",
            help='One a line: {"prompt": ..., "labels": {"tempo": 120, "key": "A minor", ...}}.',
        ),
    ],
    seeds: Annotated[int, typer.Option(min=1, help="Pieces per prompt.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="The first piece's seed.")] = 0,
    bars: Annotated[
        int | None, typer.Option(min=1, help="Length of every piece; the prompt's, or 16.")
    ] = None,
    notes: options.Notes = None,
    guidance: options.Guidance = None,
    model: options.Model = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the table, the numbers and every piece."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Compose from labelled prompts and tell how often the music is what they ask for.

    Every piece is composed twice, with what its prompt states as constraints and by the model
    alone. The pieces by the model alone are also measured against the other prompts' labels: that
    is what it reaches without listening.
    """
    from amadeus.evaluation.prompted import follow_prompts
    from amadeus.inference.composer import load_model
    from amadeus.music.midi import write_midi
    from amadeus.text.prompt_list import read_prompts

    labelled = read_prompts(prompts)
    composer = load_model(**options.given(name=model))
    with progress_bar("Composing rows") as update:
        result = follow_prompts(
            composer,
            labelled,
            seeds=seeds,
            seed=seed,
            bars=bars,
            notes=notes,
            progress=lambda _, rows: update(rows),
            **options.given(guidance=guidance),
        )
    columns = result.columns()
    values = {
        "pieces": len(result.wanted),
        "prompts": len(labelled),
        "means": {
            column: {name: {"mean": m, "pieces": n} for name, (m, n) in means.items()}
            for column, means in columns.items()
        },
    }
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        _write_text(output / "alignment.md", result.to_markdown())
        _write_text(output / "alignment.json", json.dumps(values, indent=2) + "\n")
        for kind, pieces in (("on", result.constrained), ("off", result.free)):
            for piece in pieces:
                write_midi(piece.score, output / f"{piece.seed}-constraints-{kind}.mid")
    if as_json:
        print_json(values)
        return
    rows = [
        (name, *(f"{100 * means[name][0]:.1f}" for means in columns.values()), str(first[1]))
        for name, first in next(iter(columns.values())).items()
    ]
    typer.echo(f"{len(result.wanted)} pieces from {len(labelled)} prompts; percent:")
    print_table([("", *columns, "pieces"), *rows])


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda p: p.write_text(text, encoding="utf-8"))
