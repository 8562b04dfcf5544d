"""`amadeus experiment NAME`: those that train models. A run is kept, and trained only once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import staged_progress
from amadeus.cli.outputs import check_report, hand_over
from amadeus.cli.train import parse_overrides
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    from amadeus.experiments.runs import Recipe, Runs
    from amadeus.reports.report import Report

RUNS = Path("runs/experiments")
Shards = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder written by `amadeus corpus build`.")
]
Seeds = Annotated[int, typer.Option(min=1, help="Runs of each recipe.")]
Preset = Annotated[str, typer.Option(help="Model size: nano, small, base, large or xl.")]
Steps = Annotated[int, typer.Option(min=1, help="Updates of a run.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Set a field as in `train`; repeatable."),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Four tiny updates a run, to see that all works.")
]
KeptRuns = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of finished runs, which all experiments share.")
]

CIEM_EXAMPLES = options.examples(
    "amadeus experiment ciem --shards shards --quick",
    "amadeus experiment ciem --shards shards --output docs/experiments/ciem",
    "amadeus experiment ciem --shards shards --preset small --steps 20000 --set rows=960",
)


def ciem(
    shards: Shards,
    seeds: Seeds = 3,
    preset: Preset = "nano",
    steps: Steps = 200,
    overrides: Overrides = None,
    quick: Quick = False,
    runs: KeptRuns = RUNS,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Train with and without CIEM, on captions: does reminding the decoder of the theme pay?"""
    from amadeus.experiments import ciem as experiment

    def run(kept: Runs, base: Recipe) -> Report:
        arms = experiment.run(kept, base, range(seeds))
        return experiment.report_on(arms, *_told(base, "ciem", seeds=seeds))

    task = _Task(shards, preset, steps, overrides, quick, runs, output, as_json, captions=True)
    task.do(run)


MLSDES_EXAMPLES = options.examples(
    "amadeus experiment mlsdes --shards shards --output docs/experiments/mlsdes",
    "amadeus experiment mlsdes --shards shards --preset small --steps 9000 --set batch_size=64",
)


def mlsdes(
    shards: Shards,
    seeds: Seeds = 3,
    preset: Preset = "nano",
    steps: Steps = 200,
    overrides: Overrides = None,
    quick: Quick = False,
    runs: KeptRuns = RUNS,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Train with and without MLSDES: does keeping pieces apart pay?"""
    from amadeus.experiments import mlsdes as experiment

    def run(kept: Runs, base: Recipe) -> Report:
        arms = experiment.run(kept, base, range(seeds))
        apart = experiment.distances(kept, arms)
        return experiment.report_on(arms, apart, *_told(base, "mlsdes", seeds=seeds))

    _Task(shards, preset, steps, overrides, quick, runs, output, as_json).do(run)


SENSITIVITY_EXAMPLES = options.examples(
    "amadeus experiment sensitivity --shards shards --output docs/experiments/sensitivity",
    "amadeus experiment sensitivity --shards shards --seeds 3",
)


def sensitivity(
    shards: Shards,
    seeds: Seeds = 1,
    middle_seeds: Annotated[
        int, typer.Option(min=1, help="Runs of the middle setting, to know how seeds matter.")
    ] = 3,
    preset: Preset = "nano",
    steps: Steps = 200,
    overrides: Overrides = None,
    quick: Quick = False,
    runs: KeptRuns = RUNS,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Train with weights and temperatures of MLSDES over their whole range: do they matter?"""
    from amadeus.experiments import sensitivity as experiment

    def run(kept: Runs, base: Recipe) -> Report:
        grid = experiment.run(kept, base, range(seeds), range(middle_seeds))
        told = _told(base, "sensitivity", seeds=seeds, middle_seeds=middle_seeds)
        return experiment.report_on(grid, *told)

    _Task(shards, preset, steps, overrides, quick, runs, output, as_json).do(run)


SCALING_EXAMPLES = options.examples(
    "amadeus experiment scaling --shards shards --output docs/experiments/scaling",
    "amadeus experiment scaling --shards shards --widths 128,256,512 --lengths 0.1,1 --steps 9000",
)


def scaling(
    shards: Shards,
    widths: Annotated[
        str, typer.Option(metavar="N,...", help="Widths of the generator, multiples of 32.")
    ] = "32,64,128,192,256",
    lengths: Annotated[
        str, typer.Option(metavar="X,...", help="Lengths of runs, as shares of --steps.")
    ] = "0.25,0.5,1",
    seeds: Annotated[
        int, typer.Option(min=1, help="Runs of the preset, to know how seeds matter.")
    ] = 3,
    preset: Preset = "nano",
    steps: Steps = 200,
    overrides: Overrides = None,
    quick: Quick = False,
    runs: KeptRuns = RUNS,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Train several widths over several lengths, and fit a law to what they reach."""
    from amadeus.experiments import scaling as experiment
    from amadeus.experiments.scaling_report import report_on

    sizes = [round(width) for width in _numbers("--widths", widths)]
    shares = _numbers("--lengths", lengths)

    def run(kept: Runs, base: Recipe) -> Report:
        found = experiment.run(kept, base, sizes, shares, range(seeds))
        told = _told(base, "scaling", widths=widths, lengths=lengths, seeds=seeds)
        return report_on(found, *told)

    _Task(shards, preset, steps, overrides, quick, runs, output, as_json).do(run)


DECODERS_EXAMPLES = options.examples(
    "amadeus experiment decoders --shards shards --output docs/experiments/decoders",
    "amadeus experiment decoders --shards shards --steps 5000 --pieces 64 --bars 16",
)


def decoders(
    shards: Shards,
    pieces: Annotated[int, typer.Option(min=2, help="Pieces that each composes.")] = 16,
    bars: Annotated[int, typer.Option(min=1, help="Bars of each.")] = 8,
    seeds: Seeds = 3,
    preset: Preset = "nano",
    steps: Steps = 200,
    overrides: Overrides = None,
    quick: Quick = False,
    runs: KeptRuns = RUNS,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Train masked diffusion, attributes in turn, independent heads and flat tokens alike."""
    from amadeus.experiments import decoder_contest
    from amadeus.experiments.decoder_report import report_on

    def run(kept: Runs, base: Recipe) -> Report:
        contest = decoder_contest.run(kept, base, range(seeds), pieces, bars)
        return report_on(contest, *_told(base, "decoders", seeds=seeds, pieces=pieces, bars=bars))

    _Task(shards, preset, steps, overrides, quick, runs, output, as_json).do(run)


@dataclass(frozen=True, slots=True)
class _Task:
    """What all of these commands are asked alike."""

    shards: Path
    preset: str
    steps: int
    overrides: list[str] | None
    quick: bool
    runs: Path
    output: Path | None
    as_json: bool
    captions: bool = False
    """Whether runs hear captions unless told otherwise: that takes twice the time."""

    def do(self, run: Callable[[Runs, Recipe], Report]) -> None:
        """Train what is missing, and hand over the report."""
        from amadeus.experiments.recipes import base_recipe
        from amadeus.experiments.runs import Runs

        fields = {"preset": self.preset, "steps": self.steps, "text": self.captions}
        fields |= parse_overrides(self.overrides or [])
        base = base_recipe(self.shards, fields, quick=self.quick)
        check_report(self.output)
        with staged_progress("Training") as progress:
            report = run(Runs(self.runs, progress), base)
        hand_over(report, self.output, self.as_json)


def _told(base: Recipe, name: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """How runs were trained, in words, and what it takes to get the same numbers."""
    from amadeus.experiments.recipes import describe, provenance_of_training

    settings = {"preset": base.config.preset, "steps": base.config.steps, **settings}
    given = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in settings.items())
    command = f"amadeus experiment {name} --shards DIR {given}"
    return describe(base), provenance_of_training(command, base)


def _numbers(option: str, text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        numbers = []
    if not numbers or not all(0 < number <= 10**6 for number in numbers):
        raise ConfigError(f"{option} {text!r}: give numbers above 0 with commas between them")
    return numbers
