"""Constraints as text: NAME: VALUE [for INSTRUMENT, ...] [in bars A-B].

Names and values are those of `kinds`. Bars count from 1; "in bars 9-" runs to the end, and "in bar
4" is one bar.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from amadeus.control.constraint import Constraint
from amadeus.control.kinds import KINDS
from amadeus.control.kinds.kind import NotUnderstood, split_names
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError

_KINDS = {name: kind for kind in KINDS for name in kind.names}
_BARS = re.compile(r"\s*\bin\s+bars?\s+(\d{1,6})(?:\s*(-|to)\s*(\d{1,6})?)?(?=\s|$)", re.I)
_FOR = re.compile(r"\s*\bfor\s+(.+)$", re.I)
_PLAIN = str.maketrans({"\u2013": "-", "\u2192": "->", "\u00a0": " "})


def parse_constraint(text: str) -> Constraint:
    """The constraint that a text states.

    Raises ConfigError that says what was not understood, and what may be written instead.
    """
    name, colon, value = text.partition(":")
    name = " ".join(name.lower().split())
    if not colon or name not in _KINDS:
        raise ConfigError(f"constraint {text!r}: {_unknown(name, bool(colon))}")
    try:
        value, scope = _split_scope(" ".join(value.translate(_PLAIN).split()))
        if not value:
            raise NotUnderstood
        return _KINDS[name].read(value, scope=scope)
    except NotUnderstood:
        hint = _KINDS[name].hint
        raise ConfigError(f"constraint {text!r}: {value!r} is not understood; {hint}") from None
    except ConfigError as error:
        raise ConfigError(f"constraint {text!r}: {error}") from None


def _unknown(name: str, has_colon: bool) -> str:
    names = ", ".join(_KINDS)
    if not has_colon:
        return f"write NAME: VALUE, such as 'key: A minor'; names are {names}"
    close = get_close_matches(name, _KINDS, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"there is no {name!r}; {hint}{'Names' if hint else 'names'} are {names}"


def _split_scope(value: str) -> tuple[str, Scope]:
    """The value without its scope, and the scope."""
    bars: tuple[int, int | None] | None = None
    if found := _BARS.search(value):
        first, dash, last = found.groups()
        bars = int(first), int(last) if last else None if dash else int(first)
        value = value[: found.start()] + value[found.end() :]
    instruments: tuple[str, ...] = ()
    if found := _FOR.search(value):
        instruments = split_names(found[1])
        value = value[: found.start()]
    return value.strip(), Scope(bars, instruments)
