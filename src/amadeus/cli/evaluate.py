"""`amadeus evaluate`: evaluates composed pieces or any other MIDI files."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar
from amadeus.cli.outputs import check_report, output_report
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    from amadeus.evaluation.evidence import System
    from amadeus.evaluation.memorisation import Passages
    from amadeus.evaluation.pieces import Piece
    from amadeus.evaluation.reference_set import RealMusic
    from amadeus.music.score import Score
    from amadeus.text.prompt_list import LabelledPrompt

EXAMPLES = (
    options.examples(
        "amadeus evaluate --prompts prompts.jsonl --seeds 3 --output report",
        "amadeus evaluate pieces --prompts prompts.jsonl --output report",
        "amadeus evaluate pieces --reference midi --training shards --output report",
    )
    + "\n\n[bold]Exit codes[/bold]\n\n0: all files were read; 3: some files could not be read and "
    "are listed; 1: there was nothing to evaluate."
)
_PLAIN_NAME = re.compile(r"[\w .-]+")
"""Names of folders that can be used as column headers."""
SOME_BROKEN = 3
"""Exit code if there is a report, but some files could not be read."""


def evaluate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            help="MIDI files to evaluate. By default, the model composes from the prompts.",
        ),
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help='One prompt per line: {"id": "a1", "prompt": ..., "labels": {"tempo": 120, "key": '
            '"A minor", ...}}. The files a1.mid and a1-2.mid belong to it, and those listed as '
            '"file". Ids default to line numbers.',
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Real music to compare with: a folder of MIDI files, or the validation split of "
            "shards.",
        ),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Training data to search for memorised passages: a folder of MIDI files, or the "
            "training split of shards.",
        ),
    ] = None,
    clap: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|NAME",
            help="CLAP weights, to compare the sound with the prompts; see docs/weights.md.",
        ),
    ] = None,
    frechet: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="CLaMP 2 weights, for the Frechet music distance to --reference; see "
            "docs/weights.md.",
        ),
    ] = None,
    genres: Annotated[
        bool,
        typer.Option(
            "--genres",
            help="Listen whether the genres that prompts name, or subfolders of FOLDER, are heard.",
        ),
    ] = False,
    opening: Annotated[
        int, typer.Option(min=2, help="Number of bars to compare at the start of each piece.")
    ] = 16,
    reference_pieces: Annotated[
        int,
        typer.Option(min=4, max=2000, help="Most real pieces to compare with, sampled evenly."),
    ] = 500,
    seeds: Annotated[int, typer.Option(min=1, help="Number of pieces to compose per prompt.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first piece.")] = 0,
    bars: Annotated[
        int | None,
        typer.Option(min=1, help="Length in bars; by default the prompt's, or 16."),
    ] = None,
    notes: options.Notes = None,
    guidance: options.Guidance = None,
    model: options.Model = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for report.html, README.md, numbers.json, figures and composed pieces.",
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Evaluate music: prompt adherence, similarity to real music, memorised passages.

    Without a FOLDER, every prompt is composed twice: with the values it states as constraints, and
    by the model alone.
    """
    if folder is None and prompts is None:
        raise ConfigError("nothing to evaluate; give a FOLDER of MIDI files or --prompts")
    composing = options.given(bars=bars, notes=notes, guidance=guidance, model=model)
    if folder is not None and composing:
        raise ConfigError(
            f"--{next(iter(composing))} only applies to composing, not to the existing files in "
            f"{folder}; leave out one of the two"
        )
    if clap is not None and prompts is None:
        raise ConfigError("--clap compares pieces with their prompts; add --prompts")
    if frechet is not None and reference is None:
        raise ConfigError("--frechet measures the distance to real music; add --reference")

    from amadeus.evaluation.embedding_metrics import clap_part, frechet_part
    from amadeus.evaluation.evidence import Evidence, System
    from amadeus.evaluation.parts import PARTS, report_on
    from amadeus.evaluation.reference_set import open_music
    from amadeus.text.prompt_list import read_prompts

    labelled = [] if prompts is None else read_prompts(prompts)
    _check_labels(labelled)
    check_report(output)
    parts = [
        *PARTS,
        *([] if clap is None else [clap_part(clap)]),
        *([] if frechet is None else [frechet_part(frechet)]),
    ]
    if genres:
        from amadeus.evaluation.ear.part import genre_part

        parts.append(genre_part)
    if genres and folder is None:
        _check_genres(prompt.text for prompt in labelled)
    composing = {"seeds": seeds, "seed": seed, **composing}
    pieces = _compose(labelled, **composing) if folder is None else _read(folder, labelled)
    if genres and folder is not None:
        from amadeus.evaluation.ear.part import description

        _check_genres(description(piece) for members in pieces.values() for piece in members)
    systems = [System(name, members, opening) for name, members in pieces.items()]
    with progress_bar("Reading real music") as update:
        real = None if reference is None else open_music(reference, "validation", update)
        openings = [] if real is None else real.openings(opening, reference_pieces, update)
    known, trained_on = None, None
    if training is not None:
        scores = [*openings, *(score for system in systems for score in system.openings)]
        known, trained_on = _find_passages(training, scores)
    evidence = Evidence(
        systems=systems, bars=opening, prompts=labelled, reference=openings, training=known
    )
    used = {
        "prompts": prompts, "reference": reference, "training": training, "clap": clap,
        "frechet": frechet, "genres": genres or None,
    }  # fmt: skip
    given = options.given(
        **used, opening=opening, reference_pieces=reference_pieces if real else None
    )
    given |= composing if folder is None else {}
    hashes = _hashes(prompts, systems, real, trained_on)
    hashes |= _hashes_of_networks(clap, frechet, genres)
    with progress_bar("Measuring"):
        report = report_on(evidence, _provenance(folder, model, given, hashes), parts)
    output_report(report, output, as_json)
    if output is not None and folder is None:
        _write_pieces(systems, output)
    corpora = [corpus.broken for corpus in (real, trained_on) if corpus is not None]
    _report_broken([p for broken in (*(s.broken for s in systems), *corpora) for p in broken])


def _check_labels(prompts: list[LabelledPrompt]) -> None:
    """Raises ConfigError for a prompt with invalid labels, before any other work."""
    from amadeus.errors import ScoreError
    from amadeus.evaluation.alignment import Wanted

    for prompt in prompts:
        try:
            Wanted.from_labels(prompt.labels)
        except (ConfigError, ScoreError) as error:
            raise ConfigError(f"prompt {prompt.id}: {error}") from None


def _check_genres(texts: Iterable[str]) -> None:
    """Raises ConfigError if none of the texts names a genre that can be heard."""
    from amadeus.evaluation.ear.genres import audible_genres, named_genres

    if not any(named_genres(text) for text in texts):
        names = ", ".join(audible_genres())
        raise ConfigError(
            f"--genres: no prompt or subfolder names a genre that can be heard; these can: {names}"
        )


def _compose(
    prompts: list[LabelledPrompt], model: str | None = None, **settings: Any
) -> dict[str, list[Piece]]:
    from amadeus.evaluation.prompted import compose_prompts
    from amadeus.inference.composer import load_model

    composer = load_model(**options.given(name=model))
    with progress_bar("Composing rows") as update:
        return compose_prompts(composer, prompts, progress=lambda _, rows: update(rows), **settings)


def _read(folder: Path, prompts: list[LabelledPrompt]) -> dict[str, list[Piece]]:
    """Raises ConfigError if none of the files can be read."""
    from amadeus.evaluation.pieces import read_folder

    with progress_bar("Reading files") as update:
        pieces = read_folder(folder, prompts, update)
    if all(piece.problem for piece in pieces):
        first = pieces[0]
        raise ConfigError(
            f"none of the {len(pieces)} files in {folder} can be read; "
            f"the first, {first.name}, {first.problem}"
        )
    name = folder.resolve().name
    return {name if _PLAIN_NAME.fullmatch(name) else "files": pieces}


def _find_passages(training: Path, scores: list[Score]) -> tuple[Passages, RealMusic]:
    from amadeus.evaluation.memorisation import Passages
    from amadeus.evaluation.reference_set import open_music

    with progress_bar("Reading training pieces") as update:
        trained_on = open_music(training, "train", update)
        return Passages(trained_on.scores(update), among=scores), trained_on


def _hashes(
    prompts: Path | None, systems: list[System], real: RealMusic | None,
    trained_on: RealMusic | None,
) -> dict[str, str]:  # fmt: skip
    """Hashes of the evaluated files and of the data they are compared with."""
    from amadeus.reports.provenance import hash_of_list

    hashes = {}
    if prompts is not None:
        hashes["prompts"] = f"SHA-256 {hashlib.sha256(prompts.read_bytes()).hexdigest()}"
    files = [piece.sha256 for system in systems for piece in system.pieces if piece.sha256]
    if files:
        hashes["files"] = f"{len(files):,}, SHA-256 of their hashes by name {hash_of_list(files)}"
    hashes |= {} if real is None else {"reference": str(real)}
    return hashes | ({} if trained_on is None else {"training": str(trained_on)})


def _hashes_of_networks(clap: str | None, frechet: Path | None, genres: bool) -> dict[str, str]:
    """Hashes of the listening networks' weights, and the versions of the libraries they use."""
    from amadeus.evaluation.weights import find_weights
    from amadeus.reports.provenance import hash_of_weights, versions

    given = options.given(clap=clap, frechet=frechet)
    hashes = {k: f"SHA-256 {hash_of_weights(find_weights(v, k))}" for k, v in given.items()}
    hashes |= {"listening with": versions("torch", "transformers")} if hashes else {}
    if genres:
        from amadeus.evaluation.ear.listener import FOLDER

        hashes["genres"] = f"SHA-256 {hash_of_weights(FOLDER)}"
    return hashes


def _provenance(
    folder: Path | None, model: str | None, given: dict[str, Any], hashes: dict[str, str]
) -> dict[str, Any]:
    from amadeus.reports.provenance import provenance_of, versions

    words = ["amadeus evaluate", *([] if folder is None else [shlex.quote(str(folder))])]
    words += [
        f"--{k.replace('_', '-')}" + ("" if v is True else f" {shlex.quote(str(v))}")
        for k, v in given.items()
    ]
    command = " ".join(words).replace("`", "'")
    if folder is None:
        from amadeus.model.packaged import DEFAULT_MODEL

        return provenance_of(command, model or DEFAULT_MODEL, **hashes)
    return {
        "command": f"`{command}`", **hashes,
        "versions": versions("amadeus-music", "symusic", "numpy"),
    }  # fmt: skip


def _write_pieces(systems: list[System], output: Path) -> None:
    """Write the composed pieces, in one folder per system."""
    from amadeus.music.midi import write_midi

    for system in systems:
        folder = output / system.name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        for piece in system.pieces:
            if piece.music is not None:
                write_midi(piece.music, folder / piece.name)


def _report_broken(broken: list[Piece]) -> None:
    """List the files that could not be read, and exit with SOME_BROKEN if there are any."""
    for piece in broken:
        typer.echo(f"amadeus: {piece.name}: {piece.problem}", err=True)
    if broken:
        typer.echo(f"amadeus: files that could not be read: {len(broken)}", err=True)
        raise typer.Exit(SOME_BROKEN)
