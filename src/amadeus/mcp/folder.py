"""The folder that an assistant may read and write."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path

from amadeus.errors import ConfigError
from amadeus.files import write_bytes
from amadeus.music.midi import MIDI_SUFFIXES, SCORE_SUFFIXES

_NAME = re.compile(r"\w[\w .()+-]{0,99}")


class MidiFolder:
    """MIDI and notation files in one folder, by name. Subfolders and links are not accessible."""

    def __init__(self, path: Path) -> None:
        """Creates the folder if it is missing. Raises ConfigError if it cannot be used."""
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; choose another folder") from None
        self.path = path.resolve()

    def existing(self, name: str) -> Path:
        """The path of an existing file. Raises ConfigError listing the files if it is missing."""
        path = self._inside(name, SCORE_SUFFIXES)
        if not path.is_file():
            raise ConfigError(f"there is no file {name!r}; available files: {self._listing()}")
        return path

    def named(self, name: str) -> Path:
        """The path for a new file, whether or not it exists. Raises ConfigError for a bad name."""
        named = name if name.lower().endswith(MIDI_SUFFIXES) else name + MIDI_SUFFIXES[0]
        return self._inside(named, MIDI_SUFFIXES)

    def add(self, path: Path, midi: bytes) -> Path:
        """Write a new file, numbered if `path` exists; returns its path."""
        for number in count(1):
            candidate = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
            try:
                write_bytes(candidate, midi, is_new=True)
                return candidate
            except FileExistsError:
                continue
        raise AssertionError("unreachable")

    def _inside(self, name: str, suffixes: tuple[str, ...]) -> Path:
        if not _NAME.fullmatch(name) or not name.lower().endswith(suffixes):
            raise ConfigError(
                f"{name!r} is not a valid file name; give a plain name such as 'waltz.mid', "
                "without folders"
            )
        path = self.path / name
        if path.is_symlink():
            raise ConfigError(f"{name!r} is a link; choose a regular file")
        return path

    def _listing(self) -> str:
        names = sorted(p.name for p in self.path.iterdir() if p.suffix.lower() in SCORE_SUFFIXES)
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        return (", ".join(names[:20]) or "none yet") + more
