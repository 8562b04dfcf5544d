"""`amadeus caption`: describes MIDI files in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar
from amadeus.errors import AmadeusError

if TYPE_CHECKING:
    from amadeus.music.limits import Limits

EXAMPLES = options.examples(
    "amadeus caption song.mid",
    "amadeus caption song.mid --count 5 --seed 7",
    'amadeus caption ~/midi --labels "rock;sad" --json > captions.json',
    'amadeus caption sonata.mid --labels classical --composer "Beethoven"',
)


def caption(
    sources: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="MIDI files or folders.")
    ],
    count: Annotated[int, typer.Option(min=1, max=1000, help="Number of captions per piece.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same captions.")] = 0,
    labels: Annotated[
        str,
        typer.Option(
            metavar="WORDS",
            help="Genres, forms and moods of all pieces, separated by ';'; unknown labels are "
            "ignored.",
        ),
    ] = "",
    composer: Annotated[
        str, typer.Option(help="Composer of the pieces; named if famous and labelled classical.")
    ] = "",
    no_limits: options.NoLimits = False,
    as_json: options.Json = False,
) -> None:
    """Describe MIDI files in words, in the style of the training captions.

    With --json, also prints the measured facts: key, tempo, time signature, instruments by sounding
    time, chords, density, register, texture, length and form. Files that cannot be read are listed
    on stderr and skipped, and the exit code is then 1.
    """
    files, errors = _files(sources)
    captioned: list[dict[str, Any]] = []
    limits = options.limits(no_limits)
    with progress_bar("Reading files", len(files)) as update:
        for done, path in enumerate(files, start=1):
            try:
                captioned.append(_described(path, limits, count, seed, labels.split(";"), composer))
            except (AmadeusError, OSError) as error:
                errors.append(" ".join(str(error).split()))
            update(done)
    if as_json:
        print_json(captioned)
    else:
        _print(captioned)
    for message in errors:
        typer.echo(f"amadeus: error: {message}", err=True)
    if errors:
        typer.echo(f"{len(captioned):,} files captioned, {len(errors):,} failed", err=True)
        raise typer.Exit(1)


def _files(sources: list[Path]) -> tuple[list[Path], list[str]]:
    """The given files and those in the given folders, and an error per folder without any."""
    files: list[Path] = []
    errors = []
    for source in sources:
        inside = list(_music_files(source)) if source.is_dir() else [source]
        if not inside:
            errors.append(f"{source} contains no MIDI files (*.mid, *.midi); choose another folder")
        files += inside
    return list(dict.fromkeys(files)), errors


def _music_files(folder: Path) -> Iterator[Path]:
    from amadeus.music.midi import SCORE_SUFFIXES

    found = (p for p in sorted(folder.rglob("*")) if p.suffix.lower() in SCORE_SUFFIXES)
    return (path for path in found if path.is_file())


def _described(
    path: Path, limits: Limits, count: int, seed: int, labels: list[str], composer: str
) -> dict[str, Any]:
    from amadeus.cli.outputs import read_with_notices
    from amadeus.text.captioner import write_captions
    from amadeus.text.facts import measure

    facts = measure(read_with_notices(path, limits), labels=labels, composer=composer)
    captions = write_captions(facts, count, seed)
    return {"path": str(path), "captions": captions, "facts": facts.to_dict()}


def _print(pieces: list[dict[str, Any]]) -> None:
    """Print captions, one per line, below the name of their file if there are several files."""
    for piece in pieces:
        if len(pieces) > 1:
            print_table([(piece["path"],)])
        for text in piece["captions"]:
            typer.echo(f"  {text}" if len(pieces) > 1 else text)
