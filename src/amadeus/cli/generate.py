"""`amadeus generate`: new pieces."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import print_explained, print_json, print_profile, progress_bar
from amadeus.cli.live import STDOUT, Notes, Play, open_live
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    from amadeus.inference.composer import Composer
    from amadeus.music.score import Score

MAX_PIECES = 10_000
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
EXAMPLES = options.CONSTRAINTS + options.examples(
    "amadeus generate",
    "amadeus generate --bars 32 --seed 7 --output piece.mid --audio piece.wav --picture piece.png",
    'amadeus generate --prompt "a slow piano waltz in A minor, 24 bars"',
    'amadeus generate --prompt "mysterious film music for strings" --guidance 2',
    'amadeus generate --constraint "key: D dorian" --constraint "tempo: 90->120" --explain',
    'amadeus generate --constraint "chords: Am F C G" --constraint "pitch: C2-C4 for bass"',
    "amadeus generate --prompts ideas.txt --count 3 --output ideas",
    "amadeus generate --count 8 --temperature 0.9",
    'amadeus generate --model runs/small --profile "chord changes: 1 a bar, velocities: wide"',
    "amadeus generate --model runs/small --like piece.mid --explain",
    "amadeus generate --live virtual:Amadeus  (a MIDI port that synthesizers can listen to)",
    "amadeus generate --live - | jq .pitch",
)


def generate(
    prompt: Annotated[
        str, typer.Option(help="What to compose, in words; what they state exactly holds.")
    ] = "",
    prompts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Many prompts: one a line, or JSON lines."),
    ] = None,
    prompt_constraints: Annotated[
        bool,
        typer.Option(
            "--prompt-constraints/--no-prompt-constraints",
            help="Hold the music to the tempo, key, metre, instruments and bars of the prompt.",
        ),
    ] = True,
    constraint: options.Constraint = None,
    profile: options.ProfileText = None,
    like: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="New music with the profile of this MIDI file."),
    ] = None,
    fill_profile: Annotated[
        bool,
        typer.Option(
            "--fill-profile/--no-fill-profile",
            help="Take what prompt and profile leave open from a real piece that is near to them.",
        ),
    ] = True,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what the music is held to, and its profile.")
    ] = False,
    guidance: options.Guidance = None,
    bars: Annotated[
        int | None,
        typer.Option(
            min=1, help="Length in bars; the prompt's, or 16, if neither it nor --notes is given."
        ),
    ] = None,
    notes: options.Notes = None,
    tries: Annotated[
        int | None,
        typer.Option(
            help="Beginnings to compose; the one that is most like what people write goes on. "
            "1 plays at once.",
            min=1,
        ),
    ] = None,
    seed: options.Seed = None,
    steps: options.Steps = None,
    threshold: options.Threshold = None,
    temperature: options.Temperature = None,
    top_p: options.TopP = None,
    order: options.Order = None,
    count: Annotated[
        int,
        typer.Option(
            min=1, help="Pieces per prompt; each piece has the seed after the last one's."
        ),
    ] = 1,
    live: Annotated[
        str | None,
        typer.Option(
            metavar="PORT|virtual:NAME|-",
            help="Play it while it is composed: into a MIDI port, or - for JSON lines, one a note.",
        ),
    ] = None,
    model: options.Model = None,
    device: options.Device = None,
    output: Annotated[
        Path, typer.Option(help="MIDI file, or a folder for amadeus-SEED.mid.")
    ] = Path("outputs"),
    audio: options.Audio = None,
    picture: options.Picture = None,
    musicxml: options.MusicXML = None,
    as_json: options.Json = False,
) -> None:
    """Compose new pieces."""
    from amadeus.cli.outputs import plan_outputs, sentence, summarize
    from amadeus.control import Constraints
    from amadeus.control.piece import constraints_on, plan_piece
    from amadeus.music.limits import UNLIMITED
    from amadeus.text.prompt import PromptFacts, parse_prompt

    if live is not None and (prompts is not None or count > 1):
        raise ConfigError("--live plays one piece; leave --prompts and --count out")
    if live == STDOUT and as_json:
        raise ConfigError("--live - and --json both print JSON; leave one of them out")
    say = partial(typer.echo, err=live == STDOUT)
    asked_for = _prompts(prompt, prompts)
    if len(asked_for) * count > MAX_PIECES:
        raise ConfigError(
            f"{len(asked_for) * count:,} pieces are too many; ask for {MAX_PIECES:,} at most"
        )
    texts = [text for text in asked_for for _ in range(count)]
    facts = [parse_prompt(text) if prompt_constraints else PromptFacts() for text in texts]
    understood = [[{"label": c.label, "value": c.value} for c in stated.chips] for stated in facts]
    if prompts is None and understood[0] and not as_json:
        say("understood: " + _listing(understood[0]))
    constraints = Constraints(*(constraint or ()))
    lengths = [plan_piece(stated, constraints, bars, notes).num_bars or 0 for stated in facts]
    explained = [constraints_on(stated, constraints, bars).explain() for stated in facts]
    seed = options.draw_seed() if seed is None else seed
    profiled = options.profile_settings(profile, like)
    stems = [f"amadeus-{seed + i}" for i in range(len(texts))]
    plans = plan_outputs(stems, midi=output, audio=audio, picture=picture, musicxml=musicxml)

    from amadeus.inference.composer import load_model

    settings = options.given(
        bars=bars, notes=notes, seed=seed, prompt_constraints=prompt_constraints,
        constraints=constraints, guidance=guidance, tries=tries, steps=steps, threshold=threshold,
        temperature=temperature, top_p=top_p, order=order, fill_profile=fill_profile, **profiled,
    )  # fmt: skip
    stopped = False
    with nullcontext() if live is None else open_live(live) as play:
        composer = load_model(**options.given(name=model, device=device), words=any(texts))
        profiles: list[dict[str, dict[str, str]] | None] = []
        for i, text in enumerate(texts if explain else ()):
            planned = composer.profile_of(text, **settings | {"seed": seed + i})
            profiles.append(None if planned is None else planned.to_dict())
        if explain and prompts is None and not as_json:
            print_explained(explained[0], say)
            for i, told in enumerate(profiles):
                print_profile(told, f"seed {seed + i}, " if count > 1 else "", say)
        if play is not None:
            scores, stopped = _played(play, composer, prompt, settings)
        else:
            unit = "bars" if all(lengths) else "notes"
            total = sum(lengths) if all(lengths) else (notes or 0) * len(texts)
            with progress_bar(f"Composing {unit}", total) as update:
                scores = composer.generate_many(
                    texts,
                    progress=lambda bars_done, rows: update(bars_done if unit == "bars" else rows),
                    **settings,
                )
    pieces = []
    for i, (score, plan) in enumerate(zip(scores, plans, strict=True)):
        plan.write(score, title=f"Amadeus, seed {seed + i}", limits=UNLIMITED)
        asked: dict[str, Any] = {"prompt": texts[i], "understood": understood[i]}
        if stopped:
            asked["stopped"] = True
        if explain:
            asked["constraints"] = explained[i]
            asked["profile"] = profiles[i]
        pieces.append({"seed": seed + i, **asked, **plan.to_dict(), **summarize(score)})
        if not as_json:
            if prompts is not None and i % count == 0:
                typer.echo(f"{texts[i]}\n  understood: {_listing(understood[i]) or 'nothing'}")
                if explain:
                    print_explained(explained[i])
            if prompts is not None and explain:
                print_profile(profiles[i])
            cut = "; stopped, this is what was composed by then" if stopped else ""
            say(f"{plan}: {sentence(pieces[-1])}, seed {seed + i}{cut}")
    if as_json:
        print_json({"pieces": pieces})
    if stopped:
        raise typer.Exit(INTERRUPTED)


def _played(
    play: Play, composer: Composer, prompt: str, settings: dict[str, Any]
) -> tuple[list[Score], bool]:
    """Compose a piece and play it at the same time.

    Returns that piece alone, and whether Ctrl-C ended it, which then has what was composed so far.
    """
    scores: list[Score] = []

    def notes() -> Notes:
        scores.append((yield from composer.stream(prompt, on_cut=scores.append, **settings)))

    try:
        play(notes())
    except KeyboardInterrupt:
        if not scores:
            typer.echo("stopped before the first note; nothing is written", err=True)
            raise
        return scores, True
    return scores, False


def _prompts(prompt: str, file: Path | None) -> list[str]:
    if file is None:
        return [prompt]
    if prompt:
        raise ConfigError("--prompt and --prompts exclude each other; leave one of them out")
    from amadeus.text.prompt_list import read_prompts

    return [one.text for one in read_prompts(file)]


def _listing(understood: list[dict[str, str]]) -> str:
    return ", ".join("{label} {value}".format(**chip) for chip in understood)
