"""Options that several commands share. None means: what the composer does by default."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from amadeus.music.limits import Limits

Notes = Annotated[
    int | None, typer.Option(min=1, help="Most notes; the piece ends there at the latest.")
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, help="Equal seeds give equal pieces; drawn and printed if left out."),
]
Steps = Annotated[
    int | None, typer.Option(help="Predictions per note, 1 to 8: fewer is faster, more is finer.")
]
Threshold = Annotated[
    float | None,
    typer.Option(help="Decide at once what is at least so sure, 0 to 1: faster, a little coarser."),
]
Temperature = Annotated[
    float | None, typer.Option(help="Below 1 is safer, above 1 bolder, 0 takes the likeliest.")
]
TopP = Annotated[
    float | None,
    typer.Option(help="Draw from the likeliest values that together have this probability."),
]
Order = Annotated[
    str | None,
    typer.Option(help="What is decided first in a note: confidence, entropy, random or fixed."),
]
Guidance = Annotated[
    float | None,
    typer.Option(help="Above 1 leans further towards the words, at twice the work; 0 ignores."),
]
Constraint = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="What has to hold besides, as below; repeatable."),
]
Model = Annotated[
    str | None, typer.Option(metavar="NAME|DIR", help="A packaged model, or a checkpoint folder.")
]
Device = Annotated[
    str | None, typer.Option(help="Where it runs: cpu, or cuda for a GPU, which rounds otherwise.")
]
Audio = Annotated[Path | None, typer.Option(help="Also play it into this WAV file.")]
Picture = Annotated[Path | None, typer.Option(help="Also draw it as this PNG picture.")]
MusicXML = Annotated[Path | None, typer.Option(help="Also write it as this sheet music.")]
ReportFolder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for the page, the numbers and the picture."),
]
NoLimits = Annotated[
    bool,
    typer.Option(
        "--no-limits",
        help="Accept pieces of any size, and make files of any size of them: this may take hours, "
        "and more memory than there is.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


CONSTRAINTS = """
[bold]Constraints[/bold], NAME: VALUE \\[for INSTRUMENT, ...] \\[in bars A-B]

key: A minor; D dorian; C E G A  (a scale, or its notes)

pitch: 48-84; C3-C6

instruments: piano, bass; at least piano; no drums; none  (and: in 50% of the bars, or notes)

tempo: 120; 90-110; 90->120

metre: 3/4

chords: Am F C G; Am F | C G  (a chord a bar, or bars split evenly)

velocity: 40-80; 40-60->90-110

durations: 1/8 1/4 1/4. 1/8t

density: 8; at most 12  (notes a bar)

bars: 16

end: tonic; Am

"""
"""For the help of commands that take them."""


def examples(*lines: str) -> str:
    """The end of a help page."""
    return "\n\n".join(["[bold]Examples[/bold]", *lines])


def given(**settings: Any) -> dict[str, Any]:
    """The settings that the user gave."""
    return {name: value for name, value in settings.items() if value is not None}


def names(text: str | None) -> list[str]:
    """The names of a list with commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def limits(no_limits: bool) -> Limits:
    """What `--no-limits` means."""
    from amadeus.music.limits import LIMITS, UNLIMITED

    return UNLIMITED if no_limits else LIMITS


ProfileText = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="TEXT",
        help='What it should be like: "chord changes: 1 a bar, velocities: wide, genre: jazz"; '
        "`amadeus inspect FILE` prints the profile of a file. The model follows it, nothing "
        "enforces it; `mood: open` takes a value out.",
    ),
]


def profile_settings(text: str | None, like: Path | None) -> dict[str, Any]:
    """Settings of the composer: the profile of a file, and over it the values of a text.

    Raises ConfigError for values that are unknown, ScoreError for a file without notes.
    """
    from amadeus.music.midi import read_midi
    from amadeus.profile import profile_of_score
    from amadeus.text.profile_of_prompt import profile_settings

    return profile_settings(text, None if like is None else profile_of_score(read_midi(like)))


def draw_seed() -> int:
    """A seed that is easy to type again."""
    return secrets.randbelow(10**6)
