"""Reads the access token from a file or the environment, where other users cannot see it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from amadeus.errors import ConfigError

VARIABLE = "AMADEUS_TOKEN"
_MAX_BYTES = 1024
_READ_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


def configured_token(
    given: str | None,
    file: Path | None,
    warn: Callable[[str], None],
    environment: Mapping[str, str] = os.environ,
) -> str | None:
    """The token from the command line, a file or AMADEUS_TOKEN; None if none is set.

    given: the --token option, which every user of this machine can read.
    warn: called with a warning if other users can see the token.
    Raises ConfigError if both options are given, or for an unreadable file or an invalid token.
    """
    if given is not None and file is not None:
        raise ConfigError("use either --token or --token-file, not both; leave out --token")
    if file is not None:
        return _checked(_read(file, warn), f"in {file}")
    if given is not None:
        warn(
            f"every user of this machine can see a token given with --token; use --token-file "
            f"or {VARIABLE}"
        )
        return _checked(given, "given with --token")
    token = environment.get(VARIABLE)
    return _checked(token, f"in {VARIABLE}") if token else None


def _read(path: Path, warn: Callable[[str], None]) -> str:
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"cannot read the token file {path} ({error.strerror}); choose another"
        ) from None
    if len(text) > _MAX_BYTES:
        raise ConfigError(f"the token file {path} is too long; the limit is {_MAX_BYTES:,} bytes")
    if os.name != "nt" and stat.S_ISREG(status.st_mode) and status.st_mode & _READ_BY_OTHERS:
        warn(f"other users can read the token file {path}; run: chmod 600 {path}")
    return text.decode("latin-1")


def _checked(token: str, place: str) -> str:
    token = token.strip()
    if not (token and token.isascii() and token.isprintable()):
        raise ConfigError(f"the access token {place} must be printable ASCII; choose another")
    return token
