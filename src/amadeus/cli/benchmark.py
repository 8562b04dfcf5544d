"""`amadeus benchmark`: how fast it composes on this machine, and how fast others do."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar
from amadeus.cli.outputs import check_report, hand_over
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
        str | None, typer.Option(metavar="NAME,...", help="Presets to compare.")
    ] = None,
    batch: Annotated[
        str | None, typer.Option(metavar="N,...", help="Numbers of pieces at once.")
    ] = None,
    steps: Annotated[
        str | None, typer.Option(metavar="N,...", help="Numbers of predictions a note, 1 to 8.")
    ] = None,
    contexts: Annotated[
        str | None, typer.Option(metavar="N,...", help="Numbers of rows that went before.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Times that everybody's turn comes.")] = 5,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="These tables: systems, batch, steps, contexts, presets, start; all if left out.",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A minute, for a first look.")] = False,
    device: Annotated[
        str | None,
        typer.Option(help="Where torch runs besides the CPU; cuda where there is one."),
    ] = None,
    model: options.Model = None,
    output: options.ReportFolder = None,
    as_json: options.Json = False,
) -> None:
    """Time composing on this machine, beside baselines of equal size and what the machine allows.

    All systems take turns, round by round; told are medians and spreads. The baselines need
    pip install 'amadeus-music\\[benchmark]'.
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
    hand_over(report, output, as_json)


def _command(quick: bool, **given: object) -> str:
    """What to type to get such numbers again."""
    words = ["amadeus benchmark", *(["--quick"] if quick else [])]
    return " ".join(
        [*words, *(f"--{name} {value}" for name, value in options.given(**given).items())]
    )


def _words(text: str | None) -> list[str] | None:
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ConfigError(f"{text!r} names nothing; give names with commas between them")
    return words


def _numbers(option: str, text: str | None) -> list[int] | None:
    words = _words(text)
    try:
        return None if words is None else [int(word) for word in words]
    except ValueError:
        raise ConfigError(
            f"--{option} takes whole numbers with commas between them, got {text!r}"
        ) from None
