"""`amadeus experiment NAME`: experiments that train models. Finished runs are reused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import staged_progress
from amadeus.cli.outputs import check_report, output_report
from amadeus.cli.train import parse_overrides
from amadeus.errors import ConfigError

if TYPE_CHECKING:
    from amadeus.experiments.runs import Recipe, Runs
    from amadeus.reports.report import Report

RUNS = Path("runs/experiments")
Shards = Annotated[Path, typer.Option(metavar="DIR", help="Folder of token shards.")]
Seeds = Annotated[int, typer.Option(min=1, help="Number of runs per configuration.")]
Preset = Annotated[str, typer.Option(help="Model size: nano, small, base, large or xl.")]
Steps = Annotated[int, typer.Option(min=1, help="Training updates per run.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Override a field of the configuration; repeatable."
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="Run four tiny updates per run, as a test.")]
KeptRuns = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of finished runs, shared by all experiments.")
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
    """Train with and without CIEM, conditioned on captions, and compare."""
    from amadeus.experiments import ciem as experiment

    def run(kept: Runs, base: Recipe) -> Report:
        arms = experiment.run(kept, base, range(seeds))
        return experiment.report_on(arms, *_provenance(base, "ciem", seeds=seeds))

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
    """Train with and without MLSDES, and compare."""
    from amadeus.experiments import mlsdes as experiment

    def run(kept: Runs, base: Recipe) -> Report:
        arms = experiment.run(kept, base, range(seeds))
        distances = experiment.distances(kept, arms)
        return experiment.report_on(arms, distances, *_provenance(base, "mlsdes", seeds=seeds))

    _Task(shards, preset, steps, overrides, quick, runs, output, as_json).do(run)


SENSITIVITY_EXAMPLES = options.examples(
    "amadeus experiment sensitivity --shards shards --output docs/experiments/sensitivity",
    "amadeus experiment sensitivity --shards shards --seeds 3",
)


def sensitivity(
    shards: Shards,
    seeds: Seeds = 1,
    middle_seeds: Annotated[
        int,
        typer.Option(min=1, help="Number of runs at the middle setting, to measure seed noise."),
    ] = 3,
    preset: Preset = "nano",
    steps: Steps = 200,
    overrides: Overrides = None,
    quick: Quick = False,
    runs: KeptRuns = RUNS,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Train with different MLSDES weights and temperatures, and measure their effect."""
    from amadeus.experiments import sensitivity as experiment

    def run(kept: Runs, base: Recipe) -> Report:
        grid = experiment.run(kept, base, range(seeds), range(middle_seeds))
        provenance = _provenance(base, "sensitivity", seeds=seeds, middle_seeds=middle_seeds)
        return experiment.report_on(grid, *provenance)

    _Task(shards, preset, steps, overrides, quick, runs, output, as_json).do(run)


SCALING_EXAMPLES = options.examples(
    "amadeus experiment scaling --shards shards --output docs/experiments/scaling",
    "amadeus experiment scaling --shards shards --widths 128,256,512 --lengths 0.1,1 --steps 9000",
)


def scaling(
    shards: Shards,
    widths: Annotated[
        str, typer.Option(metavar="N,...", help="Widths of the note generator, multiples of 32.")
    ] = "32,64,128,192,256",
    lengths: Annotated[
        str, typer.Option(metavar="X,...", help="Lengths of runs, as fractions of --steps.")
    ] = "0.25,0.5,1",
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of runs of the preset, to measure seed noise.")
    ] = 3,
    preset: Preset = "nano",
    steps: Steps = 200,
    overrides: Overrides = None,
    quick: Quick = False,
    runs: KeptRuns = RUNS,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Train models of several widths for several lengths, and fit a scaling law."""
    from amadeus.experiments import scaling as experiment
    from amadeus.experiments.scaling_report import report_on

    sizes = [round(width) for width in _numbers("--widths", widths)]
    shares = _numbers("--lengths", lengths)

    def run(kept: Runs, base: Recipe) -> Report:
        trained = experiment.run(kept, base, sizes, shares, range(seeds))
        provenance = _provenance(base, "scaling", widths=widths, lengths=lengths, seeds=seeds)
        return report_on(trained, *provenance)

    _Task(shards, preset, steps, overrides, quick, runs, output, as_json).do(run)


DECODERS_EXAMPLES = options.examples(
    "amadeus experiment decoders --shards shards --output docs/experiments/decoders",
    "amadeus experiment decoders --shards shards --steps 5000 --pieces 64 --bars 16",
)


def decoders(
    shards: Shards,
    pieces: Annotated[int, typer.Option(min=2, help="Number of pieces composed per decoder.")] = 16,
    bars: Annotated[int, typer.Option(min=1, help="Bars per piece.")] = 8,
    seeds: Seeds = 3,
    preset: Preset = "nano",
    steps: Steps = 200,
    overrides: Overrides = None,
    quick: Quick = False,
    runs: KeptRuns = RUNS,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Compare decoders: masked diffusion, autoregressive, independent heads and flat tokens."""
    from amadeus.experiments import decoder_contest
    from amadeus.experiments.decoder_report import report_on

    def run(kept: Runs, base: Recipe) -> Report:
        contest = decoder_contest.run(kept, base, range(seeds), pieces, bars)
        return report_on(
            contest, *_provenance(base, "decoders", seeds=seeds, pieces=pieces, bars=bars)
        )

    _Task(shards, preset, steps, overrides, quick, runs, output, as_json).do(run)


@dataclass(frozen=True, slots=True)
class _Task:
    """The options that all of these commands share."""

    shards: Path
    preset: str
    steps: int
    overrides: list[str] | None
    quick: bool
    runs: Path
    output: Path | None
    as_json: bool
    captions: bool = False
    """Whether runs are conditioned on captions by default, which takes twice the time."""

    def do(self, run: Callable[[Runs, Recipe], Report]) -> None:
        """Train the missing runs, and output the report."""
        from amadeus.experiments.recipes import base_recipe
        from amadeus.experiments.runs import Runs

        fields = {"preset": self.preset, "steps": self.steps, "text": self.captions}
        fields |= parse_overrides(self.overrides or [])
        base = base_recipe(self.shards, fields, quick=self.quick)
        check_report(self.output)
        with staged_progress("Training") as progress:
            report = run(Runs(self.runs, progress), base)
        output_report(report, self.output, self.as_json)


def _provenance(base: Recipe, name: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """A description of how runs were trained, and the report's provenance."""
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
        raise ConfigError(f"{option} {text!r}: give positive numbers separated by commas")
    return numbers
