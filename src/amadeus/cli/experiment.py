"""`amadeus experiment control` and `infill`: measure constraints and editing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar, staged_progress
from amadeus.cli.outputs import check_report, output_report

CONTROL_EXAMPLES = options.examples(
    "amadeus experiment control --seeds 10 --only tempo,key",
    "amadeus experiment control --output docs/experiments/control",
)


def control(
    seeds: Annotated[int, typer.Option(min=1, help="Number of pieces per control.")] = 50,
    bars: Annotated[int, typer.Option(min=2, help="Length of each piece in bars.")] = 8,
    only: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Controls to measure; all by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first piece.")] = 0,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure whether constraints hold, and what they cost.

    Each piece is composed under one randomly drawn constraint, such as a tempo, a key or a pitch
    range, and the result is measured in the music. The costs are the change in likelihood of the
    unconstrained attributes, and the distance from real music.
    """
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
    from amadeus.experiments.control import Experiment
    from amadeus.experiments.control_report import report_on
    from amadeus.experiments.requests import find_controls
    from amadeus.inference.composer import load_model
    from amadeus.model.packaged import DEFAULT_MODEL
    from amadeus.reports.provenance import provenance_of

    controls = find_controls(options.names(only) or None)
    model = model or DEFAULT_MODEL
    check_report(output)
    chosen = f' --only "{",".join(chosen.name for chosen in controls)}"' if only else ""
    provenance = provenance_of(
        f"amadeus experiment control --seeds {seeds} --bars {bars} --seed {seed}{chosen}",
        model, seeds=f"{seed} to {seed + seeds - 1}", bars=bars,
    )  # fmt: skip
    composer = load_model(model)
    held_out = Shards(PACKAGED_VALIDATION, "validation")
    real = [held_out.tokens(index) for index in range(len(held_out))]
    with staged_progress("Composing") as progress:
        experiment = Experiment(
            composer, real, seeds=seeds, bars=bars, seed=seed, progress=progress
        )
        report = report_on([experiment.run(chosen) for chosen in controls], experiment, provenance)
    output_report(report, output, as_json, tables=2)


INFILL_EXAMPLES = options.examples(
    "amadeus experiment infill --pieces 8 --candidates 2",
    "amadeus experiment infill --output docs/experiments/infill",
)


def infill(
    pieces: Annotated[int, typer.Option(min=2, help="Number of pieces to rewrite.")] = 30,
    bars: Annotated[int, typer.Option(min=1, help="Bars to rewrite in each piece.")] = 4,
    candidates: Annotated[int, typer.Option(min=1, help="Candidates per passage.")] = 4,
    tries: options.Tries = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first piece.")] = 0,
    shards: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Corpus to take pieces from; by default, the packaged ones."
        ),
    ] = None,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Rewrite the middle of real pieces, and measure whether the new bars lead into what follows.

    Compares how well the model predicts what follows after the original bars, after rewrites with
    and without knowledge of it, and after bars of another piece.
    """
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
    from amadeus.experiments.infill import report_on, rewrite_middles
    from amadeus.inference.composer import load_model
    from amadeus.inference.editing import HEARD_AFTER
    from amadeus.model.packaged import DEFAULT_MODEL
    from amadeus.reports.provenance import provenance_of

    model, candidates = model or DEFAULT_MODEL, tries or candidates
    check_report(output)
    held_out = Shards(shards or PACKAGED_VALIDATION, "validation")
    composer = load_model(model)
    with progress_bar("Composing bars") as update:
        result = rewrite_middles(
            composer,
            [held_out.tokens(index) for index in range(len(held_out))],
            count=pieces, bars=bars, tries=candidates, seed=seed,
            progress=lambda bars_done, _: update(bars_done),
        )  # fmt: skip
    provenance = provenance_of(
        f"amadeus experiment infill --pieces {pieces} --bars {bars} --candidates {candidates} "
        f"--seed {seed}",
        model,
        pieces=f"{len(held_out)} of the validation split, of which {pieces}",
    )
    output_report(report_on(result, HEARD_AFTER, provenance), output, as_json, tables=1)
