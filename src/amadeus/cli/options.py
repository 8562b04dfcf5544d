"""Options shared by several commands. None stands for the composer's default."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from copy import copy
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from amadeus.inference.candidates import MAX_CANDIDATES

if TYPE_CHECKING:
    from amadeus.music.limits import Limits

Notes = Annotated[int | None, typer.Option(min=1, help="Maximum number of notes.")]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="The same seed gives the same piece. By default, a random one, which is printed.",
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        help="Strength of the prompt: above 1 is stronger and takes twice the work; 0 ignores it."
    ),
]
Prompt = Annotated[
    str, typer.Option(help="Description of the music; values that it states are enforced.")
]
PromptConstraints = Annotated[
    bool,
    typer.Option(
        "--prompt-constraints/--no-prompt-constraints",
        help="Enforce the tempo, key, time signature, instruments and bars in the prompt.",
    ),
]
Sampling = dict[str, Any]
"""The sampling options that were given, in commands decorated with `with_sampling`."""
Effort = Annotated[
    int | None,
    typer.Option(
        "--effort", "--candidates",
        help="Number of candidates for each phrase; the one most like real music is kept.",
        min=1, max=MAX_CANDIDATES,
    ),
]  # fmt: skip
EditEffort = Annotated[
    int | None,
    typer.Option(
        "--candidates", "--effort",
        help="Number of candidates; the one that best leads into what follows is kept.",
        min=1, max=MAX_CANDIDATES,
    ),
]  # fmt: skip
Tries = Annotated[int | None, typer.Option("--tries", min=1, max=MAX_CANDIDATES, hidden=True)]
"""The old name of --candidates."""
Constraint = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="A further constraint, as listed below; repeatable."),
]
Model = Annotated[
    str | None, typer.Option(metavar="NAME|DIR", help="A packaged model or a checkpoint folder.")
]
Device = Annotated[
    str | None,
    typer.Option(
        help="cpu or cuda. A GPU rounds differently, so the same seed gives a different piece."
    ),
]
Audio = Annotated[Path | None, typer.Option(help="Also render to this WAV, FLAC, OGG or MP3 file.")]
SoundFont = Annotated[
    Path | None,
    typer.Option(
        "--soundfont", metavar="FILE.sf2", help="SoundFont for the audio; by default TimGM6mb."
    ),
]
Picture = Annotated[Path | None, typer.Option(help="Also draw a piano roll to this PNG file.")]
MusicXML = Annotated[Path | None, typer.Option("--musicxml", hidden=True)]
"""The old way to write `--sheet X.musicxml`."""
Sheet = Annotated[
    Path | None,
    typer.Option(help="Also write sheet music to this file: .pdf, .svg, .png, .musicxml or .abc."),
]
ReportFolder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for the report, its numbers and its figures."),
]
NoLimits = Annotated[
    bool,
    typer.Option(
        "--no-limits",
        help="Accept pieces of any size and write files of any size. This may take hours, and "
        "more memory than is available.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def with_sampling(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the parameter `sampling` of a command with the options of `inference.sampling`."""
    from amadeus.inference.sampling import OPTIONS

    options = {
        name: Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[_typer_type(option.kind), typer.Option(help=option.help)],
        )
        for name, option in OPTIONS.items()
    }

    @wraps(command)
    def wrapper(**arguments: Any) -> None:
        command(sampling=given(**{name: arguments.pop(name) for name in options}), **arguments)

    parameters = signature(command, eval_str=True).parameters
    each = [options.values() if name == "sampling" else [p] for name, p in parameters.items()]
    flat = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for some in each for parameter in some]
    wrapper.__signature__ = Signature(flat)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return wrapper


def _typer_type(kind: Any) -> Any:
    return (kind if kind in (int, float) else str) | None  # the composer checks names


class CommandWithConstraints(TyperCommand):
    """A command whose help lists the constraints above the examples."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from amadeus.control.parse import help_lines

        form = "NAME: VALUE \\[for INSTRUMENT, ...] \\[in bars A-B]"
        title = f"[bold]Constraints[/bold] have the form {form}"
        full = copy(self)
        full.epilog = "\n\n".join([title, *help_lines(), str(self.epilog)])
        TyperCommand.format_help(full, ctx, formatter)


def examples(*lines: str) -> str:
    """The examples at the end of a help page."""
    return "\n\n".join(["[bold]Examples[/bold]", *lines])


def given(**settings: Any) -> dict[str, Any]:
    """The settings that are not None."""
    return {name: value for name, value in settings.items() if value is not None}


def names(text: str | None) -> list[str]:
    """The names in a comma-separated list."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def limits(no_limits: bool) -> Limits:
    """The limits on pieces and files, given `--no-limits`."""
    from amadeus.music.limits import LIMITS, UNLIMITED

    return UNLIMITED if no_limits else LIMITS


ProfileText = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="TEXT",
        help='Profile to aim for: "chord changes: 1 a bar, velocities: wide, genre: jazz". '
        "`amadeus inspect FILE` prints the profile of a file. The model follows the profile, but "
        "it is not enforced; `mood: open` leaves a value to the model.",
    ),
]


def profile_settings(text: str | None, like: Path | None) -> dict[str, Any]:
    """Settings of the composer: the profile of a file, overridden by the values of a text.

    Raises ConfigError for unknown values, ScoreError for a file without notes.
    """
    from amadeus.music.midi import read_midi
    from amadeus.profile import profile_of_score
    from amadeus.text.profile_of_prompt import profile_settings

    return profile_settings(text, None if like is None else profile_of_score(read_midi(like)))


def draw_seed() -> int:
    """A random seed that is short enough to retype."""
    return secrets.randbelow(10**6)
