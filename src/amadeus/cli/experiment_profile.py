"""`amadeus experiment profile`: measures how well a model uses profiles."""

from __future__ import annotations

from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import staged_progress
from amadeus.cli.experiment_measuring import ShardFolder
from amadeus.cli.outputs import check_report, output_report
from amadeus.errors import ConfigError

HEAR, FOLLOW, LIKE = "hear", "follow", "like"
EXAMPLES = options.examples(
    "amadeus experiment profile --model runs/small --pieces 8 --seeds 2 --bars 4",
    "amadeus experiment profile --model runs/small --only like --pieces 30",
    "amadeus experiment profile --model runs/small --shards held-out --output report",
)


def profile(
    pieces: Annotated[
        int, typer.Option(min=2, help="Number of real pieces, spread over the corpora.")
    ] = 30,
    rows: Annotated[
        str,
        typer.Option(
            metavar="N,...", help="Numbers of rows to predict; the first also for each value alone."
        ),
    ] = "64,960",
    seeds: Annotated[int, typer.Option(min=1, help="Number of pieces composed per value.")] = 20,
    levels: Annotated[int, typer.Option(min=2, help="Number of values per measure.")] = 4,
    bars: Annotated[int, typer.Option(min=2, help="Length of composed pieces in bars.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first piece.")] = 0,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...", help=f"Parts to run: {HEAR}, {FOLLOW}, {LIKE}. All by default."
        ),
    ] = None,
    shards: ShardFolder = None,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure how much profiles help to predict real music, and how well new music follows them."""
    from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
    from amadeus.experiments import profile as experiment
    from amadeus.experiments.profile_report import Found, report_on
    from amadeus.inference.composer import load_model
    from amadeus.model.packaged import DEFAULT_MODEL
    from amadeus.profile import MEASURES
    from amadeus.reports.provenance import provenance_of

    model = model or DEFAULT_MODEL
    parts, lengths = _parts(only), _lengths(rows)
    check_report(output)
    composer = load_model(model, words=False)
    experiment.check_reads_profiles(composer.model, model)
    held_out = Shards(shards or PACKAGED_VALIDATION, "validation")
    chosen = experiment.of_different_kinds(held_out, pieces)
    provenance = provenance_of(
        f"amadeus experiment profile --pieces {pieces} --rows {rows} --seeds {seeds} "
        f"--levels {levels} --bars {bars} --seed {seed} --only {','.join(parts)}"
        f"{'' if shards is None else ' --shards SHARDS'}",
        model, pieces=f"{len(chosen)} of {len(held_out):,} validation pieces",
    )  # fmt: skip
    with staged_progress("Profiles") as progress:
        predicted, followed, resembling = [], [], None
        if HEAR in parts:
            predicted = [
                experiment.hear(
                    composer.model, held_out, chosen, rows=length, by_value=length == lengths[0],
                    progress=progress,
                )
                for length in lengths
            ]  # fmt: skip
        if FOLLOW in parts:
            followed = [
                experiment.follow(
                    composer, measure, levels=levels, seeds=seeds, bars=bars, first_seed=seed,
                    progress=progress,
                )
                for measure in MEASURES
            ]  # fmt: skip
        if LIKE in parts:
            examples = experiment.of_different_kinds(held_out, pieces, bars)
            resembling = experiment.liken(
                composer, held_out, examples, bars=bars, seed=seed, progress=progress
            )
    report = report_on(Found(predicted, followed, resembling), bars=bars, provenance=provenance)
    output_report(report, output, as_json)


def _parts(only: str | None) -> list[str]:
    """The parts to run. Raises ConfigError for an unknown part."""
    known = [HEAR, FOLLOW, LIKE]
    parts = options.names(only) or known
    for name in parts:
        if name not in known:
            raise ConfigError(f"--only: unknown part {name!r}; choose from {', '.join(known)}")
    return parts


def _lengths(rows: str) -> list[int]:
    """Numbers of rows. Raises ConfigError for anything but whole numbers of at least 2."""
    lengths = [int(name) if name.isdecimal() else 0 for name in options.names(rows)]
    if not lengths or min(lengths) < 2:
        raise ConfigError(
            f"--rows takes whole numbers of at least 2 separated by commas, got {rows!r}"
        )
    return lengths
