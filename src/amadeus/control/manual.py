"""The list of constraints as text: for the command line, for assistants and for docs/control.md."""

from __future__ import annotations

from itertools import groupby

from amadeus.control.kinds import KINDS, Kind
from amadeus.control.kinds.kind import either
from amadeus.control.parse import parse_constraint


def command_line_help() -> str:
    """A paragraph for each kind, in the markup of the command line's help."""
    form = (
        r"[bold]Constraints[/bold] have the form NAME: VALUE \[for INSTRUMENT, ...] \[in bars A-B]"
    )
    lines = (f"{kind.names[0]}: {'; '.join(kind.examples)}{_note(kind)}" for kind in KINDS)
    return "\n\n".join([form, *lines])


def summary() -> str:
    """All names and values in one sentence."""
    return "; ".join(
        either([f"'{kind.names[0]}: {kind.examples[0]}'", *map(repr, kind.examples[1:])])
        + _note(kind)
        for kind in KINDS
    )


def table() -> str:
    """The table of docs/control.md; examples that mean the same share a row."""
    lines = ["| constraint | always holds | preferred | `for` |", "| --- | --- | --- | --- |"]
    texts = [f"{kind.names[0]}: {example}" for kind in KINDS for example in kind.examples]
    for meaning, group in groupby(texts, _meaning):
        examples = ", ".join(f"`{text}`".replace("|", r"\|") for text in group)
        lines.append(f"| {' | '.join([examples, *meaning[1:]])} |".replace("  ", " "))
    return "\n".join(lines)


def _note(kind: Kind) -> str:
    return f" ({kind.note})" if kind.note else ""


def _meaning(text: str) -> tuple[str, ...]:
    """The name of a constraint, what is hard and soft about it, and whether it takes `for`."""
    one = parse_constraint(text)
    return one.name, one.hard, one.soft, "yes" if one.for_instruments else ""
