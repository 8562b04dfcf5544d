"""Lists of prompts: one a line, or JSON lines with what each of them asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amadeus.errors import ConfigError

MAX_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class LabelledPrompt:
    """A prompt, and what it asks for where somebody wrote that down."""

    text: str
    labels: Mapping[str, Any] = field(default_factory=dict)
    """Any of tempo, tempo_word, key, time_signature, instruments and bars."""


def read_prompts(path: Path) -> list[LabelledPrompt]:
    """Prompts of a text file, one a line, or of a .jsonl file: {"prompt": ..., "labels": {...}}.

    Empty lines are passed over. Raises ConfigError, naming the line, for one that is no prompt.
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
    prompts = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                prompts.append(read(line.strip()))
            except ConfigError as error:
                raise ConfigError(f"{path}, line {number}: {error}") from None
    if not prompts:
        raise ConfigError(f"{path} holds no prompt; write one a line")
    return prompts


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
    return LabelledPrompt(value["prompt"], labels)
