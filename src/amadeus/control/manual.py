"""The list of constraints as text: for the command line, for assistants and for docs/control.md."""

from __future__ import annotations

from itertools import groupby

from amadeus.control.parse import EXAMPLES, NAMES, parse_constraint


def command_line_help() -> str:
    """A paragraph for each name, in the markup of the command line's help."""
    scopes = r"\[for INSTRUMENT, ...] \[in bars A-B]"
    lines = (f"{name}: {'; '.join(EXAMPLES[name])}{_note(name)}" for name in EXAMPLES)
    return "\n\n".join([f"[bold]Constraints[/bold] have the form NAME: VALUE {scopes}", *lines])


def summary() -> str:
    """All names and values in one sentence."""
    first = (f"'{name}: {examples[0]}'" for name, examples in EXAMPLES.items())
    others = (", ".join(["", *map(repr, examples[1:])]) for examples in EXAMPLES.values())
    return "; ".join(map("".join, zip(first, others, map(_note, EXAMPLES), strict=True)))


def table() -> str:
    """The table of docs/control.md; examples that mean the same share a row."""
    lines = ["| constraint | always holds | preferred | `for` |", "| --- | --- | --- | --- |"]
    texts = [f"{name}: {example}" for name, examples in EXAMPLES.items() for example in examples]
    for (_, *meaning), group in groupby(texts, _meaning):
        examples = ", ".join(f"`{text}`".replace("|", r"\|") for text in group)
        lines.append(f"| {' | '.join([examples, *meaning])} |".replace("  ", " "))
    return "\n".join(lines)


def _note(name: str) -> str:
    notes = ", ".join(kind.note for kind in NAMES[name] if kind.note)
    return f" ({notes})" if notes else ""


def _meaning(text: str) -> tuple[str, ...]:
    """The name of a constraint, what is hard and soft about it, and whether it takes `for`."""
    one = parse_constraint(text)
    return one.name, one.hard, one.soft, "yes" if one.for_instruments else ""
