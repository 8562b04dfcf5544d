"""The list of constraints as text: for the command line, for assistants and for docs/control.md."""

from __future__ import annotations

from itertools import groupby

from amadeus.control.parse import EXAMPLES, NAMES, parse_constraint


def lines() -> list[str]:
    """A line for each name, with its values: "density: 8; at most 12 (notes per bar)"."""
    return [f"{name}: {'; '.join(EXAMPLES[name])}{_note(name)}" for name in EXAMPLES]


def table() -> str:
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
    one = parse_constraint(text)
    return one.name, one.hard, one.soft, "yes" if one.for_instruments else ""
