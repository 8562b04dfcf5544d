"""`amadeus edit`: rewrites part of a piece."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_explained, print_json, print_unknown, progress_bar
from amadeus.errors import ConfigError

EXAMPLES = options.examples(
    "amadeus edit song.mid --bars 9-12 --output new.mid",
    "amadeus edit song.mid --bars 9-12 --resample pitch,duration --keep rhythm --output new.mid",
    'amadeus edit song.mid --part piano --resample pitch --constraint "key: D dorian" '
    "--output new.mid",
    'amadeus edit song.mid --bars 5- --resample harmony,pitch --constraint "chords: Am F C G" '
    "--output new.mid",
    "amadeus edit song.mid --resample dynamics --output new.mid",
    "amadeus edit song.mid --resample orchestration --output new.mid",
    "amadeus edit song.mid --add bass --add drums --output new.mid",
    "amadeus edit song.mid --part piano --add guitar --output new.mid",
    "amadeus edit song.mid --vary 0.3 --output new.mid --explain",
    'amadeus edit song.mid --part flute --note "C5-C6 from 9:1 to 10:2" --output new.mid',
)


@options.with_sampling
def edit(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="The piece to change.")],
    output: Annotated[Path, typer.Option(help="MIDI file for the changed piece.")],
    bars: Annotated[
        str, typer.Option(metavar="A-B", help="Bars to change: 9-12, 4 or 9-; all by default.")
    ] = "",
    part: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An instrument to change; repeatable."),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An instrument to add; with --part, it replaces those parts. Repeatable.",
        ),
    ] = None,
    note: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NOTES",
            help="Notes to change, and no others: 'C4-G5', 'C4 for cello at 9:2.5' (bar 9, beat "
            "2.5), 'from 9:1 to 9:3'; repeatable.",
        ),
    ] = None,
    resample: Annotated[
        str,
        typer.Option(metavar="A,B", help="Attributes to resample, while the notes stay."),
    ] = "",
    keep: Annotated[
        str, typer.Option(metavar="A,B", help="Attributes to keep while the others are resampled.")
    ] = "",
    vary: Annotated[
        float | None, typer.Option(help="Fraction of the notes to vary slightly, 0 to 1.")
    ] = None,
    constraint: options.Constraint = None,
    prompt: options.Prompt = "",
    prompt_constraints: options.PromptConstraints = True,
    guidance: options.Guidance = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Print what stays, what changes and the constraints before composing."
        ),
    ] = False,
    candidates: options.EditEffort = None,
    tries: options.Tries = None,
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
    """Rewrite part of a piece; the rest stays as it is.

    By default, new notes replace those of the chosen bars and parts. With --note, --resample,
    --keep or --vary, the notes stay and some of their attributes are resampled: chord (harmony),
    tempo, instrument (orchestration), beat (rhythm), pitch (melody), duration (length) and
    velocity (dynamics).
    """
    from amadeus.cli.outputs import (
        check_soundfont,
        plan_outputs,
        read_to_write,
        sentence,
        summarize,
    )
    from amadeus.control import Constraints
    from amadeus.control.edit import Edit
    from amadeus.control.prompted import constraints_on_edit
    from amadeus.control.revision import Revision
    from amadeus.control.selection import select
    from amadeus.text.prompt import parse_prompt

    change = Edit(
        bars=_bar_range(bars), parts=_listed(*(part or ())), add=_listed(*(add or ())),
        notes=tuple(note or ()), resample=_listed(resample), keep=_listed(keep), vary=vary,
    )  # fmt: skip
    constraints = Constraints(*(constraint or ()))
    limits = options.limits(no_limits)
    score = read_to_write(source, limits)
    (plan,) = plan_outputs(
        [source.stem], midi=output, audio=audio, picture=picture, musicxml=musicxml, sheet=sheet
    )
    check_soundfont(soundfont, audio is not None, limits)
    seed = options.draw_seed() if seed is None else seed
    selection = select(score, change, seed)
    if prompt_constraints:
        print_unknown(map(str, parse_prompt(prompt).unknown))
        constraints, left_out = constraints_on_edit(prompt, constraints, selection)
        if left_out:
            listed = ", ".join(map(str, left_out))
            typer.echo(f"not held, since the edit does not change it: {listed}", err=True)
    revision = Revision(selection, constraints)
    changes = revision.selection.explain()
    if explain and not as_json:
        for line in changes:
            typer.echo(line)
        print_explained(constraints.explain())

    from amadeus.inference.candidates import DEFAULT_CANDIDATES
    from amadeus.inference.composer import load_model

    composer = load_model(**options.given(name=model, device=device), words=bool(prompt))
    candidates = candidates or tries
    follows = revision.selection.end_bar < revision.selection.num_bars
    total = len(revision.selection.bars) * ((candidates or DEFAULT_CANDIDATES) if follows else 1)
    with progress_bar("Composing bars", total) as update:
        score = composer.edit(
            score,
            **{name: getattr(change, name) for name in change.__slots__},
            seed=seed,
            prompt=prompt,
            prompt_constraints=False,  # they are among the constraints
            constraints=constraints,
            progress=lambda bars_done, _: update(bars_done),
            **options.given(guidance=guidance, tries=candidates, **sampling),
        )
    plan.write(
        score, title=f"{source.stem}, changed by Amadeus", limits=limits, soundfont=soundfont
    )
    summary = summarize(score)
    if as_json:
        explained = {"changes": changes, "constraints": constraints.explain()} if explain else {}
        print_json({"seed": seed, **explained, **plan.to_dict(), **summary})
    else:
        typer.echo(f"{plan}: {sentence(summary)}, seed {seed}")


def _bar_range(text: str) -> tuple[int, int | None] | None:
    if not text:
        return None
    match = re.fullmatch(r"\s*(\d{1,6})\s*(-)?\s*(\d{1,6})?\s*", text)
    if not match or (match[3] and not match[2]):
        raise ConfigError(f"cannot parse the bars {text!r}; write 9-12, 4 or 9-")
    first, dash, last = match.groups()
    return int(first), int(last) if last else None if dash else int(first)


def _listed(*texts: str) -> tuple[str, ...]:
    return tuple(name for text in texts for name in map(str.strip, text.split(",")) if name)
