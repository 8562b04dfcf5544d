"""`amadeus generate`: composes new pieces."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import (
    print_explained,
    print_json,
    print_profile,
    print_unknown,
    progress_bar,
)
from amadeus.cli.live import STDOUT, Notes, Play, open_live
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from amadeus.inference.composer import Composer
    from amadeus.inference.phrases import PiecePlan
    from amadeus.music.score import Score
    from amadeus.performer.performing import PerformanceSettings

MAX_PIECES = 10_000
INTERRUPTED = 130
"""Exit code after Ctrl-C, as is usual in shells."""
EXAMPLES = options.examples(
    "amadeus generate",
    "amadeus generate --bars 32 --seed 7 --output piece.mid --audio piece.wav --picture piece.png",
    'amadeus generate --prompt "a slow piano waltz in A minor, 24 bars"',
    'amadeus generate --prompt "mysterious film music for strings" --guidance 2',
    'amadeus generate --perform --perform-style "swing, laid back"',
    'amadeus generate --constraint "key: D dorian" --constraint "tempo: 90->120" --explain',
    'amadeus generate --constraint "chords: Am F C G" --constraint "pitch: C2-C4 for bass"',
    'amadeus generate --prompt "a folk song" --form "intro A A B A\' outro"',
    "amadeus generate --prompts ideas.txt --count 3 --output ideas",
    "amadeus generate --count 8 --temperature 0.9",
    'amadeus generate --model runs/small --profile "chord changes: 1 a bar, velocities: wide"',
    "amadeus generate --model runs/small --like piece.mid --explain",
    "amadeus generate --live virtual:Amadeus  (a MIDI port that synthesizers can listen to)",
    "amadeus generate --live - | jq .pitch",
)


@options.with_sampling
def generate(
    prompt: options.Prompt = "",
    prompts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with one prompt per line, or JSON lines."),
    ] = None,
    prompt_constraints: options.PromptConstraints = True,
    constraint: options.Constraint = None,
    form: Annotated[
        str | None,
        typer.Option(
            metavar="SECTIONS",
            help='Sections, with their bars if you like: "AABA", "intro:4 A:8 A:8 B:8 A\':8", '
            '"verse chorus verse chorus", "rondo". Sections with the same label share their '
            "music.",
        ),
    ] = None,
    profile: options.ProfileText = None,
    like: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Use the profile of this MIDI file."),
    ] = None,
    fill_profile: Annotated[
        bool,
        typer.Option(
            "--fill-profile/--no-fill-profile",
            help="Take values missing in the prompt and profile from a real piece with a similar "
            "profile.",
        ),
    ] = True,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the constraints and the profile.")
    ] = False,
    guidance: options.Guidance = None,
    bars: Annotated[
        int | None,
        typer.Option(
            min=1, help="Length in bars. By default the prompt's, or 16 unless --notes is given."
        ),
    ] = None,
    notes: options.Notes = None,
    effort: options.Effort = None,
    tries: options.Tries = None,
    seed: options.Seed = None,
    sampling: options.Sampling = {},  # noqa: B006
    count: Annotated[
        int,
        typer.Option(min=1, help="Pieces per prompt, with consecutive seeds."),
    ] = 1,
    live: Annotated[
        str | None,
        typer.Option(
            metavar="PORT|virtual:NAME|-",
            help="Play while composing: to a MIDI port, or - to print each note as a JSON line.",
        ),
    ] = None,
    perform: Annotated[
        bool,
        typer.Option(
            "--perform",
            help="Make MIDI and audio sound played, as `amadeus perform` does. Sheet music stays "
            "as it is composed.",
        ),
    ] = False,
    perform_style: Annotated[
        str,
        typer.Option(metavar="A,B", help='Perform in these styles, such as "swing" or "romantic".'),
    ] = "",
    model: options.Model = None,
    device: options.Device = None,
    output: Annotated[Path, typer.Option(help="MIDI file, or folder for amadeus-SEED.mid.")] = Path(
        "outputs"
    ),
    audio: options.Audio = None,
    soundfont: options.SoundFont = None,
    picture: options.Picture = None,
    musicxml: options.MusicXML = None,
    sheet: options.Sheet = None,
    as_json: options.Json = False,
) -> None:
    """Compose new pieces."""
    from amadeus.cli.outputs import Outputs, check_soundfont, plan_outputs, sentence, summarize
    from amadeus.control import Constraints, Form
    from amadeus.music.limits import UNLIMITED
    from amadeus.performer.performing import perform_with

    if live is not None and (prompts is not None or count > 1):
        raise ConfigError("--live plays a single piece; leave out --prompts and --count")
    if live == STDOUT and as_json:
        raise ConfigError("--live - and --json both print JSON; leave one of them out")
    performance = _performance(perform, perform_style, live)
    say = partial(typer.echo, err=live == STDOUT)
    distinct = _prompts(prompt, prompts)
    if len(distinct) * count > MAX_PIECES:
        raise ConfigError(
            f"{len(distinct) * count:,} pieces are too many; ask for {MAX_PIECES:,} at most"
        )
    texts = [text for text in distinct for _ in range(count)]
    constraints = Constraints(*(constraint or ()), *([] if form is None else [Form(form)]))
    seed = options.draw_seed() if seed is None else seed
    profile_settings = options.profile_settings(profile, like)
    stems = [f"amadeus-{seed + i}" for i in range(len(texts))]
    outputs = plan_outputs(
        stems, midi=output, audio=audio, picture=picture, musicxml=musicxml, sheet=sheet
    )
    check_soundfont(soundfont, audio is not None, UNLIMITED)

    from amadeus.inference.composer import load_model

    settings = options.given(
        bars=bars, notes=notes, seed=seed, prompt_constraints=prompt_constraints,
        constraints=constraints, guidance=guidance, tries=effort or tries,
        fill_profile=fill_profile, **sampling, **profile_settings,
    )  # fmt: skip
    stopped = False
    with nullcontext() if live is None else open_live(live) as play:
        composer = load_model(**options.given(name=model, device=device), words=any(texts))
        plans = composer.plan_many(texts, **settings)
        facts = [_facts(plan, composer.has_profiles, explain) for plan in plans]
        if prompts is None and not as_json:
            _print_first(facts, seed, say)
        if play is not None:
            scores, stopped = _played(play, composer, plans[0])
        else:
            lengths = [plan.plan.num_bars or 0 for plan in plans]
            unit = "bars" if all(lengths) else "notes"
            total = sum(lengths) if all(lengths) else (notes or 0) * len(texts)
            with progress_bar(f"Composing {unit}", total) as update:
                scores = composer.compose_pieces(
                    plans,
                    progress=lambda bars_done, rows: update(bars_done if unit == "bars" else rows),
                )
    pieces = []
    for i, (score, output_files) in enumerate(zip(scores, outputs, strict=True)):
        played = score
        if performance is not None:
            played = perform_with(score, replace(performance, seed=seed + i))
        write = partial(
            Outputs.write, title=f"Amadeus, seed {seed + i}", limits=UNLIMITED, soundfont=soundfont
        )
        write(replace(output_files, picture=None, musicxml=None, sheet=None), played)
        write(replace(output_files, midi=None, audio=None), score)
        details: dict[str, Any] = {"prompt": texts[i], **facts[i]}
        if stopped:
            details["stopped"] = True
        pieces.append({"seed": seed + i, **details, **output_files.to_dict(), **summarize(played)})
        if not as_json:
            if prompts is not None and i % count == 0:
                listing = _listing(facts[i]["understood"]) or "nothing"
                typer.echo(f"{texts[i]}\n  understood: {listing}")
                print_unknown(facts[i].get("not_understood", ()))
                if explain:
                    print_explained(facts[i]["constraints"])
            if prompts is not None and explain:
                print_profile(facts[i]["profile"])
            cut = "; stopped early" if stopped else ""
            say(f"{output_files}: {sentence(pieces[-1])}, seed {seed + i}{cut}")
    if as_json:
        print_json({"pieces": pieces})
    if stopped:
        raise typer.Exit(INTERRUPTED)


def _performance(is_wanted: bool, style: str, live: str | None) -> PerformanceSettings | None:
    """How to perform the pieces; None to leave them as they are composed."""
    from amadeus.performer.performing import settings_of

    if not (is_wanted or style):
        return None
    if live is not None:
        raise ConfigError("--live plays notes as they are composed; leave out --perform")
    return settings_of(style=style)


def _facts(plan: PiecePlan, has_profiles: bool, explain: bool) -> dict[str, Any]:
    """What is reported of a planned piece, as JSON values."""
    facts: dict[str, Any] = {
        "understood": [{"label": chip.label, "value": chip.value} for chip in plan.facts.chips]
    }
    if plan.facts.unknown:
        facts["not_understood"] = [str(phrase) for phrase in plan.facts.unknown]
    if explain:
        facts["constraints"] = plan.constraints.explain()
        facts["profile"] = plan.profile.to_dict() if has_profiles else None
    return facts


def _print_first(facts: list[dict[str, Any]], seed: int, say: Callable[[str], None]) -> None:
    """Print what was understood of a prompt, with the profiles of all its pieces."""
    if facts[0]["understood"]:
        say("understood: " + _listing(facts[0]["understood"]))
    print_unknown(facts[0].get("not_understood", ()))
    if "constraints" in facts[0]:
        print_explained(facts[0]["constraints"], say)
        for i, piece in enumerate(facts):
            print_profile(piece["profile"], f"seed {seed + i}, " if len(facts) > 1 else "", say)


def _played(play: Play, composer: Composer, piece: PiecePlan) -> tuple[list[Score], bool]:
    """Compose a piece while playing it.

    Returns the piece in a list, and whether Ctrl-C stopped it; then the piece is incomplete.
    """
    scores: list[Score] = []

    def notes() -> Notes:
        scores.append((yield from composer.stream_piece(piece, on_cut=scores.append)))

    try:
        play(notes())
    except KeyboardInterrupt:
        if not scores:
            typer.echo("stopped before the first note; nothing was written", err=True)
            raise
        return scores, True
    return scores, False


def _prompts(prompt: str, file: Path | None) -> list[str]:
    if file is None:
        return [prompt]
    if prompt:
        raise ConfigError("use either --prompt or --prompts, not both")
    from amadeus.text.prompt_list import read_prompts

    return [labelled.text for labelled in read_prompts(file)]


def _listing(understood: list[dict[str, str]]) -> str:
    return ", ".join("{label} {value}".format(**chip) for chip in understood)
