"""`amadeus experiment profile`: what profiles tell a model, and what it makes of them."""

from __future__ import annotations

from typing import Annotated

import typer

from amadeus.cli import options
from amadeus.cli.display import staged_progress
from amadeus.cli.experiment_measuring import ShardFolder
from amadeus.cli.outputs import check_report, hand_over
from amadeus.errors import ConfigError

HEAR, FOLLOW, LIKE = "hear", "follow", "like"
EXAMPLES = options.examples(
    "amadeus experiment profile --model runs/small --pieces 8 --seeds 2 --bars 4",
    "amadeus experiment profile --model runs/small --only like --pieces 30",
    "amadeus experiment profile --model runs/small --shards held-out --output report",
)


def profile(
    pieces: Annotated[int, typer.Option(min=2, help="Real pieces, the corpora taking turns.")] = 30,
    rows: Annotated[
        str, typer.Option(metavar="N,...", help="Hear so many rows; each value for the first.")
    ] = "64,960",
    seeds: Annotated[int, typer.Option(min=1, help="Pieces composed for each value.")] = 20,
    levels: Annotated[int, typer.Option(min=2, help="Values of each measure.")] = 4,
    bars: Annotated[int, typer.Option(min=2, help="Length of composed pieces.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="The first piece's seed.")] = 0,
    only: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help=f"Some of {HEAR}, {FOLLOW} and {LIKE}."),
    ] = None,
    shards: ShardFolder = None,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure what profiles tell a model of real music, and whether its own music follows them."""
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
        heard, followed, likened = [], [], None
        if HEAR in parts:
            heard = [
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
            alike = experiment.of_different_kinds(held_out, pieces, bars)
            likened = experiment.liken(
                composer, held_out, alike, bars=bars, seed=seed, progress=progress
            )
    report = report_on(Found(heard, followed, likened), bars=bars, provenance=provenance)
    hand_over(report, output, as_json)


def _parts(only: str | None) -> list[str]:
    """Which parts are asked for. Raises ConfigError for a name that is none."""
    known = [HEAR, FOLLOW, LIKE]
    asked = options.names(only) or known
    for name in asked:
        if name not in known:
            raise ConfigError(f"--only: {name!r} is no part; choose from {', '.join(known)}")
    return asked


def _lengths(rows: str) -> list[int]:
    """Numbers of rows. Raises ConfigError for what is no number, or below 2."""
    lengths = [int(name) if name.isdecimal() else 0 for name in options.names(rows)]
    if not lengths or min(lengths) < 2:
        raise ConfigError(f"--rows: {rows!r} is no list of numbers from 2 on; write 64,960")
    return lengths
