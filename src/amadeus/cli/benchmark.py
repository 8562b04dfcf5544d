"""`amadeus benchmark`: measures the speed of Amadeus and of baselines on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar
from amadeus.cli.outputs import check_report, output_report
from amadeus.errors import ConfigError

EXAMPLES = options.examples(
    "amadeus benchmark --quick",
    "amadeus benchmark --only presets --preset small,large",
    "amadeus benchmark --output docs/experiments/speed",
    "amadeus benchmark --device cuda --only presets --preset large --batch 1,16,256",
)
_QUICK: dict[str, Any] = {
    "presets": ["nano", "small"], "batches": [1, 4], "steps": [1, 8], "contexts": [256, 512],
    "seconds": 0.1,
}  # fmt: skip


def benchmark(
    preset: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Model presets to compare.")
    ] = None,
    batch: Annotated[str | None, typer.Option(metavar="N,...", help="Batch sizes.")] = None,
    steps: Annotated[
        str | None, typer.Option(metavar="N,...", help="Predictions per note, 1 to 8.")
    ] = None,
    contexts: Annotated[
        str | None, typer.Option(metavar="N,...", help="Context lengths, in rows.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Number of measurements per system.")] = 5,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Tables to produce: systems, batch, steps, contexts, presets, start. All by "
            "default.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Run a short version, about a minute.")
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(help="Device for torch in addition to the CPU; by default cuda if available."),
    ] = None,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Measure composing speed on this machine, against baselines and hardware limits.

    Each round measures every system once; the report gives medians and spreads over the rounds.
    The baselines have the same size as the model and need pip install 'amadeus-music\\[benchmark]'.
    """
    from amadeus.benchmark.report import describe, describe_load, missing_note, report_on
    from amadeus.benchmark.suite import Settings, find_device, run
    from amadeus.model.packaged import DEFAULT_MODEL

    given = options.given(
        presets=_words(preset), only=_words(only), batches=_numbers("batch", batch),
        steps=_numbers("steps", steps), contexts=_numbers("contexts", contexts),
    )  # fmt: skip
    chosen = (_QUICK if quick else {}) | given
    settings = Settings(
        model=model or DEFAULT_MODEL, rounds=rounds, device=find_device(device), **chosen
    )
    check_report(output)
    missing = missing_note()
    if missing:
        typer.echo(f"amadeus: {missing}", err=True)
    with progress_bar("Timing") as update:
        results = run(
            settings, lambda text, done, total: update(done, total=total, text=f"Timing {text}")
        )
    command = _command(
        quick, rounds=rounds, only=only, preset=preset, batch=batch, steps=steps,
        contexts=contexts, device=device, model=model,
    )  # fmt: skip
    report = report_on(results, command)
    if not as_json:
        typer.echo(f"{describe(results.computer)}; load {describe_load(results.computer)}\n")
    output_report(report, output, as_json)


def _command(quick: bool, **given: object) -> str:
    """The command that reproduces the benchmark."""
    words = ["amadeus benchmark", *(["--quick"] if quick else [])]
    return " ".join(
        [*words, *(f"--{name} {value}" for name, value in options.given(**given).items())]
    )


def _words(text: str | None) -> list[str] | None:
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ConfigError(f"{text!r} contains no names; separate names with commas")
    return words


def _numbers(option: str, text: str | None) -> list[int] | None:
    words = _words(text)
    try:
        return None if words is None else [int(word) for word in words]
    except ValueError:
        raise ConfigError(
            f"--{option} takes whole numbers separated by commas, got {text!r}"
        ) from None
