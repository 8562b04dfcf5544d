"""A training run as one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import yaml

from amadeus.corpus.dataset import ExcerptConfig
from amadeus.errors import ConfigError
from amadeus.model import PRESETS, ModelConfig
from amadeus.text.encoder import WIDTHS, text_width
from amadeus.training.optimizer import Schedule


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """A training run."""

    shards: Path
    """Folder written by `amadeus corpus build`."""
    output: Path
    """Folder for checkpoints, logs and samples."""
    preset: str = "small"
    """Model size: nano, small, base, large or xl."""
    model: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the model that differ from the preset."""
    start_from: str = ""
    """A packaged model or a checkpoint folder whose weights a new run begins with."""
    steps: int = 20_000
    """Updates in all."""
    batch_size: int = 64
    """Excerpts per update, over all processes."""
    rows: int = 960
    """Rows of an excerpt."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `ExcerptConfig` that differ from its defaults."""
    text: bool = True
    """Condition on captions."""
    profile: bool = True
    """Condition on profiles."""
    text_encoder: str = "minilm"
    """What reads the captions: minilm, flan-t5-base or the folder of a text encoder."""
    decoder_share: float = 0.25
    """Share of the rows that the note decoder is trained on in each update."""
    opening_rows: int = 0
    """The note decoder is also trained on this many rows at the start of every excerpt. They decide
    the tempo, the metre and the instruments."""
    dispersion: float = 0.0
    """Weight of MLSDES; the paper suggests 0.01 to 1."""
    dispersion_temperature: float = 0.1
    """Temperature of MLSDES; the paper suggests 0.01 to 0.5."""
    optimizer: Literal["muon", "adamw"] = "muon"
    """Muon for matrices and AdamW for the rest, or AdamW for all."""
    lr: float = 0.003
    """Learning rate of AdamW."""
    matrix_lr: float = 0.005
    """Learning rate of Muon, on AdamW's scale."""
    profile_lr: float = 0.003
    """Learning rate of the profile's vectors; few of them are seen in an update."""
    weight_decay: float = 0.02
    """Decoupled weight decay of matrices."""
    schedule: Schedule = "trapezoid"
    """How the learning rate falls: "cosine", or "trapezoid" (late and straight)."""
    warmup: int = 200
    """Updates over which the learning rate rises."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    average: float = 0.0
    """Decay of the moving average of the weights that is validated, sampled from and saved, 0.998
    for example; 0 takes the weights as they are."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Type of activations; auto is bfloat16 on CUDA, and on CPUs that multiply it faster."""
    compile: bool | None = None
    """Compile the step; by default on CUDA alone, for on a CPU that takes minutes."""
    workers: int = 0
    """Processes that prepare batches."""
    seed: int = 0
    """Seed of weights, batches and noise."""
    checkpoint_minutes: float = 10.0
    """Time between checkpoints."""
    validate_every: int = 1000
    """Updates between validations."""
    validation_pieces: int = 512
    """Pieces that validation looks at."""
    samples: int = 1
    """Pieces composed at each validation."""

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise ConfigError(f"preset {self.preset!r} is unknown; choose one of {list(PRESETS)}")
        for name in ("steps", "batch_size", "rows", "validate_every", "validation_pieces"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.decoder_share <= 1:
            raise ConfigError(f"decoder_share must be in (0, 1], got {self.decoder_share}")
        if not 0 <= self.opening_rows < self.rows:
            raise ConfigError(f"opening_rows must be from 0 to rows - 1, got {self.opening_rows}")
        if not 0 <= self.average < 1:
            raise ConfigError(f"average must be in [0, 1), got {self.average}")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise ConfigError(
                f"precision must be auto, float32 or bfloat16, got {self.precision!r}"
            )
        if self.optimizer not in ("muon", "adamw"):
            raise ConfigError(f"optimizer must be muon or adamw, got {self.optimizer!r}")
        if self.schedule not in ("cosine", "trapezoid"):
            raise ConfigError(f"schedule must be cosine or trapezoid, got {self.schedule!r}")

    def model_config(self) -> ModelConfig:
        """The preset with the fields of `model` replaced, and as wide a text as its encoder's."""
        follows = {"text_encoder": "text_encoder", "text_width": "text_encoder"}
        for name, field_ in (follows | {"profile": "profile"}).items():
            if name in self.model:
                raise ConfigError(f"model: {name} follows from the run's {field_}; set that")
        # In full, because the checkpoint will be read from elsewhere.
        encoder = self.text_encoder
        encoder = encoder if encoder in WIDTHS else str(Path(encoder).resolve())
        text = {"text_encoder": encoder, "text_width": text_width(encoder)}
        run = {"context": self.rows, "profile": self.profile}
        values = {**asdict(PRESETS[self.preset]), **text, **run, **self.model}
        return _from_fields(ModelConfig, values, "model")

    def excerpt_config(self, batch_size: int, seed: int) -> ExcerptConfig:
        """How excerpts are drawn by one process."""
        values = {
            "rows": self.rows, "batch_size": batch_size, "seed": seed, "profile": self.profile,
            **self.data,
        }  # fmt: skip
        return _from_fields(ExcerptConfig, values, "data")


def load_config(path: Path, overrides: Mapping[str, Any] | None = None) -> TrainConfig:
    """Read a YAML file. Relative folders in it are relative to the working directory.

    Raises ConfigError naming the field that is unknown, missing or out of range.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; see configs/ for examples") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is not a readable YAML file: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold `field: value` lines, got {type(values).__name__}")
    values |= overrides or {}
    return make_config(values, str(path))


def make_config(values: Mapping[str, Any], where: str) -> TrainConfig:
    """The run with these fields. where: what error messages call them.

    Raises ConfigError naming the field that is unknown, missing or out of range.
    """
    folders = {}
    for name in ("shards", "output"):
        if name not in values:
            raise ConfigError(f"{where} does not say `{name}: FOLDER`")
        folders[name] = Path(str(values[name]))
    return _from_fields(TrainConfig, {**values, **folders}, where)


def _from_fields(cls: type, values: Mapping[str, Any], where: str) -> Any:
    known = {f.name for f in fields(cls)}
    for name in values:
        if name not in known:
            raise ConfigError(f"{where}: unknown field {name!r}; choose from {sorted(known)}")
    for field_ in fields(cls):
        if field_.name in values and isinstance(field_.default, (bool, int, float, str)):
            _check_type(where, field_.name, values[field_.name], type(field_.default))
    try:
        return cls(**values)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from None


def _check_type(where: str, name: str, value: Any, expected: type) -> None:
    """A value of the same type as its default, where an integer will do for a number."""
    fits = type(value) is expected or (expected is float and type(value) is int)
    if not fits:
        raise ConfigError(f"{where}: {name} must be of type {expected.__name__}, got {value!r}")
