"""The tools that an assistant sees, and the server that offers them."""

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
from amadeus.control.piece import plan_piece
from amadeus.errors import AmadeusError, ConfigError
from amadeus.inference.composer import Composer
from amadeus.inference.profile_plan import ProfilePlan
from amadeus.mcp.description import describe_score
from amadeus.mcp.folder import MidiFolder
from amadeus.music.grid import bars_of
from amadeus.music.limits import LIMITS
from amadeus.music.midi import encode_midi, read_midi
from amadeus.music.score import Score
from amadeus.profile import MEASURES, profile_of_score
from amadeus.profile.wording import describe as describe_profile
from amadeus.text.profile_of_prompt import profile_settings
from amadeus.text.prompt import parse_prompt

PACKAGE = "amadeus-music"
MAX_BARS = 128
"""Most bars that one call composes."""
MAX_NOTES = 8_000
"""Most notes that one call composes."""
MAX_GIVEN_NOTES = 20_000
"""Most notes of a piece that is continued or edited."""
_LIMITS = replace(LIMITS, notes=MAX_GIVEN_NOTES)
MAX_STEM = 80
"""Characters of a file's name that the name of what is made of it begins with."""
MAX_CHARACTERS = 1000
"""Of a prompt."""
INSTRUCTIONS = """
Amadeus composes music as MIDI files, in one folder that you name files in. Compose from a prompt,
then look at the description that comes back, continue or edit the piece by its file name, and tell
the user the path. Every call that composes writes a new file; none is overwritten. What a prompt
states exactly (tempo, key, metre, instruments, number of bars) holds; moods and styles are taken
as hints. Use constraints for what must hold besides, like for music that resembles a file, and
profile for what it should be like in numbers. The same arguments and seed give the same
piece; leave the seed out for another one.
"""

Prompt = Annotated[
    str,
    Field(
        max_length=MAX_CHARACTERS,
        description="What the music is like, in English: 'a slow piano waltz in A minor, 90 BPM'.",
    ),
]
File = Annotated[
    str, Field(description="Name of a MIDI file in the folder, such as 'waltz.mid'; no path.")
]
Name = Annotated[
    str, Field(description="Name for the new file, such as 'waltz.mid'. Made up if empty.")
]
ConstraintList = Annotated[
    list[Annotated[str, Field(max_length=200)]] | None,
    Field(
        max_length=20,
        description=(
            "What must hold, each 'NAME: VALUE [for INSTRUMENT] [in bars A-B]'. Names and values: "
            "'key: A minor' or 'D dorian'; 'pitch: C3-C6'; 'instruments: piano, bass' or "
            "'no drums'; 'tempo: 120', '90-110' or '90->120'; 'metre: 3/4'; 'chords: Am F C G' "
            "(one a bar) or 'Am F | C G'; 'velocity: 40-80'; 'durations: 1/8 1/4'; "
            "'density: 8' (notes a bar); 'end: tonic'."
        ),
    ),
]
ProfileText = Annotated[
    str,
    Field(
        max_length=1000,
        description=(
            "What it should be like, as hints and not as rules, 'NAME: VALUE, ...'. Names: key, "
            "tempo, metre, instruments, genre, form, mood; and with a number, 'low' or 'high': "
            f"{', '.join(measure.title for measure in MEASURES)}. describe prints such a profile "
            "of a file. 'mood: open' leaves a value to the model."
        ),
    ),
]
Like = Annotated[
    str,
    Field(
        description="Name of a MIDI file in the folder whose profile the new piece should have; "
        "values in profile outweigh it."
    ),
]
_Words = list[Annotated[str, Field(max_length=60)]] | None
Bars = Annotated[int, Field(ge=1, le=MAX_BARS)]
Seed = Annotated[
    int | None, Field(ge=0, lt=2**31, description="Equal seeds give equal music. Drawn if null.")
]
Picture = Annotated[bool, Field(description="Whether to return a piano roll as a picture, too.")]
Content = list[Any]
"""A text, and a picture if one was asked for."""


class Tools:
    """What the server can do. One call composes at a time: a composer has no room for two."""

    def __init__(self, composer: Composer, folder: MidiFolder) -> None:
        self._composer, self._folder = composer, folder
        self._turn = threading.Lock()

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
        """Compose a new piece of music from words and write it as a MIDI file.

        Returns its path and a description: caption, key, tempo, metre, bars, instruments, chords,
        and the profile that it was composed with.
        """
        held = Constraints(*(constraints or ()))
        example = profile_of_score(_read(self._folder.existing(like))) if like else None
        profiled = profile_settings(profile, example)
        planned = plan_piece(parse_prompt(prompt), held, bars).num_bars
        if planned is None or planned > MAX_BARS:
            raise ConfigError(f"{planned} bars are too many for one call; ask for {MAX_BARS}")
        seed = _drawn(seed)
        path = self._folder.named(name or f"amadeus-{seed}")
        with self._turn:
            piece = self._composer.plan(
                prompt, bars=planned, notes=MAX_NOTES, seed=seed, constraints=held, **profiled
            )
            (score,) = self._composer.compose_pieces([piece])
        said = f"\n{_told(piece.profile)}" if self._composer.has_profiles else ""
        return self._written(score, path, seed, picture, said)

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
        """Go on from a piece: its own notes stay as they are, new bars follow.

        Constraints hold in the new bars, of which bar 1 is the first. The prompt is only a hint.
        """
        source = self._folder.existing(file)
        given, held, seed = _read(source), Constraints(*(constraints or ())), _drawn(seed)
        path = self._folder.named(name or f"{source.stem[:MAX_STEM]}-continued")
        with self._turn:
            score = self._composer.continue_score(
                given, bars=bars, notes=MAX_NOTES, seed=seed, prompt=prompt, constraints=held
            )
        return self._written(score, path, seed, picture)

    def edit(
        self,
        file: File,
        first_bar: Annotated[
            int | None, Field(ge=1, description="First bar that changes, from 1; null for all.")
        ] = None,
        last_bar: Annotated[
            int | None, Field(ge=1, description="Last bar that changes; null to the end.")
        ] = None,
        parts: Annotated[
            _Words, Field(description="Instruments whose notes change, as 'piano'; all if empty.")
        ] = None,
        add: Annotated[
            _Words,
            Field(description="Instruments that join in; with parts, that take their place."),
        ] = None,
        notes: Annotated[
            _Words,
            Field(
                description=(
                    "Single notes that change, and no others: 'C4-G5 for cello', 'C4 at 9:2.5' "
                    "(bar 9, beat 2.5), 'from 9:1 to 9:3'."
                )
            ),
        ] = None,
        resample: Annotated[
            _Words,
            Field(
                description=(
                    "To keep the notes and draw only some of their attributes anew: of harmony, "
                    "tempo, orchestration, rhythm, melody, length, dynamics."
                )
            ),
        ] = None,
        keep: Annotated[
            _Words, Field(description="Attributes to keep while the others are drawn anew.")
        ] = None,
        vary: Annotated[
            float | None, Field(gt=0, le=1, description="Share of the notes to change a little.")
        ] = None,
        prompt: Prompt = "",
        constraints: ConstraintList = None,
        seed: Seed = None,
        name: Name = "",
        picture: Picture = False,
    ) -> Content:
        """Change some of a piece: everything else stays as it is, in a new file.

        Bars and parts alone get new notes. With add, new parts join in. With notes, resample, keep
        or vary the notes stay, and attributes of them are drawn anew. Constraints hold for what is
        composed, in bars of the piece.
        """
        source = self._folder.existing(file)
        given, held, seed = _read(source), Constraints(*(constraints or ())), _drawn(seed)
        path = self._folder.named(name or f"{source.stem[:MAX_STEM]}-edited")
        bars = None if first_bar is None and last_bar is None else (first_bar or 1, last_bar)
        change = Edit(
            bars=bars, parts=tuple(parts or ()), add=tuple(add or ()), notes=tuple(notes or ()),
            resample=tuple(resample or ()), keep=tuple(keep or ()), vary=vary,
        )  # fmt: skip
        if len(bars_of(given)) > MAX_BARS and (bars is None or _count(given, bars) > MAX_BARS):
            raise ConfigError(f"{file!r} has more than {MAX_BARS} bars; name those that change")
        with self._turn:
            score = self._composer.edit(given, change, seed=seed, prompt=prompt, constraints=held)
        return self._written(score, path, seed, picture)

    def describe(self, file: File, picture: Picture = False) -> Content:
        """Say what is in a MIDI file: a caption, key, tempo, metre, bars, instruments, chords.

        Its profile, or some values of it, can be given to compose.
        """
        path = self._folder.existing(file)
        said = describe_score(score := _read(path))
        if score.num_notes:
            said += f"\nprofile: {_listed(describe_profile(profile_of_score(score)))}"
        return _content(f"{path}\n{said}", score, path, picture)

    def _written(
        self, score: Score, path: Path, seed: int, picture: bool, more: str = ""
    ) -> Content:
        path = self._folder.add(path, encode_midi(score))
        said = f"{path}\nfile: {path.name}\nseed: {seed}\n{describe_score(score)}{more}"
        return _content(said, score, path, picture)


def build_server(composer: Composer, folder: MidiFolder) -> MCPServer:
    """A server whose tools compose with this model, in this folder."""
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
            _explaining(function), name=name, annotations=hints, structured_output=False
        )
    return server


def _explaining(function: Callable[..., Content]) -> Callable[..., Content]:
    """The function, whose foreseeable errors are told to the assistant."""

    @wraps(function)
    def explained(*args: Any, **arguments: Any) -> Content:
        try:
            return function(*args, **arguments)
        except (AmadeusError, OSError) as error:
            raise ToolError(" ".join(str(error).split())) from None

    return explained


def _told(profile: ProfilePlan) -> str:
    """What was stated of a profile, and what was filled in, a line each."""
    titles = {"stated": "profile, stated", "filled": "profile, from a real piece"}
    values = profile.to_dict()
    return "\n".join(f"{titles[kind]}: {_listed(values[kind]) or 'nothing'}" for kind in titles)


def _listed(profile: dict[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in profile.items())


def _read(path: Path) -> Score:
    """A piece that can be read and written again."""
    score = read_midi(path, _LIMITS)
    encode_midi(score, _LIMITS)
    return score


def _count(score: Score, bars: tuple[int, int | None]) -> int:
    first, last = bars
    return (last or len(bars_of(score))) - first + 1


def _drawn(seed: int | None) -> int:
    return secrets.randbelow(10**6) if seed is None else seed


def _content(said: str, score: Score, path: Path, picture: bool) -> Content:
    if not picture:
        return [said]
    from amadeus.music.picture import draw_piano_roll

    with TemporaryDirectory() as folder:
        drawn = draw_piano_roll(score, Path(folder) / "picture.png", path.stem)
        return [said, Image(data=drawn.read_bytes(), format="png")]
