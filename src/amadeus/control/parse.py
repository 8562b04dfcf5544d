"""Constraints as text, NAME: VALUE [for INSTRUMENT, ...] [in bars A-B], and the list of them.

Names and values are those of `kinds`. Bars count from 1; "in bars 9-" runs to the end, and "in bar
4" is one bar.
"""

from __future__ import annotations

import re
from collections import defaultdict
from difflib import get_close_matches
from itertools import groupby

from amadeus.control.constraint import Constraint
from amadeus.control.kinds import KINDS
from amadeus.control.kinds.reading import NotUnderstood, split_names
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError

NAMES: dict[str, list[type[Constraint]]] = defaultdict(list)
"""The kinds that each name stands for."""
EXAMPLES: dict[str, list[str]] = defaultdict(list)
"""Values, one of each form, by the names that are shown in help."""
for _kind in KINDS:
    for _name in _kind.names or (_kind.name,):
        NAMES[_name].append(_kind)
    EXAMPLES[(_kind.names or (_kind.name,))[0]].extend(_kind.examples)
_BARS = re.compile(r"\s*\bin\s+bars?\s+(\d{1,6})(?:\s*(-|to)\s*(\d{1,6})?)?(?=\s|$)", re.I)
_FOR = re.compile(r"\s*\bfor\s+(.+)$", re.I)
_PLAIN = str.maketrans({"\u2013": "-", "\u2192": "->", "\u00a0": " "})


def parse_constraint(text: str) -> Constraint:
    """The constraint that a text states.

    Raises ConfigError that says what was not understood, and what may be written instead.
    """
    name, colon, value = text.partition(":")
    name = " ".join(name.lower().split())
    if not colon or name not in NAMES:
        raise ConfigError(f"constraint {text!r}: {_unknown(name, bool(colon))}")
    try:
        value, scope = _split_scope(" ".join(value.translate(_PLAIN).split()))
        for kind in NAMES[name] if value else ():
            try:
                return kind.read(value, scope)
            except NotUnderstood:
                continue
    except ConfigError as error:
        raise ConfigError(f"constraint {text!r}: {error}") from None
    examples = [repr(example) for kind in NAMES[name] for example in kind.examples]
    hint = " or ".join(filter(None, [", ".join(examples[:-1]), examples[-1]]))
    raise ConfigError(f"constraint {text!r}: {value!r} is not understood; write {hint}")


def _unknown(name: str, has_colon: bool) -> str:
    names = ", ".join(NAMES)
    if not has_colon:
        return f"write NAME: VALUE, such as 'key: A minor'; names are {names}"
    close = get_close_matches(name, NAMES, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"there is no {name!r}; {hint}{'Names' if hint else 'names'} are {names}"


def _split_scope(value: str) -> tuple[str, Scope]:
    """The value without its scope, and the scope."""
    bars: tuple[int, int | None] | None = None
    if match := _BARS.search(value):
        first, dash, last = match.groups()
        bars = int(first), int(last) if last else None if dash else int(first)
        value = value[: match.start()] + value[match.end() :]
    instruments: tuple[str, ...] = ()
    if match := _FOR.search(value):
        instruments = split_names(match[1])
        value = value[: match.start()]
    return value.strip(), Scope(bars, instruments)


def help_lines() -> list[str]:
    """A line for each name, with its values: "density: 8; at most 12 (notes per bar)"."""
    return [f"{name}: {'; '.join(EXAMPLES[name])}{_note(name)}" for name in EXAMPLES]


def help_table() -> str:
    """The table of docs/control.md; examples that mean the same share a row."""
    rows = ["| constraint | always holds | preferred | `for` |", "| --- | --- | --- | --- |"]
    texts = [f"{name}: {example}" for name, examples in EXAMPLES.items() for example in examples]
    for (_, *meaning), group in groupby(texts, _meaning):
        examples = ", ".join(f"`{text}`".replace("|", r"\|") for text in group)
        rows.append(f"| {' | '.join([examples, *meaning])} |".replace("  ", " "))
    return "\n".join(rows)


def _note(name: str) -> str:
    notes = ", ".join(kind.note for kind in NAMES[name] if kind.note)
    return f" ({notes})" if notes else ""


def _meaning(text: str) -> tuple[str, ...]:
    """The name of a constraint, what is hard and soft about it, and whether it takes `for`."""
    meant = parse_constraint(text)
    return meant.name, meant.hard, meant.soft, "yes" if meant.for_instruments else ""
