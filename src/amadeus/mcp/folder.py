"""The one folder that an assistant may read and write."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path

from amadeus.errors import ConfigError

SUFFIXES = (".mid", ".midi")
_NAME = re.compile(r"\w[\w .()+-]{0,99}")


class MidiFolder:
    """MIDI files in one folder, by name. Neither its subfolders nor what links lead to counts."""

    def __init__(self, path: Path) -> None:
        """Makes the folder where there is none. Raises ConfigError if it cannot be used."""
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; choose another folder") from None
        self.path = path.resolve()

    def existing(self, name: str) -> Path:
        """A file that is there. Raises ConfigError, with the names of some that are, if not."""
        path = self._inside(name)
        if not path.is_file():
            raise ConfigError(f"there is no file {name!r}; there are: {self._listing()}")
        return path

    def new(self, name: str) -> Path:
        """A file that is not there yet: of this name, or of the name with a number."""
        if not name.lower().endswith(SUFFIXES):
            name += SUFFIXES[0]
        path = self._inside(name)
        names = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
        while path.exists() or path.is_symlink():
            path = next(names)
        return path

    def _inside(self, name: str) -> Path:
        if not _NAME.fullmatch(name) or not name.lower().endswith(SUFFIXES):
            raise ConfigError(
                f"{name!r} is no name of a MIDI file here; give a plain one, such as 'waltz.mid', "
                "without folders"
            )
        path = self.path / name
        if path.is_symlink():
            raise ConfigError(f"{name!r} is a link; give a file")
        return path

    def _listing(self) -> str:
        names = sorted(p.name for p in self.path.iterdir() if p.suffix.lower() in SUFFIXES)
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        return (", ".join(names[:20]) or "none yet") + more
