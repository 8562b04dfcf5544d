"""Helpers for reading the values of constraints."""

from __future__ import annotations

import re

NUMBER = r"(\d{1,4}(?:\.\d+)?)"
DASH, ARROW = r"\s*-\s*", r"\s*->\s*"


class NotUnderstood(Exception):
    """A value of another form than expected."""


def match(pattern: str, value: str) -> re.Match[str]:
    """The match of a whole value, ignoring case. Raises NotUnderstood if there is none."""
    result = re.fullmatch(pattern, value, re.IGNORECASE)
    if not result:
        raise NotUnderstood
    return result


def split_names(text: str) -> tuple[str, ...]:
    """The names in a list such as "piano, bass and drums"."""
    names = (name.strip() for name in re.split(r",|\s+and\s+|&", text))
    return tuple(name for name in names if name)
