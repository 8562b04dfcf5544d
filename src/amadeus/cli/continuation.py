"""`amadeus continue`: appends new bars to a piece."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_unknown, progress_bar

EXAMPLES = options.examples(
    "amadeus continue song.mid --bars 8 --output longer.mid",
    'amadeus continue song.mid --constraint "key: A minor" --output longer.mid',
    "amadeus continue song.mid --from-bar 5 --output other-ending.mid",
    "amadeus continue song.mid --bars 16 --seed 3 --output longer.mid --audio longer.wav",
)


@options.with_sampling
def continue_(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The piece to continue.")],
    output: Annotated[Path, typer.Option(help="MIDI file for the whole piece.")],
    bars: Annotated[int, typer.Option(min=1, help="Number of bars to add.")] = 8,
    from_bar: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="The first new bar; notes from there on are replaced. By default, new bars come "
            "after the last bar that sounds or that the file has.",
        ),
    ] = None,
    notes: options.Notes = None,
    effort: options.Effort = None,
    tries: options.Tries = None,
    constraint: options.Constraint = None,
    prompt: options.Prompt = "",
    prompt_constraints: options.PromptConstraints = True,
    guidance: options.Guidance = None,
    seed: options.Seed = None,
    sampling: options.Sampling = {},  # noqa: B006
    model: options.Model = None,
    device: options.Device = None,
    audio: options.Audio = None,
    soundfont: options.SoundFont = None,
    picture: options.Picture = None,
    musicxml: options.MusicXML = None,
    sheet: options.Sheet = None,
    no_limits: options.NoLimits = False,
    as_json: options.Json = False,
) -> None:
    """Continue a piece; its existing notes stay as they are.

    New bars come after the last bar that sounds or that the file has, or, with --from-bar, in place
    of the bars from there on.
    """
    from amadeus.cli.outputs import (
        check_soundfont,
        plan_outputs,
        read_to_write,
        sentence,
        summarize,
    )
    from amadeus.control import Constraints
    from amadeus.text.prompt import parse_prompt

    limits = options.limits(no_limits)
    score = read_to_write(source, limits)
    (plan,) = plan_outputs(
        [source.stem], midi=output, audio=audio, picture=picture, musicxml=musicxml, sheet=sheet
    )
    check_soundfont(soundfont, audio is not None, limits)
    seed = options.draw_seed() if seed is None else seed
    if prompt_constraints:
        print_unknown(map(str, parse_prompt(prompt).unknown))

    from amadeus.inference.composer import load_model

    composer = load_model(**options.given(name=model, device=device), words=bool(prompt))
    with progress_bar("Composing bars", bars) as update:
        score = composer.continue_score(
            score,
            bars=bars,
            from_bar=from_bar,
            seed=seed,
            prompt=prompt,
            prompt_constraints=prompt_constraints,
            constraints=Constraints(*(constraint or ())),
            progress=lambda bars_done, _: update(bars_done),
            **options.given(notes=notes, guidance=guidance, tries=effort or tries, **sampling),
        )
    plan.write(
        score, title=f"{source.stem}, continued by Amadeus", limits=limits, soundfont=soundfont
    )
    summary = summarize(score)
    if as_json:
        print_json({"seed": seed, **plan.to_dict(), **summary})
    else:
        typer.echo(f"{plan}: {sentence(summary)}, seed {seed}")
