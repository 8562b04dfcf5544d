"""What people and programs see: progress on terminals, aligned text, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

Update = Callable[..., None]
"""What a progress bar is told: update(done, total=..., text=...)."""


@contextmanager
def progress_bar(text: str, total: int | None = None, *, hidden: bool = False) -> Iterator[Update]:
    """A bar on stderr if that is a terminal; yields update(done, total=..., text=...).

    hidden: show no bar, for all but one of the processes that share a terminal.
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
    """The same for work in stages; yields progress(stage, done, total)."""
    with progress_bar(text) as update:
        yield lambda stage, done, total: update(done, total=total, text=stage)


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


def print_explained(
    explained: list[dict[str, str]], say: Callable[[str], None] = typer.echo
) -> None:
    """What music is held to, a constraint a line, what is hard and what is soft below it."""
    for one in explained:
        source = f", {one['source']}" if one["source"] else ""
        say(f"{one['constraint']}{source}")
        for kind in ("hard", "soft"):
            if one[kind]:
                say(f"  {kind}: {one[kind]}")
    if not explained:
        say("nothing is constrained")


def print_profile(
    profile: dict[str, dict[str, str]] | None,
    prefix: str = "",
    say: Callable[[str], None] = typer.echo,
) -> None:
    """What was stated of the profile that a piece is composed with, and what was filled in."""
    for title, kind in (("profile", "stated"), ("profile, from a real piece", "filled")):
        if profile and profile[kind]:
            values = ", ".join(f"{name}: {value}" for name, value in profile[kind].items())
            say(f"{prefix}{title}: {values}")


def print_table(rows: Iterable[Iterable[str]]) -> None:
    """Print cells in columns, all but the last padded to one width."""
    lines = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def _printable(text: str) -> str:
    """Without the control characters that a file may carry: a terminal would obey them."""
    return "".join(c if c.isprintable() else "?" for c in text)
