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
    'amadeus generate --prompt "a slow piano waltz in A minor, 24 bars"',
    "amadeus generate --count 8 --temperature 0.9",
)


def generate(
    prompt: Annotated[
        str, typer.Option(help="What to compose, in words; what they state exactly holds.")
    ] = "",
    prompt_constraints: Annotated[
        bool,
        typer.Option(
            "--prompt-constraints/--no-prompt-constraints",
            help="Hold the music to the tempo, key, metre, instruments and bars of the prompt.",
        ),
    ] = True,
    bars: Annotated[
        int | None,
        typer.Option(
            min=1, help="Length in bars; the prompt's, or 16, if neither it nor --notes is given."
        ),
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
    from amadeus.text.prompt import PromptFacts, describe, parse_prompt

    facts = parse_prompt(prompt) if prompt_constraints else PromptFacts()
    understood = [{"label": label, "value": value} for label, value, _ in describe(facts)]
    if understood and not as_json:
        typer.echo("understood: " + ", ".join("{label} {value}".format(**u) for u in understood))
    seed = options.draw_seed() if seed is None else seed
    stems = [f"amadeus-{seed + i}" for i in range(count)]
    plans = plan_outputs(stems, midi=output, audio=audio, picture=picture)

    from amadeus.inference.composer import length_in_bars, load_model

    composer = load_model(**options.given(name=model))
    length = length_in_bars(facts, bars, notes)
    unit, total = ("bars", length) if length else ("notes", notes or 0)
    with progress_bar(f"Composing {unit}", count * total) as update:
        scores = composer.generate_many(
            count,
            prompt,
            bars=length,
            notes=notes,
            seed=seed,
            prompt_constraints=prompt_constraints,
            progress=lambda bars_done, rows: update(bars_done if length else rows),
            **options.given(steps=steps, temperature=temperature, top_p=top_p, order=order),
        )
    pieces = []
    for i, (score, plan) in enumerate(zip(scores, plans, strict=True)):
        plan.write(score, title=f"Amadeus, seed {seed + i}")
        pieces.append({"seed": seed + i, **plan.to_dict(), **summarize(score)})
        if not as_json:
            typer.echo(f"{plan}: {sentence(pieces[-1])}, seed {seed + i}")
    if as_json:
        print_json({"understood": understood, "pieces": pieces})
