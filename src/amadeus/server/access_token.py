"""The access token that is set: from a file, or from the environment, which others cannot see."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from amadeus.errors import ConfigError

VARIABLE = "AMADEUS_TOKEN"
_MOST_BYTES = 1024
_READ_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


def set_token(
    given: str | None,
    file: Path | None,
    warn: Callable[[str], None],
    environment: Mapping[str, str] = os.environ,
) -> str | None:
    """The token that is given, in a file, or in AMADEUS_TOKEN; None where none is set.

    given: on the command line, where every user of this machine can read it.
    warn: called with what others can see.
    Raises ConfigError for --token beside a file, a file that cannot be read, and what is no token.
    """
    if given is not None and file is not None:
        raise ConfigError("--token and --token-file exclude each other; leave out --token")
    if file is not None:
        return _checked(_read(file, warn), f"in {file}")
    if given is not None:
        warn(f"--token shows every user of this machine the token; use --token-file or {VARIABLE}")
        return _checked(given, "of --token")
    found = environment.get(VARIABLE)
    return _checked(found, f"in {VARIABLE}") if found else None


def _read(path: Path, warn: Callable[[str], None]) -> str:
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"the token file {path} cannot be read ({error.strerror}); name another"
        ) from None
    if len(text) > _MOST_BYTES:
        raise ConfigError(f"the token file {path} is too long; it may have {_MOST_BYTES:,} bytes")
    if os.name != "nt" and stat.S_ISREG(status.st_mode) and status.st_mode & _READ_BY_OTHERS:
        warn(f"other users can read the token file {path}; run: chmod 600 {path}")
    return text.decode("latin-1")


def _checked(token: str, place: str) -> str:
    token = token.strip()
    if not (token and token.isascii() and token.isprintable()):
        raise ConfigError(f"the access token {place} must be printable ASCII; choose another")
    return token
