"""A kind of constraint as text: its names, examples of its values, and how values are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from amadeus.control.constraint import Constraint

NUMBER = r"(\d{1,4}(?:\.\d+)?)"
DASH, ARROW = r"\s*-\s*", r"\s*->\s*"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of constraint. Help, error messages and the manual are made from these."""

    names: tuple[str, ...]
    """What it is called in text; the first name is the one that is shown."""
    examples: tuple[str, ...]
    """Typical values, one for each form that a value may have."""
    read: Callable[..., Constraint]
    """(value, scope=scope) -> the constraint. Raises NotUnderstood for a value of another form, and
    ConfigError for one that makes no sense."""
    note: str = ""
    """An explanation of the examples."""

    @property
    def hint(self) -> str:
        """What may be written, for messages."""
        return f"write {either(list(map(repr, self.examples)))}"


class NotUnderstood(Exception):
    """A value that has none of the forms of its kind."""


def match(pattern: str, value: str) -> re.Match[str]:
    """The match of a whole value, ignoring case. Raises NotUnderstood if there is none."""
    found = re.fullmatch(pattern, value, re.IGNORECASE)
    if not found:
        raise NotUnderstood
    return found


def split_names(text: str) -> tuple[str, ...]:
    """The names in a list such as "piano, bass and drums"."""
    names = (name.strip() for name in re.split(r",|\s+and\s+|&", text))
    return tuple(name for name in names if name)


def either(options: list[str]) -> str:
    """The options as a list in English: "a, b or c"."""
    return " or ".join(filter(None, [", ".join(options[:-1]), options[-1]]))
