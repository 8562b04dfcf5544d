"""`amadeus train`: trains a model from a YAML configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import progress_bar
from amadeus.errors import ConfigError, TrainingError

if TYPE_CHECKING:
    from amadeus.model import Amadeus
    from amadeus.training.config import TrainConfig
    from amadeus.training.trainer import Progress, Trainer

EXAMPLES = options.examples(
    "amadeus train small.yaml",
    "amadeus train small.yaml --set steps=50000 --set output=runs/long --minutes 60",
    "amadeus train small.yaml --resume",
    "torchrun --standalone --nproc-per-node 4 -m amadeus train small.yaml",
)

INTERRUPTED = 130
"""Exit code after Ctrl-C, which saves a checkpoint and stops."""
LINE_SECONDS = 60.0
"""Time between progress lines when there is no progress bar."""
SAMPLE_BARS = 16
SAMPLE_NOTES = 512


def train(
    config: Annotated[Path, typer.Argument(help="YAML file that configures the run.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume from the last checkpoint.")
    ] = False,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Override a field of the configuration; repeatable.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="Save a checkpoint and stop after this many minutes."),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda; by default cuda if available.")
    ] = None,
) -> None:
    """Train a model, with regular validation and checkpoints."""
    from amadeus.training.config import load_config
    from amadeus.training.state import STATE

    settings = load_config(config, parse_overrides(overrides or []))
    if not resume and (settings.output / STATE).exists():
        raise TrainingError(
            f"{settings.output} already contains a run; continue it with --resume, or choose "
            "another output"
        )
    trainer = _trainer(settings, device)
    settings.output.mkdir(parents=True, exist_ok=True)
    if trainer.rank == 0 and not len(trainer.openings):
        typer.echo(f"{settings.shards} has no validation pieces, so nothing is validated", err=True)
    lines = Lines(has_bar=sys.stderr.isatty())
    with progress_bar("Training", settings.steps, hidden=trainer.rank > 0) as update:

        def show(progress: Progress) -> None:
            speed = f"{progress.notes_per_second:,.0f} notes/s"
            update(progress.step, text=f"loss {progress.loss:.3f}, {speed}")
            lines.print(progress)

        def sample(model: Amadeus, step: int) -> None:
            _write_samples(model, settings, step)

        step = trainer.run(resume=resume, max_minutes=minutes, on_step=show, on_validation=sample)
    if trainer.rank == 0:
        typer.echo(f"{settings.output}: step {step} of {settings.steps}")
    if step < settings.steps and minutes is None:
        raise typer.Exit(INTERRUPTED)


class Lines:
    """Prints a line per validation and, without a progress bar, one per minute."""

    def __init__(self, has_bar: bool) -> None:
        self.has_bar = has_bar
        self.printed: float | None = None

    def print(self, progress: Progress) -> None:
        now = monotonic()
        due = self.printed is None or now - self.printed >= LINE_SECONDS
        if progress.nats is None and (self.has_bar or not due):
            return
        self.printed = now
        facts = [f"loss {progress.loss:.4f}"]
        if progress.nats is not None:
            facts.append(f"validation {progress.nats.per_note:.4f} nats per note")
        facts.append(f"{progress.notes_per_second:,.0f} notes/s")
        if progress.utilization is not None:
            facts.append(f"{progress.utilization:.0%} of the peak")
        typer.echo(f"step {progress.step}: {', '.join(facts)}")


def _write_samples(model: Amadeus, settings: TrainConfig, step: int) -> None:
    """Compose samples with the current weights."""
    from amadeus.inference.composer import Composer
    from amadeus.music.midi import write_midi

    if not settings.samples:
        return
    folder = settings.output / "samples"
    folder.mkdir(exist_ok=True)
    training = model.training
    prompts = [""] * settings.samples
    scores = Composer(model.eval()).generate_many(
        prompts, bars=SAMPLE_BARS, notes=SAMPLE_NOTES, tries=1
    )
    model.train(training)
    for seed, score in enumerate(scores):
        write_midi(score, folder / f"step-{step:06d}-seed-{seed}.mid")


def parse_overrides(overrides: list[str]) -> dict[str, Any]:
    """Parse `field=value` strings; values are YAML."""
    import yaml

    fields: dict[str, Any] = {}
    for override in overrides:
        field, equals, value = override.partition("=")
        if not equals:
            raise ConfigError(f"--set {override!r} has no value; write --set FIELD=VALUE")
        try:
            fields[field.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(
                f"--set {override!r}: the value is not valid YAML; quote it"
            ) from None
    return fields


def _trainer(settings: TrainConfig, device: str | None) -> Trainer:
    import torch

    from amadeus.training.trainer import Trainer

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"cannot use device {device!r}: {reason}") from None
    try:
        return Trainer(settings, device=device)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{error.name} is not installed; run: pip install 'amadeus-music[train]', "
            "or train without captions with --set text=false"
        ) from None
