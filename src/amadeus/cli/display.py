"""Progress bars, tables and JSON output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

Update = Callable[..., None]
"""Updates a progress bar: update(done, total=..., text=...)."""


@contextmanager
def progress_bar(text: str, total: int | None = None, *, hidden: bool = False) -> Iterator[Update]:
    """A progress bar on stderr, if that is a terminal; yields update(done, total=..., text=...).

    hidden: show no bar, for the other processes that share a terminal.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    bar = Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=hidden or not console.is_terminal,
        speed_estimate_period=300,
    )
    with bar:
        task = bar.add_task(text, total=total)

        def update(done: int, total: int | None = None, text: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=text)

        yield update


@contextmanager
def staged_progress(text: str) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for work in stages; yields progress(stage, done, total)."""
    with progress_bar(text) as update:
        yield lambda stage, done, total: update(done, total=total, text=stage)


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


def print_unknown(phrases: Iterable[str]) -> None:
    """Print what looks like an instruction in a prompt and was not understood, to stderr."""
    listing = ", ".join(phrases)
    if listing:
        typer.echo(f"not understood: {listing}", err=True)


def print_explained(
    explained: list[dict[str, str]], say: Callable[[str], None] = typer.echo
) -> None:
    """Print constraints, one per line, with their hard and soft parts below."""
    for constraint in explained:
        source = f", {constraint['source']}" if constraint["source"] else ""
        say(f"{constraint['constraint']}{source}")
        for kind in ("hard", "soft"):
            if constraint[kind]:
                say(f"  {kind}: {constraint[kind]}")
    if not explained:
        say("no constraints")


def print_profile(
    profile: dict[str, dict[str, str]] | None,
    prefix: str = "",
    say: Callable[[str], None] = typer.echo,
) -> None:
    """Print the stated values of a piece's profile and those taken from a real piece."""
    from amadeus.profile.wording import in_words

    for title, kind in (("profile", "stated"), ("profile, from a real piece", "filled")):
        if profile and profile[kind]:
            say(f"{prefix}{title}: {in_words(profile[kind])}")


def print_table(rows: Iterable[Iterable[str]]) -> None:
    """Print rows of cells in aligned columns."""
    lines = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def _printable(text: str) -> str:
    """Replace control characters, which a terminal would interpret."""
    return "".join(c if c.isprintable() else "?" for c in text)
