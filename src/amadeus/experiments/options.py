"""Options of every experiment, as classes. The command line and the reports are made from these.

Each class names the module whose `run(options, progress)` returns the report. Nothing here imports
torch, because the command line imports this module whenever it starts.
"""

# ruff: noqa: RUF009 - `option` returns a dataclass field.

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

Progress = Callable[[str, int, int], None]
"""Called with the current stage, how much of it is done, and of how much."""


def no_progress(*_: Any) -> None:
    """Shows nothing."""


def option(help: str, default: Any = MISSING, **settings: Any) -> Any:
    """An option. settings: min, metavar, flag (if not the field's name), alias (hidden)."""
    return field(default=default, metadata={"help": help, **settings})


def names(text: str | None) -> list[str]:
    """The names in a comma-separated list."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options that all experiments have."""

    module: ClassVar[str] = ""
    """In `amadeus.experiments`; by default, the name of the experiment."""
    tables: ClassVar[int | None] = None
    """Tables that the command prints; None for all."""
    examples: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def name(cls) -> str:
        """The name of the command."""
        return cls.__name__.lower()

    def command(self) -> str:
        """The command that runs the experiment again, with a placeholder for each folder."""
        words = ["amadeus experiment", self.name()]
        for each in fields(self):
            value, flag = getattr(self, each.name), flag_of(each)
            if each.name in ("model", "runs") or value is None or value is False:
                continue
            if isinstance(value, Mapping):
                words += [f"{flag} {shlex.quote(f'{k}={v}')}" for k, v in value.items()]
            elif isinstance(value, Path):
                words.append(f"{flag} {each.name.upper()}")
            else:
                words.append(flag if value is True else f"{flag} {shlex.quote(str(value))}")
        return " ".join(words)


def flag_of(field: Any) -> str:
    """The option on the command line, such as --leave-out."""
    return field.metadata.get("flag", f"--{field.name.replace('_', '-')}")


@dataclass(frozen=True, kw_only=True)
class MeasuringOptions(Options):
    """Options of experiments that measure a trained model."""

    model: str | None = option("A packaged model or a checkpoint folder.", None, metavar="NAME|DIR")
    shards: Path | None = option(
        "Corpus to take validation pieces from; by default, the packaged ones.", None, metavar="DIR"
    )


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(Options):
    """Options of experiments that train models."""

    captions: ClassVar[bool] = False
    """Whether runs are conditioned on captions by default, which doubles the time."""
    shards: Path = option("Folder of token shards.", metavar="DIR")
    seeds: int = option("Number of runs per configuration.", 3, min=1)
    preset: str = option("Model size: nano, small, base, large or xl.", "nano")
    steps: int = option("Training updates per run.", 200, min=1)
    overrides: Mapping[str, Any] | None = option(
        "Override a field of the configuration; repeatable.", None,
        flag="--set", metavar="FIELD=VALUE",
    )  # fmt: skip
    quick: bool = option("Run four tiny updates per run, as a test.", False)
    runs: Path = option(
        "Folder of finished runs, shared by all experiments.", Path("runs/experiments"),
        metavar="DIR",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Control(MeasuringOptions):
    """Measure whether constraints hold, and what they cost.

    Each piece is composed under one randomly drawn constraint, such as a tempo, a key or a pitch
    range, and the result is measured in the music. The costs are the change in likelihood of the
    unconstrained attributes, and the distance from real music.
    """

    tables = 3
    examples = (
        "amadeus experiment control --seeds 10 --only tempo,key",
        "amadeus experiment control --output docs/experiments/control",
    )
    seeds: int = option("Number of pieces per control.", 50, min=1)
    bars: int = option("Length of each piece in bars.", 8, min=2)
    only: str | None = option("Controls to measure; all by default.", None, metavar="NAME,...")
    seed: int = option("Seed of the first piece.", 0, min=0)


@dataclass(frozen=True, kw_only=True)
class Infill(MeasuringOptions):
    """Rewrite the middle of real pieces, and measure whether the new bars lead into what follows.

    Compares how well the model predicts what follows after the original bars, after rewrites with
    and without knowledge of it, and after bars of another piece.
    """

    examples = (
        "amadeus experiment infill --pieces 8 --candidates 2",
        "amadeus experiment infill --output docs/experiments/infill",
    )
    pieces: int = option("Number of pieces to rewrite.", 30, min=2)
    bars: int = option("Bars to rewrite in each piece.", 4, min=1)
    candidates: int = option("Candidates per passage.", 4, min=1, alias="tries")
    seed: int = option("Seed of the first piece.", 0, min=0)


@dataclass(frozen=True, kw_only=True)
class Steps(MeasuringOptions):
    """Measure the quality of music composed in fewer steps per note and in other orders."""

    tables = 3
    examples = (
        "amadeus experiment steps --pieces 8 --bars 4",
        "amadeus experiment steps --output docs/experiments/steps",
    )
    pieces: int = option("Number of pieces composed per setting.", 40, min=2)
    bars: int = option("Length of every piece.", 8, min=2)
    real: int = option("Number of real pieces to compare with.", 84, min=2)
    rows: int = option("Rows of each piece.", 64, min=2)
    seed: int = option("The first piece's seed.", 0, min=0)


@dataclass(frozen=True, kw_only=True)
class Dependency(MeasuringOptions):
    """Measure the dependency between attributes, and compare unmasking orders based on it."""

    tables = 5
    examples = (
        "amadeus experiment dependency --pieces 16 --rows 64",
        "amadeus experiment dependency --shards held-out --output docs/experiments/dependency",
    )
    pieces: int = option("Pieces to predict in several orders.", 84, min=2)
    rows: int = option("Rows of each piece.", 128, min=2)
    notes: int = option("Rows of each piece in which to count notes.", 960, min=2)


@dataclass(frozen=True, kw_only=True)
class Genre(MeasuringOptions):
    """Measure how well a model predicts the music of each corpus and genre.

    Results are compared with an n-gram baseline, because some music is harder to predict.
    """

    examples = (
        "amadeus experiment genre --pieces 8",
        "amadeus experiment genre --shards held-out --train shards --output docs/experiments/genre",
        "amadeus experiment genre --shards held-out --train shards --leave-out symbtr "
        "--updates 300",
    )
    pieces: int = option("Most pieces per corpus.", 24, min=2)
    rows: int = option("Rows of each piece.", 256, min=2)
    train: Path | None = option("Training shards for an n-gram baseline.", None, metavar="DIR")
    outside: str | None = option(
        "Corpora that the model was not trained on; known for packaged models.", None,
        metavar="CORPUS,...",
    )  # fmt: skip
    leave_out: str | None = option(
        "Also train small models on --train, each without one of these corpora.", None,
        metavar="CORPUS,...",
    )  # fmt: skip
    updates: int = option("Training updates of these models.", 300, min=1)


@dataclass(frozen=True, kw_only=True)
class Profile(MeasuringOptions):
    """Measure how much profiles help to predict real music, and how well new music follows them."""

    examples = (
        "amadeus experiment profile --model runs/small --pieces 8 --seeds 2 --bars 4",
        "amadeus experiment profile --model runs/small --only like --pieces 30",
        "amadeus experiment profile --model runs/small --shards held-out --output report",
    )
    pieces: int = option("Number of real pieces, spread over the corpora.", 30, min=2)
    rows: str = option(
        "Numbers of rows to predict; the first also by value.", "64,960", metavar="N,..."
    )
    seeds: int = option("Number of pieces composed per value.", 20, min=1)
    levels: int = option("Number of values per measure.", 4, min=2)
    bars: int = option("Length of composed pieces in bars.", 16, min=2)
    seed: int = option("Seed of the first piece.", 0, min=0)
    only: str | None = option(
        "Parts to run: hear, follow, like. All by default.", None, metavar="NAME,..."
    )


@dataclass(frozen=True, kw_only=True)
class Ciem(TrainingOptions):
    """Train with and without CIEM, conditioned on captions, and compare."""

    captions = True
    examples = (
        "amadeus experiment ciem --shards shards --quick",
        "amadeus experiment ciem --shards shards --output docs/experiments/ciem",
        "amadeus experiment ciem --shards shards --preset small --steps 20000 --set rows=960",
    )


@dataclass(frozen=True, kw_only=True)
class Mlsdes(TrainingOptions):
    """Train with and without MLSDES, and compare."""

    examples = (
        "amadeus experiment mlsdes --shards shards --output docs/experiments/mlsdes",
        "amadeus experiment mlsdes --shards shards --preset small --steps 9000 --set batch_size=64",
    )


@dataclass(frozen=True, kw_only=True)
class Sensitivity(TrainingOptions):
    """Train with different MLSDES weights and temperatures, and measure their effect."""

    examples = (
        "amadeus experiment sensitivity --shards shards --output docs/experiments/sensitivity",
        "amadeus experiment sensitivity --shards shards --seeds 3",
    )
    seeds: int = option("Number of runs per configuration.", 1, min=1)
    middle_seeds: int = option(
        "Number of runs at the middle setting, to measure seed noise.", 3, min=1
    )


@dataclass(frozen=True, kw_only=True)
class Scaling(TrainingOptions):
    """Train models of several widths for several lengths, and fit a scaling law."""

    examples = (
        "amadeus experiment scaling --shards shards --output docs/experiments/scaling",
        "amadeus experiment scaling --shards shards --widths 128,256,512 --lengths 0.1,1 "
        "--steps 9000",
    )
    widths: str = option(
        "Widths of the note generator, multiples of 32.", "32,64,128,192,256", metavar="N,..."
    )
    lengths: str = option(
        "Lengths of runs, as fractions of --steps.", "0.25,0.5,1", metavar="X,..."
    )


@dataclass(frozen=True, kw_only=True)
class Decoders(TrainingOptions):
    """Compare decoders: masked diffusion, autoregressive, independent heads and flat tokens."""

    module = "decoder_comparison"
    examples = (
        "amadeus experiment decoders --shards shards --output docs/experiments/decoders",
        "amadeus experiment decoders --shards shards --steps 5000 --pieces 64 --bars 16",
    )
    pieces: int = option("Number of pieces composed per decoder.", 16, min=2)
    bars: int = option("Bars per piece.", 8, min=1)


EXPERIMENTS: tuple[type[Options], ...] = (
    Control, Infill, Steps, Dependency, Genre, Profile, Ciem, Mlsdes, Sensitivity, Scaling,
    Decoders,
)  # fmt: skip
"""In the order of the help."""
