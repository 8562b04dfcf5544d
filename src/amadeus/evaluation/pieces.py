"""The files of a folder, and the prompts that they answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from amadeus.errors import ConfigError, MidiError
from amadeus.music.limits import LIMITS
from amadeus.music.midi import SCORE_SUFFIXES, read_midi
from amadeus.music.score import Score
from amadeus.text.prompt_list import LabelledPrompt

MAX_FILES = 20_000
_NUMBERED = re.compile(r"(.+)-\d+")

Progress = Callable[[int, int], None]
"""Told how many files are done, and of how many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One piece that is evaluated."""

    name: str
    """The file's, below its folder."""
    score: Score | None
    """None for a file that cannot be read."""
    prompt: LabelledPrompt | None = None
    problem: str = ""
    """Why it cannot be read."""
    sha256: str = ""
    """Of the file."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What had to be repaired to read it."""
        return () if self.score is None else self.score.notices

    @property
    def music(self) -> Score | None:
        """The score, if there is a note in it."""
        return self.score if self.score is not None and self.score.num_notes else None


def read_folder(
    folder: Path, prompts: Sequence[LabelledPrompt] = (), progress: Progress = lambda *_: None
) -> list[Piece]:
    """Every MIDI and notation file in and below a folder, by name, with the prompt it answers.

    A file answers the prompt that names it as its `file`, or else the one whose id is its stem, as
    in ID.mid, or its stem without a number, as in ID-2.mid.

    Raises ConfigError where there is no such folder, no file in it, or more than MAX_FILES.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"{folder} is no folder; name one that holds MIDI files, or give prompts with --prompts"
        )
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SCORE_SUFFIXES)
    if not paths:
        raise ConfigError(f"{folder} holds no MIDI files (*.mid, *.midi); name a folder that does")
    if len(paths) > MAX_FILES:
        raise ConfigError(f"{folder} holds {len(paths)} files; give at most {MAX_FILES}")
    by_id = {prompt.id: prompt for prompt in prompts}
    by_file = {name: prompt for prompt in prompts for name in prompt.files}
    pieces = []
    for done, path in enumerate(paths):
        progress(done, len(paths))
        name = path.relative_to(folder).as_posix()
        pieces.append(_read(path, name, by_file.get(name) or _find_prompt(path.stem, by_id)))
    return pieces


def _find_prompt(stem: str, by_id: dict[str, LabelledPrompt]) -> LabelledPrompt | None:
    numbered = _NUMBERED.fullmatch(stem)
    return by_id.get(stem) or (by_id.get(numbered[1]) if numbered else None)


def _read(path: Path, name: str, prompt: LabelledPrompt | None) -> Piece:
    data = b""
    try:
        if path.is_file() and path.stat().st_size <= LIMITS.bytes:
            data = path.read_bytes()
        score, problem = read_midi(data or path), ""
    except OSError as error:
        score, problem = None, f"cannot be read ({error.strerror})"
    except MidiError as error:
        score, problem = None, str(error).removeprefix("the MIDI data: ").removeprefix(f"{path}: ")
    return Piece(
        name=name, score=score, prompt=prompt, problem=problem,
        sha256=hashlib.sha256(data).hexdigest() if data else "",
    )  # fmt: skip
