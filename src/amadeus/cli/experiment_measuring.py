"""`amadeus experiment genre`, `dependency` and `steps`: measurements of one model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import staged_progress
from amadeus.cli.outputs import check_report, output_report
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from amadeus.corpus.shards import Shards

ShardFolder = Annotated[
    Path | None,
    typer.Option(
        "--shards",
        metavar="DIR",
        help="Corpus to take validation pieces from; by default, the packaged ones.",
    ),
]
Rows = Annotated[int, typer.Option(min=2, help="Rows of each piece.")]

GENRE_EXAMPLES = options.examples(
    "amadeus experiment genre --pieces 8",
    "amadeus experiment genre --shards held-out --train shards --output docs/experiments/genre",
    "amadeus experiment genre --shards held-out --train shards --leave-out symbtr --updates 300",
)


def genre(
    pieces: Annotated[int, typer.Option(min=2, help="Most pieces per corpus.")] = 24,
    rows: Rows = 256,
    shards: ShardFolder = None,
    train: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Training shards for an n-gram baseline."),
    ] = None,
    outside: Annotated[
        str | None,
        typer.Option(
            metavar="CORPUS,...",
            help="Corpora that the model was not trained on; known for packaged models.",
        ),
    ] = None,
    leave_out: Annotated[
        str | None,
        typer.Option(
            metavar="CORPUS,...",
            help="Also train small models on --train, each without one of these corpora.",
        ),
    ] = None,
    updates: Annotated[int, typer.Option(min=1, help="Training updates of these models.")] = 300,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure how well a model predicts the music of each corpus and genre.

    Results are compared with an n-gram baseline, because some music is harder to predict.
    """
    from amadeus.corpus.shards import Shards
    from amadeus.evaluation.ngram_baseline import fit, openings
    from amadeus.experiments import genre as music
    from amadeus.experiments.genre_report import report_on
    from amadeus.experiments.leaving_out import leave_out as leave_out_each
    from amadeus.inference.composer import load_model
    from amadeus.model.packaged import DEFAULT_MODEL
    from amadeus.reports.provenance import provenance_of

    model = model or DEFAULT_MODEL
    missing = options.names(leave_out)
    unseen = options.names(outside) or music.OUTSIDE.get(model, ())
    if missing and train is None:
        raise ConfigError("--leave-out trains models; give the training shards with --train DIR")
    check_report(output)
    held_out, where = _held_out(shards)
    chosen = music.spread(held_out, pieces)
    network = load_model(model).model
    provenance = provenance_of(
        f"amadeus experiment genre --pieces {pieces} --rows {rows}{_option('shards', shards)}"
        f"{_option('train', train)}{_names_option('outside', outside)}"
        f"{_names_option('leave-out', leave_out)}{f' --updates {updates}' if missing else ''}",
        model, pieces=f"{len(chosen)} of {where}",
    )  # fmt: skip
    with staged_progress("Counting") as progress:
        tables = None if train is None else fit(openings(Shards(train, "train"), 960, 2000))
        left_out = (
            train
            and missing
            and leave_out_each(
                missing, train, held_out, steps=updates, pieces=2 * pieces, progress=progress
            )
        )
        results = music.listen(
            network, held_out, chosen, rows=rows, tables=tables,
            progress=lambda done, total: progress("Listening", done, total),
        )  # fmt: skip
    report = report_on(results, left_out or None, rows=rows, outside=unseen, provenance=provenance)
    output_report(report, output, as_json)


DEPENDENCY_EXAMPLES = options.examples(
    "amadeus experiment dependency --pieces 16 --rows 64",
    "amadeus experiment dependency --shards held-out --output docs/experiments/dependency",
)


def dependency(
    pieces: Annotated[int, typer.Option(min=2, help="Pieces to predict in several orders.")] = 84,
    rows: Rows = 128,
    notes: Annotated[
        int, typer.Option(min=2, help="Rows of each piece in which to count notes.")
    ] = 960,
    shards: ShardFolder = None,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure the dependency between attributes, and compare unmasking orders based on it."""
    from amadeus.experiments.dependency import count, orders_of
    from amadeus.experiments.dependency_report import report_on
    from amadeus.experiments.policies import cost_of
    from amadeus.inference.composer import load_model
    from amadeus.model.packaged import DEFAULT_MODEL
    from amadeus.reports.provenance import provenance_of

    model = model or DEFAULT_MODEL
    check_report(output)
    held_out, where = _held_out(shards)
    network = load_model(model).model
    chosen = _spread(held_out, pieces)
    provenance = provenance_of(
        f"amadeus experiment dependency --pieces {pieces} --rows {rows} --notes {notes}"
        f"{_option('shards', shards)}",
        model, pieces=f"{where}, of which {len(chosen)} are revealed",
    )  # fmt: skip
    with staged_progress("Counting") as progress:
        counts = count(held_out, notes, progress)
        orders = orders_of(counts.everything)
        costs = cost_of(network, chosen, orders, rows=rows, progress=progress)
    report = report_on(counts, costs, orders, rows=rows, provenance=provenance)
    output_report(report, output, as_json, tables=4)


def _spread(shards: Shards, pieces: int) -> list[np.ndarray]:
    """Tokens of `pieces` pieces, sampled evenly from the shards."""
    import numpy as np

    places = np.linspace(0, len(shards) - 1, min(pieces, len(shards))).round().astype(int)
    return [shards.tokens(int(place)) for place in places]


STEPS_EXAMPLES = options.examples(
    "amadeus experiment steps --pieces 8 --bars 4",
    "amadeus experiment steps --output docs/experiments/steps",
)


def steps(
    pieces: Annotated[int, typer.Option(min=2, help="Number of pieces composed per setting.")] = 40,
    bars: Annotated[int, typer.Option(min=2, help="Length of every piece.")] = 8,
    real: Annotated[int, typer.Option(min=2, help="Number of real pieces to compare with.")] = 84,
    rows: Rows = 64,
    seed: Annotated[int, typer.Option(min=0, help="The first piece's seed.")] = 0,
    shards: ShardFolder = None,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure the quality of music composed in fewer steps per note and in other orders."""
    from amadeus.experiments.policies import ORDERS, STEPS
    from amadeus.experiments.steps import compare_policies
    from amadeus.experiments.steps_report import report_on
    from amadeus.inference.composer import load_model
    from amadeus.model.packaged import DEFAULT_MODEL
    from amadeus.reports.provenance import provenance_of

    model = model or DEFAULT_MODEL
    check_report(output)
    held_out, where = _held_out(shards)
    provenance = provenance_of(
        f"amadeus experiment steps --pieces {pieces} --bars {bars} --real {real} --rows {rows} "
        f"--seed {seed}{_option('shards', shards)}",
        model, seeds=f"{seed} to {seed + pieces - 1}",
        **{"real pieces": f"{min(real, len(held_out))} of {where}"},
    )  # fmt: skip
    composer = load_model(model)
    with staged_progress("Revealing") as progress:
        results = compare_policies(
            composer, _spread(held_out, real), {**STEPS, **ORDERS},
            pieces=pieces, bars=bars, rows=rows, seed=seed,
            progress=progress,
        )  # fmt: skip
    report = report_on(results, pieces=pieces, bars=bars, rows=rows, provenance=provenance)
    output_report(report, output, as_json, tables=2)


def _held_out(folder: Path | None) -> tuple[Shards, str]:
    """The validation pieces of a folder, and a description of them."""
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards

    shards = Shards(folder or PACKAGED_VALIDATION, "validation")
    which = "open validation pieces of the package" if folder is None else "validation pieces"
    return shards, f"{len(shards):,} {which}"


def _option(name: str, value: Any) -> str:
    """An option that takes a folder, as quoted in the report, with a placeholder for the path."""
    return "" if value is None else f" --{name} {name.upper()}"


def _names_option(name: str, value: str | None) -> str:
    return "" if value is None else f" --{name} {','.join(options.names(value))}"
