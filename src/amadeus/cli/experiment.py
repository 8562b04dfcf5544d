"""`amadeus experiment NAME`: the experiments of docs/experiments, done again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar, staged_progress
from amadeus.cli.outputs import check_report, hand_over

CONTROL_EXAMPLES = options.examples(
    "amadeus experiment control --seeds 10 --only tempo,key",
    "amadeus experiment control --output docs/experiments/control",
)


def control(
    seeds: Annotated[int, typer.Option(min=1, help="Pieces for every control.")] = 50,
    bars: Annotated[int, typer.Option(min=2, help="Length of every piece.")] = 8,
    only: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="These controls; all if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The first piece's seed.")] = 0,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Ask for a tempo, a key, a pitch range and so on: does it hold, and what does it cost?

    Every piece is held to one request that is drawn by chance. What came of it is measured in the
    music; costs are the likelihood of what was left free, and the distance from real music.
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
    chosen = f' --only "{",".join(one.name for one in controls)}"' if only else ""
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
        report = report_on([experiment.run(one) for one in controls], experiment, provenance)
    hand_over(report, output, as_json, tables=2)


INFILL_EXAMPLES = options.examples(
    "amadeus experiment infill --pieces 8 --tries 2",
    "amadeus experiment infill --output docs/experiments/infill",
)


def infill(
    pieces: Annotated[int, typer.Option(min=2, help="Pieces to rewrite the middle of.")] = 30,
    bars: Annotated[int, typer.Option(min=1, help="Bars to rewrite in each.")] = 4,
    tries: Annotated[int, typer.Option(min=1, help="Passages to choose among.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="The first piece's seed.")] = 0,
    shards: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Pieces of this corpus; the packaged ones if left out."),
    ] = None,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Rewrite the middle of real pieces: do the new bars lead to what follows them?

    What follows is compared after the piece's own bars, after rewrites that saw it or did not, and
    after bars of another piece.
    """
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
    from amadeus.experiments.infill import report_on, rewrite_middles
    from amadeus.inference.composer import load_model
    from amadeus.inference.editing import HEARD_AFTER
    from amadeus.model.packaged import DEFAULT_MODEL
    from amadeus.reports.provenance import provenance_of

    model = model or DEFAULT_MODEL
    check_report(output)
    held_out = Shards(shards or PACKAGED_VALIDATION, "validation")
    composer = load_model(model)
    with progress_bar("Composing bars") as update:
        result = rewrite_middles(
            composer,
            [held_out.tokens(index) for index in range(len(held_out))],
            count=pieces, bars=bars, tries=tries, seed=seed,
            progress=lambda bars_done, _: update(bars_done),
        )  # fmt: skip
    provenance = provenance_of(
        f"amadeus experiment infill --pieces {pieces} --bars {bars} --tries {tries} --seed {seed}",
        model,
        pieces=f"{len(held_out)} of the validation split, of which {pieces}",
    )
    hand_over(report_on(result, HEARD_AFTER, provenance), output, as_json, tables=1)
