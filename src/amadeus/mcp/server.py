"""The MCP tools and the server that provides them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from amadeus.control import Constraints
from amadeus.control.edit import Edit
from amadeus.control.parse import help_lines
from amadeus.control.piece import DEFAULT_BARS, states_length
from amadeus.errors import AmadeusError, ConfigError
from amadeus.inference.composer import Composer
from amadeus.inference.profile_plan import ProfilePlan
from amadeus.mcp.description import describe_score
from amadeus.mcp.folder import MidiFolder
from amadeus.music.grid import clip_bars
from amadeus.music.limits import LIMITS
from amadeus.music.midi import encode_midi, read_midi
from amadeus.music.score import Score
from amadeus.profile import MEASURES, profile_of_score
from amadeus.profile.wording import describe as describe_profile
from amadeus.profile.wording import in_words
from amadeus.text.profile_of_prompt import profile_settings
from amadeus.text.prompt import parse_prompt

PACKAGE = "amadeus-music"
MAX_BARS = 128
"""Most bars composed per call."""
MAX_NOTES = 8_000
"""Most notes composed per call; a call that needs more fails."""
MAX_INPUT_NOTES = 20_000
"""Most notes of a piece to continue or edit."""
_LIMITS = replace(LIMITS, notes=MAX_INPUT_NOTES)
MAX_STEM = 80
"""Characters of the input file's name that are reused in the name of the new file."""
MAX_CHARACTERS = 1000
"""Length of a prompt."""
INSTRUCTIONS = """
Amadeus composes music as MIDI files in one folder; refer to files by name. Compose from a prompt,
read the description that is returned, continue or edit the piece by its file name, and tell the
user the path. Every call that composes writes a new file and overwrites none. Values that a prompt
states (tempo, key, time signature, instruments, number of bars) are enforced; moods and styles are
hints. Use constraints for further requirements, like for music that resembles a file, and profile
for measured qualities of the music. The same arguments and seed give the same piece; omit the seed
for a different one.
"""

Prompt = Annotated[
    str,
    Field(
        max_length=MAX_CHARACTERS,
        description="Description of the music in English: 'a slow piano waltz in A minor, 90 BPM'.",
    ),
]
File = Annotated[
    str,
    Field(description="Name of a MIDI file in the folder, such as 'waltz.mid', without a path."),
]
Name = Annotated[
    str, Field(description="Name for the new file, such as 'waltz.mid'. Chosen for you if empty.")
]
ConstraintList = Annotated[
    list[Annotated[str, Field(max_length=200)]] | None,
    Field(
        max_length=20,
        description=(
            "Constraints of the form 'NAME: VALUE [for INSTRUMENT] [in bars A-B]'. Names and "
            "values, separated by semicolons:\n" + "\n".join(help_lines())
        ),
    ),
]
ProfileText = Annotated[
    str,
    Field(
        max_length=1000,
        description=(
            "Profile to aim for, 'NAME: VALUE, ...'; followed but not enforced. Names: key, tempo, "
            "time signature, instruments, genre, form, mood; and with a number, 'low' or 'high': "
            f"{', '.join(measure.title for measure in MEASURES)}. The describe tool returns the "
            "profile of a file. 'mood: open' leaves a value to the model."
        ),
    ),
]
Like = Annotated[
    str,
    Field(
        description="Name of a MIDI file in the folder whose profile the new piece should have; "
        "values in profile take precedence."
    ),
]
_Words = list[Annotated[str, Field(max_length=60)]] | None
Bars = Annotated[int, Field(ge=1, le=MAX_BARS)]
Seed = Annotated[
    int | None,
    Field(ge=0, lt=2**31, description="The same seed gives the same music. Random if null."),
]
Picture = Annotated[bool, Field(description="Whether to also return a picture of the piano roll.")]
Content = list[Any]
"""A text, and a picture if requested."""


class Tools:
    """The tools. Only one call composes at a time, because the composer is not thread-safe."""

    def __init__(self, composer: Composer, folder: MidiFolder) -> None:
        self._composer, self._folder = composer, folder
        self._lock = threading.Lock()

    def compose(
        self,
        prompt: Prompt = "",
        bars: Annotated[
            Bars | None, Field(description="Length in bars; by default the prompt's, or 16.")
        ] = None,
        constraints: ConstraintList = None,
        profile: ProfileText = "",
        like: Like = "",
        seed: Seed = None,
        name: Name = "",
        picture: Picture = False,
    ) -> Content:
        """Compose a new piece from a prompt and write it to a MIDI file.

        Returns its path and a description: caption, key, tempo, time signature, bars, instruments,
        chords, and the profile it was composed with.
        """
        constraint_set = Constraints(*(constraints or ()))
        example = profile_of_score(_read(self._folder.existing(like))) if like else None
        from_profile = profile_settings(profile, example)
        if bars is None and not states_length(parse_prompt(prompt), constraint_set):
            bars = DEFAULT_BARS
        seed = _seed_or_random(seed)
        path = self._folder.named(name or f"amadeus-{seed}")
        with self._lock:
            piece = self._composer.plan(
                prompt, bars=bars, seed=seed, constraints=constraint_set, **from_profile
            )
            num_bars = piece.plan.num_bars
            if num_bars is None or num_bars > MAX_BARS:
                raise ConfigError(
                    f"{num_bars} bars are too many for one call; ask for at most {MAX_BARS}"
                )
            (score,) = self._composer.compose_pieces([piece], progress=_check_notes)
        profile_text = ""
        if self._composer.has_profiles:
            profile_text = f"\n{_profile_lines(piece.profile)}"
        return self._write(score, path, seed, picture, profile_text)

    def continue_(
        self,
        file: File,
        bars: Annotated[Bars, Field(description="Bars to add.")] = 8,
        prompt: Prompt = "",
        constraints: ConstraintList = None,
        seed: Seed = None,
        name: Name = "",
        picture: Picture = False,
    ) -> Content:
        """Append new bars to a piece; its existing notes stay as they are.

        Constraints apply to the new bars, counted from 1. The values that the prompt states hold,
        too.
        """
        source = self._folder.existing(file)
        score, seed = _read(source), _seed_or_random(seed)
        constraint_set = Constraints(*(constraints or ()))
        path = self._folder.named(name or f"{source.stem[:MAX_STEM]}-continued")
        with self._lock:
            score = self._composer.continue_score(
                score, bars=bars, seed=seed, prompt=prompt, constraints=constraint_set,
                progress=_check_notes,
            )  # fmt: skip
        return self._write(score, path, seed, picture)

    def edit(
        self,
        file: File,
        first_bar: Annotated[
            int | None, Field(ge=1, description="First bar to change, from 1; null for all.")
        ] = None,
        last_bar: Annotated[
            int | None, Field(ge=1, description="Last bar to change; null for the last one.")
        ] = None,
        parts: Annotated[
            _Words, Field(description="Instruments to change, such as 'piano'; all if empty.")
        ] = None,
        add: Annotated[
            _Words,
            Field(description="Instruments to add; with parts, they replace those parts."),
        ] = None,
        notes: Annotated[
            _Words,
            Field(
                description=(
                    "Notes to change, and no others: 'C4-G5 for cello', 'C4 at 9:2.5' "
                    "(bar 9, beat 2.5), 'from 9:1 to 9:3'."
                )
            ),
        ] = None,
        resample: Annotated[
            _Words,
            Field(
                description=(
                    "Attributes to resample while the notes stay: harmony, tempo, orchestration, "
                    "rhythm, melody, length, dynamics."
                )
            ),
        ] = None,
        keep: Annotated[
            _Words, Field(description="Attributes to keep while the others are resampled.")
        ] = None,
        vary: Annotated[
            float | None, Field(gt=0, le=1, description="Fraction of the notes to vary slightly.")
        ] = None,
        prompt: Prompt = "",
        constraints: ConstraintList = None,
        seed: Seed = None,
        name: Name = "",
        picture: Picture = False,
    ) -> Content:
        """Rewrite part of a piece and write it to a new file; the rest stays as it is.

        By default, new notes replace those of the chosen bars and parts. With add, new parts are
        added. With notes, resample, keep or vary, the notes stay and some of their attributes are
        resampled. Constraints apply to what is composed; bars are those of the piece.
        """
        source = self._folder.existing(file)
        score, seed = _read(source), _seed_or_random(seed)
        constraint_set = Constraints(*(constraints or ()))
        path = self._folder.named(name or f"{source.stem[:MAX_STEM]}-edited")
        bars = None if first_bar is None and last_bar is None else (first_bar or 1, last_bar)
        change = Edit(
            bars=bars, parts=tuple(parts or ()), add=tuple(add or ()), notes=tuple(notes or ()),
            resample=tuple(resample or ()), keep=tuple(keep or ()), vary=vary,
        )  # fmt: skip
        if len(clip_bars(score)) > MAX_BARS and (bars is None or _count(score, bars) > MAX_BARS):
            raise ConfigError(
                f"{file!r} has more than {MAX_BARS} bars; choose fewer with first_bar and last_bar"
            )
        with self._lock:
            score = self._composer.edit(
                score, change, seed=seed, prompt=prompt, constraints=constraint_set
            )
        return self._write(score, path, seed, picture)

    def describe(self, file: File, picture: Picture = False) -> Content:
        """Describe a MIDI file: caption, key, tempo, time signature, bars, instruments, chords.

        Also returns its profile, which can be passed to compose, in whole or in part.
        """
        path = self._folder.existing(file)
        text = describe_score(score := _read(path))
        if score.num_notes:
            text += f"\nprofile: {in_words(describe_profile(profile_of_score(score)))}"
        return _content(f"{path}\n{text}", score, path, picture)

    def _write(self, score: Score, path: Path, seed: int, picture: bool, more: str = "") -> Content:
        path = self._folder.add(path, encode_midi(score))
        text = f"{path}\nfile: {path.name}\nseed: {seed}\n{describe_score(score)}{more}"
        return _content(text, score, path, picture)


def build_server(composer: Composer, folder: MidiFolder) -> MCPServer:
    """An MCP server that composes with `composer` and stores files in `folder`."""
    server = MCPServer(
        "amadeus", instructions=INSTRUCTIONS.strip(), version=version(PACKAGE), log_level="WARNING"
    )
    tools = Tools(composer, folder)
    writes = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    for function, name, hints in (
        (tools.compose, "compose", writes),
        (tools.continue_, "continue", writes),
        (tools.edit, "edit", writes),
        (tools.describe, "describe", reads),
    ):
        server.add_tool(
            _reporting_errors(function), name=name, annotations=hints, structured_output=False
        )
    return server


def _reporting_errors(function: Callable[..., Content]) -> Callable[..., Content]:
    """Wraps a function so that the assistant sees the messages of expected errors."""

    @wraps(function)
    def wrapper(*args: Any, **arguments: Any) -> Content:
        try:
            return function(*args, **arguments)
        except (AmadeusError, OSError) as error:
            raise ToolError(" ".join(str(error).split())) from None

    return wrapper


def _profile_lines(profile: ProfilePlan) -> str:
    """The stated values of a profile and those taken from a real piece, a line each."""
    titles = {"stated": "profile, stated", "filled": "profile, from a real piece"}
    values = profile.to_dict()
    return "\n".join(f"{titles[kind]}: {in_words(values[kind]) or 'nothing'}" for kind in titles)


def _read(path: Path) -> Score:
    """Read a piece, making sure that it can be written again."""
    score = read_midi(path, _LIMITS)
    encode_midi(score, _LIMITS)
    return score


def _count(score: Score, bars: tuple[int, int | None]) -> int:
    first, last = bars
    return (last or len(clip_bars(score))) - first + 1


def _check_notes(_: int, notes: int) -> None:
    """Raise ConfigError, and so stop composing, if there are too many notes."""
    if notes > MAX_NOTES:
        raise ConfigError(
            f"the music has more than {MAX_NOTES:,} notes; ask for fewer bars, or limit the density"
        )


def _seed_or_random(seed: int | None) -> int:
    return secrets.randbelow(10**6) if seed is None else seed


def _content(text: str, score: Score, path: Path, picture: bool) -> Content:
    if not picture:
        return [text]
    from amadeus.music.picture import draw_piano_roll

    with TemporaryDirectory() as folder:
        image = draw_piano_roll(score, Path(folder) / "picture.png", path.stem)
        return [text, Image(data=image.read_bytes(), format="png")]
