"""Lists of prompts: one a line, or JSON lines with what each of them asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from amadeus.errors import ConfigError

MAX_BYTES = 16_000_000
MAX_ID = 100
_ID = re.compile(rf"\w[\w.-]{{0,{MAX_ID - 1}}}")


@dataclass(frozen=True, slots=True)
class LabelledPrompt:
    """A prompt, and what it asks for where somebody wrote that down."""

    text: str
    labels: Mapping[str, Any] = field(default_factory=dict)
    """Any of tempo, tempo_word, key, time_signature, instruments and bars."""
    id: str = ""
    """What files that answer it are named after."""
    files: tuple[str, ...] = ()
    """The files that answer it, where they are named otherwise."""


def read_prompts(path: Path) -> list[LabelledPrompt]:
    """Prompts of a text file, one a line, or of a .jsonl file: {"prompt": ..., "labels": {...}}.

    JSON may give an "id" and a "file" (or a list of them), too; the id is the number of the line
    otherwise. Empty lines are passed over. Raises ConfigError, naming the line, for one that is no
    prompt or has the id of another.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path} has more than {MAX_BYTES:,} bytes; split it")
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a file with one prompt a line") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; give a file with one prompt a line") from None
    read = _read_json if path.suffix.lower() in (".jsonl", ".ndjson") else LabelledPrompt
    prompts: dict[str, LabelledPrompt] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                prompt = read(line.strip())
                prompt = replace(prompt, id=prompt.id or str(number))
                if prompt.id in prompts:
                    raise ConfigError(f"the id {prompt.id!r} is taken; give each prompt its own")
            except ConfigError as error:
                raise ConfigError(f"{path}, line {number}: {error}") from None
            prompts[prompt.id] = prompt
    if not prompts:
        raise ConfigError(f"{path} holds no prompt; write one a line")
    return list(prompts.values())


def _read_json(line: str) -> LabelledPrompt:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("prompt"), str):
        raise ConfigError('no {"prompt": "..."}; write one JSON object a line')
    labels = value.get("labels", {})
    if not isinstance(labels, dict):
        raise ConfigError(f"labels must be an object, got {labels!r}")
    return LabelledPrompt(value["prompt"], labels, _read_id(value), _read_files(value))


def _read_id(value: dict[str, Any]) -> str:
    """The id as text, which can be the name of a file; "" where there is none."""
    given = value.get("id", "")
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    if not isinstance(given, str) or (given and not _ID.fullmatch(given)):
        raise ConfigError(
            f"id must be a number, or up to {MAX_ID} letters, digits, '.', '_' and '-'; "
            f"got {given!r}"
        )
    return given


def _read_files(value: dict[str, Any]) -> tuple[str, ...]:
    given = value.get("file", [])
    files = [given] if isinstance(given, str) else given
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        raise ConfigError(f"file must be a name or a list of names, got {given!r}")
    return tuple(files)
