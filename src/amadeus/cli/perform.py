"""`amadeus perform`: makes a written piece sound played."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json
from amadeus.performer.styles import STYLES

EXAMPLES = f"[bold]Styles[/bold]: {', '.join(STYLES)}\n\n" + options.examples(
    "amadeus perform song.mid --output played.mid",
    "amadeus perform song.mid --amount 0.5 --style romantic --output played.mid",
    'amadeus perform song.mid --style "swing, laid back" --output played.mid --audio played.wav',
    "amadeus perform song.mid --keep velocity,pedal --output played.mid",
    "amadeus perform song.mid --keep all --swing 62% --output swung.mid  (swing and nothing else)",
    "amadeus perform song.mid --groove sonata.mid --output played.mid",
)


def perform(
    source: Annotated[
        Path, typer.Argument(metavar="IN.mid", help="MIDI, MusicXML, MEI, kern or ABC file.")
    ],
    output: Annotated[Path, typer.Option(help="MIDI file for the performance.")],
    amount: Annotated[
        float, typer.Option(help="0 for the piece as written, 1 for the whole performance.")
    ] = 1.0,
    style: Annotated[
        str,
        typer.Option(
            metavar="A,B", help='Styles, such as "swing, laid back" or "romantic"; see below.'
        ),
    ] = "",
    keep: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="What stays as written: velocity, timing, articulation, pedal, tempo, all of "
            "these (all), or the velocity of notes that stand out (accents).",
        ),
    ] = "",
    swing: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT",
            help="Share of the first eighth in a pair: 50% is straight, 62% or 'triplet' swings; "
            "'58% sixteenths' swings sixteenths.",
        ),
    ] = None,
    groove: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Take the timing and the accents from this file, by position in the bar.",
        ),
    ] = None,
    variation: Annotated[
        float | None,
        typer.Option(help="0 for the most expected performance, 1 for a random one, by --seed."),
    ] = None,
    seed: options.Seed = None,
    audio: options.Audio = None,
    soundfont: options.SoundFont = None,
    picture: options.Picture = None,
    no_limits: options.NoLimits = False,
    as_json: options.Json = False,
) -> None:
    """Make a written piece sound played: dynamics, timing, articulation, pedal and rubato.

    No note is added, lost or moved past another. Sheet music of a performance is hard to read, so
    `amadeus render` draws it from the written file.
    """
    from amadeus.cli.outputs import (
        check_soundfont,
        plan_outputs,
        read_to_write,
        read_with_notices,
        sentence,
        summarize,
    )
    from amadeus.performer import performing

    limits = options.limits(no_limits)
    seed = options.draw_seed() if seed is None else seed
    settings = performing.settings_of(
        amount=amount, style=style, keep=options.names(keep), swing=swing, seed=seed,
        **options.given(variation=variation),
    )  # fmt: skip
    score = read_to_write(source, limits)
    if groove is not None:
        settings = performing.with_groove(settings, read_with_notices(groove, limits))
    (plan,) = plan_outputs([source.stem], midi=output, audio=audio, picture=picture)
    check_soundfont(soundfont, audio is not None, limits)
    played = performing.perform_with(score, settings)
    plan.write(
        played, title=f"{source.stem}, performed by Amadeus", limits=limits, soundfont=soundfont
    )
    summary = summarize(played)
    if as_json:
        print_json({"seed": seed, "amount": amount, **plan.to_dict(), **summary})
    else:
        typer.echo(f"{plan}: {sentence(summary)}, seed {seed}")
