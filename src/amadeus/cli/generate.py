"""`amadeus generate`: new pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, progress_bar

EXAMPLES = options.examples(
    "amadeus generate",
    "amadeus generate --bars 32 --seed 7 --output piece.mid --audio piece.wav --picture piece.png",
    "amadeus generate --count 8 --temperature 0.9",
)


def generate(
    bars: Annotated[
        int | None,
        typer.Option(min=1, help="Length in bars; 16 if neither it nor --notes is given."),
    ] = None,
    notes: options.Notes = None,
    seed: options.Seed = None,
    steps: options.Steps = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    order: options.Order = None,
    count: Annotated[
        int, typer.Option(min=1, help="Number of pieces; piece i has seed + i, and its own files.")
    ] = 1,
    model: options.Model = None,
    output: Annotated[
        Path, typer.Option(help="MIDI file, or a folder for amadeus-SEED.mid.")
    ] = Path("outputs"),
    audio: options.Audio = None,
    picture: options.Picture = None,
    as_json: options.Json = False,
) -> None:
    """Compose new pieces."""
    from amadeus.cli.outputs import plan_outputs, sentence, summarize

    seed = options.draw_seed() if seed is None else seed
    bars = 16 if bars is None and notes is None else bars
    stems = [f"amadeus-{seed + i}" for i in range(count)]
    plans = plan_outputs(stems, midi=output, audio=audio, picture=picture)

    from amadeus.inference.composer import load_model

    composer = load_model(**options.given(name=model))
    unit, length = ("bars", bars) if bars else ("notes", notes or 0)
    with progress_bar(f"Composing {unit}", count * length) as update:
        composed = composer.generate(
            bars=bars,
            notes=notes,
            seed=seed,
            count=count,
            progress=lambda bars_done, rows: update(bars_done if bars else rows),
            **options.given(steps=steps, temperature=temperature, top_p=top_p, order=order),
        )
    scores = composed if isinstance(composed, list) else [composed]
    pieces = []
    for i, (score, plan) in enumerate(zip(scores, plans, strict=True)):
        plan.write(score, title=f"Amadeus, seed {seed + i}")
        pieces.append({"seed": seed + i, **plan.to_dict(), **summarize(score)})
        if not as_json:
            typer.echo(f"{plan}: {sentence(pieces[-1])}, seed {seed + i}")
    if as_json:
        print_json({"pieces": pieces})
