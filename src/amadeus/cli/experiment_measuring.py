"""`amadeus experiment genre`, `dependency` and `steps`: what one model knows, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar
from amadeus.cli.experiment import _hand_over
from amadeus.cli.outputs import check_writable
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    from amadeus.corpus.shards import Shards

ShardFolder = Annotated[
    Path | None,
    typer.Option(
        "--shards",
        metavar="DIR",
        help="Held-out pieces of this corpus; the packaged ones if left out.",
    ),
]
Rows = Annotated[int, typer.Option(min=2, help="Look at so many rows of each piece.")]
Output = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for the page, the numbers and the picture."),
]

GENRE_EXAMPLES = options.examples(
    "amadeus experiment genre --pieces 8",
    "amadeus experiment genre --shards held-out --train shards --output docs/experiments/genre",
    "amadeus experiment genre --shards held-out --train shards --leave-out symbtr --updates 300",
)


def genre(
    pieces: Annotated[int, typer.Option(min=2, help="Most pieces of each corpus.")] = 24,
    rows: Rows = 256,
    shards: ShardFolder = None,
    train: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Training shards, for tables of counts to compare with."),
    ] = None,
    outside: Annotated[
        str | None,
        typer.Option(
            metavar="CORPUS,...", help="Corpora that the model never saw; known of packaged models."
        ),
    ] = None,
    leave_out: Annotated[
        str | None,
        typer.Option(
            metavar="CORPUS,...", help="Also train small models on --train without each of these."
        ),
    ] = None,
    updates: Annotated[int, typer.Option(min=1, help="Updates that these are trained for.")] = 300,
    model: options.Model = None,
    output: Output = None,
    as_json: options.Json = False,
) -> None:
    """Predict music of every corpus and genre: what is foreseen, and how far does it carry?

    Beside nats stand those of tables of counts, because music differs in how much there is to tell.
    """
    from amadeus.corpus.shards import Shards
    from amadeus.evaluation.reference import fit, openings
    from amadeus.experiments import genre as music
    from amadeus.experiments.genre_report import report_on
    from amadeus.experiments.leaving_out import leave_out as leave_out_each
    from amadeus.experiments.report import PAGE, provenance_of
    from amadeus.inference.composer import load_model
    from amadeus.model.packaged import DEFAULT_MODEL

    model = model or DEFAULT_MODEL
    missing, unseen = _names(leave_out), _names(outside) or music.OUTSIDE.get(model, ())
    if missing and train is None:
        raise ConfigError("--leave-out trains models; give the pieces to train on with --train DIR")
    if output is not None:
        check_writable(output / PAGE)
    held_out, where = _held_out(shards)
    chosen = music.spread(held_out, pieces)
    network = load_model(model).model
    provenance = provenance_of(
        f"amadeus experiment genre --pieces {pieces} --rows {rows}{_option('shards', shards)}"
        f"{_option('train', train)}{_said('outside', outside)}{_said('leave-out', leave_out)}"
        f"{f' --updates {updates}' if missing else ''}",
        model, pieces=f"{len(chosen)} of {where}",
    )  # fmt: skip
    with progress_bar("Counting") as update:
        tables = None if train is None else fit(openings(Shards(train, "train"), 960, 2000))
        left_out = train and missing and leave_out_each(
            missing, train, held_out, steps=updates, pieces=2 * pieces,
            progress=lambda text, done, total: update(done, total=total, text=text),
        )  # fmt: skip
        heard = music.listen(
            network, held_out, chosen, rows=rows, tables=tables,
            progress=lambda done, total: update(done, total=total, text="Listening"),
        )  # fmt: skip
    report = report_on(heard, left_out or None, rows=rows, outside=unseen, provenance=provenance)
    _hand_over(report, output, as_json, tables=len(report.tables))


def _held_out(folder: Path | None) -> tuple[Shards, str]:
    """The validation pieces of a folder, and what they are."""
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards

    shards = Shards(folder or PACKAGED_VALIDATION, "validation")
    which = "open validation pieces of the package" if folder is None else "validation pieces"
    return shards, f"{len(shards):,} {which}"


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _option(name: str, value: Any) -> str:
    """An option of a folder as the report quotes it: wherever it lies is nobody's business."""
    return "" if value is None else f" --{name} {name.upper()}"


def _said(name: str, value: str | None) -> str:
    return "" if value is None else f" --{name} {','.join(_names(value))}"
