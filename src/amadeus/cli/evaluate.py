"""`amadeus evaluate`: one evaluator for what a model composes and for anyone's MIDI files."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar
from amadeus.cli.outputs import check_report, hand_over
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
    + "\n\n[bold]Exit codes[/bold]\n\n0 all was read, 3 some files could not be and are named, "
    "1 there was nothing to evaluate."
)
_PLAIN_NAME = re.compile(r"[\w .-]+")
"""Folders whose name can head a column as it is."""
SOME_BROKEN = 3
"""Exit code where a report was made and some files could not be read."""


def evaluate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            help="MIDI files to evaluate; left out, the model composes from the prompts.",
        ),
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help='One a line: {"id": "a1", "prompt": ..., "labels": {"tempo": 120, "key": '
            '"A minor", ...}}; the files a1.mid and a1-2.mid answer it, and those it names as '
            '"file". Without ids, lines are counted.',
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Real music to compare with: MIDI files, or the validation split of shards.",
        ),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Look for memorised passages: MIDI files, or the training split of shards.",
        ),
    ] = None,
    clap: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|NAME", help="Have CLAP compare sound and prompts; see docs/weights.md."
        ),
    ] = None,
    frechet: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Frechet music distance to --reference by CLaMP 2; same page."
        ),
    ] = None,
    opening: Annotated[
        int, typer.Option(min=2, help="Measure what music is like in so many bars of each piece.")
    ] = 16,
    reference_pieces: Annotated[
        int, typer.Option(min=4, max=2000, help="Most real pieces to compare with, spread evenly.")
    ] = 500,
    seeds: Annotated[int, typer.Option(min=1, help="Pieces to compose per prompt.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="The first composed piece's seed.")] = 0,
    bars: Annotated[
        int | None,
        typer.Option(min=1, help="Length of every composed piece; the prompt's, or 16."),
    ] = None,
    notes: options.Notes = None,
    guidance: options.Guidance = None,
    model: options.Model = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for report.html, README.md, numbers.json, pictures and composed pieces.",
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Measure music: does it have what was asked for, is it like real music, is it memorised?

    Without a FOLDER every prompt is composed twice, with what it states as constraints and by the
    model alone.
    """
    if folder is None and prompts is None:
        raise ConfigError("there is nothing to evaluate; name a FOLDER of MIDI files, or --prompts")
    composing = options.given(bars=bars, notes=notes, guidance=guidance, model=model)
    if folder is not None and composing:
        raise ConfigError(
            f"--{next(iter(composing))} is about composing, and the pieces of {folder} are there "
            "already; leave out one of the two"
        )
    if clap is not None and prompts is None:
        raise ConfigError("--clap compares pieces with what was asked for; name it with --prompts")
    if frechet is not None and reference is None:
        raise ConfigError("--frechet measures a distance to real music; name it with --reference")

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
    composing = {"seeds": seeds, "seed": seed, **composing}
    pieces = _compose(labelled, **composing) if folder is None else _read(folder, labelled)
    systems = [System(name, found, opening) for name, found in pieces.items()]
    with progress_bar("Reading real music") as update:
        real = None if reference is None else open_music(reference, "validation", update)
        openings = [] if real is None else real.openings(opening, reference_pieces, update)
    known, trained_on = None, None
    if training is not None:
        asked = [*openings, *(score for system in systems for score in system.openings)]
        known, trained_on = _find_passages(training, asked)
    evidence = Evidence(
        systems=systems, bars=opening, prompts=labelled, reference=openings, training=known
    )
    used = {
        "prompts": prompts, "reference": reference, "training": training, "clap": clap,
        "frechet": frechet,
    }  # fmt: skip
    given = options.given(
        **used, opening=opening, reference_pieces=reference_pieces if real else None
    )
    given |= composing if folder is None else {}
    hashes = _hashes(prompts, systems, real, trained_on) | _hashes_of_networks(clap, frechet)
    with progress_bar("Measuring"):
        report = report_on(evidence, _provenance(folder, model, given, hashes), parts)
    hand_over(report, output, as_json)
    if output is not None and folder is None:
        _write_pieces(systems, output)
    others = [one.broken for one in (real, trained_on) if one is not None]
    _tell_broken([piece for many in (*(s.broken for s in systems), *others) for piece in many])


def _check_labels(prompts: list[LabelledPrompt]) -> None:
    """What cannot be read is said before the work. Raises ConfigError, naming the prompt."""
    from amadeus.errors import ScoreError
    from amadeus.evaluation.alignment import Wanted

    for prompt in prompts:
        try:
            Wanted.from_labels(prompt.labels)
        except (ConfigError, ScoreError) as error:
            raise ConfigError(f"prompt {prompt.id}: {error}") from None


def _compose(
    prompts: list[LabelledPrompt], model: str | None = None, **settings: Any
) -> dict[str, list[Piece]]:
    from amadeus.evaluation.prompted import compose_prompts
    from amadeus.inference.composer import load_model

    composer = load_model(**options.given(name=model))
    with progress_bar("Composing rows") as update:
        return compose_prompts(composer, prompts, progress=lambda _, rows: update(rows), **settings)


def _read(folder: Path, prompts: list[LabelledPrompt]) -> dict[str, list[Piece]]:
    """Raises ConfigError where no file can be read."""
    from amadeus.evaluation.pieces import read_folder

    with progress_bar("Reading files") as update:
        pieces = read_folder(folder, prompts, update)
    if all(piece.problem for piece in pieces):
        first = pieces[0]
        raise ConfigError(
            f"none of the {len(pieces)} files in {folder} can be read; "
            f"the first is {first.name}, which {first.problem}"
        )
    name = folder.resolve().name
    return {name if _PLAIN_NAME.fullmatch(name) else "files": pieces}


def _find_passages(training: Path, asked: list[Score]) -> tuple[Passages, RealMusic]:
    from amadeus.evaluation.memorisation import Passages
    from amadeus.evaluation.reference_set import open_music

    with progress_bar("Reading training pieces") as update:
        trained_on = open_music(training, "train", update)
        return Passages(trained_on.scores(update), among=asked), trained_on


def _hashes(
    prompts: Path | None, systems: list[System], real: RealMusic | None,
    trained_on: RealMusic | None,
) -> dict[str, str]:  # fmt: skip
    """What was measured and compared with, by its contents."""
    from amadeus.reports.provenance import hash_of_list

    found = {}
    if prompts is not None:
        found["prompts"] = f"SHA-256 {hashlib.sha256(prompts.read_bytes()).hexdigest()}"
    files = [piece.sha256 for system in systems for piece in system.pieces if piece.sha256]
    if files:
        found["files"] = f"{len(files):,}, SHA-256 of their hashes by name {hash_of_list(files)}"
    found |= {} if real is None else {"reference": str(real)}
    return found | ({} if trained_on is None else {"training": str(trained_on)})


def _hashes_of_networks(clap: str | None, frechet: Path | None) -> dict[str, str]:
    """The weights of those that listen, and what runs them."""
    from amadeus.evaluation.weights import find_weights
    from amadeus.reports.provenance import hash_of_weights, versions

    named = options.given(clap=clap, frechet=frechet)
    found = {k: f"SHA-256 {hash_of_weights(find_weights(v, k))}" for k, v in named.items()}
    return found | ({"listening with": versions("torch", "transformers")} if found else {})


def _provenance(
    folder: Path | None, model: str | None, given: dict[str, Any], hashes: dict[str, str]
) -> dict[str, Any]:
    from amadeus.reports.provenance import provenance_of, versions

    words = ["amadeus evaluate", *([] if folder is None else [shlex.quote(str(folder))])]
    words += [f"--{k.replace('_', '-')} {shlex.quote(str(v))}" for k, v in given.items()]
    command = " ".join(words).replace("`", "'")
    if folder is None:
        from amadeus.model.packaged import DEFAULT_MODEL

        return provenance_of(command, model or DEFAULT_MODEL, **hashes)
    return {
        "command": f"`{command}`", **hashes,
        "versions": versions("amadeus-music", "symusic", "numpy"),
    }  # fmt: skip


def _write_pieces(systems: list[System], output: Path) -> None:
    """Every composed piece, in a folder for each way of composing."""
    from amadeus.music.midi import write_midi

    for system in systems:
        folder = output / system.name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        for piece in system.pieces:
            if piece.music is not None:
                write_midi(piece.music, folder / piece.name)


def _tell_broken(broken: list[Piece]) -> None:
    """Name the files that could not be read, and end with SOME_BROKEN if there are any."""
    for piece in broken:
        typer.echo(f"amadeus: {piece.name}: {piece.problem}", err=True)
    if broken:
        typer.echo(f"amadeus: files that could not be read: {len(broken)}", err=True)
        raise typer.Exit(SOME_BROKEN)
