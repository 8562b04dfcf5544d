"""`amadeus experiment NAME`: the experiments of docs/experiments, done again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table, progress_bar
from amadeus.cli.outputs import check_writable

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
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the page, the numbers and the picture."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Ask for a tempo, a key, a pitch range and so on: does it hold, and what does it cost?

    Every piece is held to one request that is drawn by chance. What came of it is measured in the
    music; costs are the likelihood of what was left free, and the distance from real music.
    """
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
    from amadeus.experiments.control import Experiment
    from amadeus.experiments.control_report import report_on
    from amadeus.experiments.report import PAGE, provenance_of
    from amadeus.experiments.requests import find_controls
    from amadeus.inference.composer import load_model
    from amadeus.model.packaged import DEFAULT_MODEL

    names = None if only is None else [name.strip() for name in only.split(",") if name.strip()]
    controls = find_controls(names)
    model = model or DEFAULT_MODEL
    if output is not None:
        check_writable(output / PAGE)
    chosen = f' --only "{",".join(one.name for one in controls)}"' if names else ""
    provenance = provenance_of(
        f"amadeus experiment control --seeds {seeds} --bars {bars} --seed {seed}{chosen}",
        model, seeds=f"{seed} to {seed + seeds - 1}", bars=bars,
    )  # fmt: skip
    composer = load_model(model)
    held_out = Shards(PACKAGED_VALIDATION, "validation")
    real = [held_out.tokens(index) for index in range(len(held_out))]
    with progress_bar("Composing") as update:
        experiment = Experiment(
            composer, real, seeds=seeds, bars=bars, seed=seed,
            progress=lambda text, done, total: update(done, total=total, text=text),
        )  # fmt: skip
        report = report_on([experiment.run(one) for one in controls], experiment, provenance)
    if output is not None:
        report.write(output)
    if as_json:
        print_json(report.to_dict())
        return
    for table in report.tables[:2]:
        typer.echo(f"{table.title}:")
        print_table([table.header, *table.rows])
        typer.echo()
    if output is not None:
        typer.echo(f"{output / PAGE}, with numbers and a picture beside it")
