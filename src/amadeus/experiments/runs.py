"""Training runs of experiments. Each recipe is trained once and shared by all experiments.

A finished run is a folder named by the hash of its recipe, with the weights and `run.json`. An
interrupted run resumes from its last checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from amadeus.corpus.dataset import Openings
from amadeus.corpus.shards import read_summary
from amadeus.errors import CorpusError, TrainingError
from amadeus.experiments.decoders import DECODERS, DIFFUSION
from amadeus.experiments.options import Progress, no_progress
from amadeus.files import write_text
from amadeus.training.config import TrainConfig
from amadeus.training.state import STATE, load_state
from amadeus.training.trainer import Progress as Step
from amadeus.training.trainer import Trainer
from amadeus.training.validation import validate

RESULT, CURVE = "run.json", "curve.json"
ROUNDS, UPDATES = 8, 2
"""Turns of each recipe when updates are timed, and updates per turn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Everything that determines a run; equal recipes give equal weights."""

    config: TrainConfig
    decoder: str = DIFFUSION
    """Name in DECODERS."""
    test_pieces: int = 128
    """Validation pieces that the trained model is measured on, spread over the corpus."""

    @property
    def key(self) -> str:
        """12 hex digits that identify the recipe, whatever the path of its corpus."""
        text = json.dumps(self.to_dict(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        config = asdict(self.config)
        for name in ("shards", "output", "checkpoint_minutes", "samples", "workers"):
            del config[name]
        corpus = read_summary(self.config.shards)
        config["corpus"] = {name: corpus[name] for name in ("pieces", "rows", "vocabulary")}
        return {"decoder": self.decoder, "test_pieces": self.test_pieces, **config}

    def but(self, model: Mapping[str, Any] | None = None, **fields: Any) -> Recipe:
        """A copy with other fields of the training run and of the model."""
        sizes = {**self.config.model, **(model or {})}
        return replace(self, config=replace(self.config, model=sizes, **fields))


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The result of a recipe."""

    recipe: Recipe
    parameters: int
    curve: np.ndarray
    """[K, 2]: number of updates, and nats per row of the validation openings after them."""
    nats: np.ndarray
    """Nats per row of each test piece, [P], with its caption if the run has text."""
    nats_unheard: np.ndarray | None
    """The same without captions; None for a run without text."""

    @property
    def rows_per_update(self) -> int:
        return self.recipe.config.batch_size * (self.recipe.config.rows - 1)

    def to_dict(self) -> dict[str, Any]:
        unheard = None if self.nats_unheard is None else self.nats_unheard.round(5).tolist()
        return {
            "recipe": self.recipe.to_dict(),
            "parameters": self.parameters,
            "curve": self.curve.round(5).tolist(),
            "nats": self.nats.round(5).tolist(),
            "nats_unheard": unheard,
        }


class Runs:
    """The runs in a folder."""

    def __init__(self, folder: Path, progress: Progress = no_progress) -> None:
        self.folder, self.progress = folder, progress

    def get(self, recipe: Recipe, what: str = "training") -> Run:
        """The run of this recipe, trained now if necessary. what: its name in the progress."""
        folder = self.folder / recipe.key
        if not (folder / RESULT).exists():
            run = self._train(recipe, folder, what)
            _write_json(folder / RESULT, run.to_dict())
        return _read(recipe, folder / RESULT)

    def model(self, recipe: Recipe) -> Any:
        """The trained model, in evaluation mode."""
        self.get(recipe)
        model = DECODERS[recipe.decoder](recipe.config).model
        load_state(self.folder / recipe.key, {"model": model}, [])
        return model.eval()

    def seconds_per_update(self, recipes: Sequence[Recipe]) -> list[float]:
        """Processor time of an update of each recipe, measured in turns and once for each set.

        On a CPU with one thread, other work on the machine makes little difference.
        """
        keys = "-".join(recipe.key for recipe in recipes)
        path = self.folder / f"seconds-{hashlib.sha256(keys.encode()).hexdigest()[:12]}.json"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            _write_json(path, list(self._time(recipes)))
        return json.loads(path.read_text(encoding="utf-8"))

    def _time(self, recipes: Sequence[Recipe]) -> Iterator[float]:
        trainers = [self._trainer(recipe) for recipe in recipes]
        times: list[list[float]] = [[] for _ in trainers]
        for turn in range(ROUNDS):
            self.progress("timing updates", turn, ROUNDS)
            for trainer, seconds in zip(trainers, times, strict=True):
                batches = [trainer.excerpts[turn * UPDATES + i] for i in range(UPDATES)]
                began = process_time()
                for batch in batches:
                    trainer.update(turn * UPDATES, batch)
                seconds.append((process_time() - began) / UPDATES)
        return map(min, times)  # other work can only make it slower

    def _train(self, recipe: Recipe, folder: Path, what: str) -> Run:
        trainer = self._trainer(recipe)
        if not len(trainer.openings):
            raise CorpusError(f"{recipe.config.shards} has no validation pieces; use another")
        resume = (folder / STATE).exists()
        reached = load_state(folder, trainer.models, trainer.optimizers) if resume else 0
        curve = [point for point in _points(folder / CURVE) if point[0] <= reached]

        def note(step: Step) -> None:
            self.progress(what, step.step, step.steps)
            if step.nats is not None:
                curve.append([step.step, step.nats.per_note])
                folder.mkdir(parents=True, exist_ok=True)
                _write_json(folder / CURVE, curve)

        if trainer.run(resume=resume, on_step=note) < recipe.config.steps:
            raise TrainingError(f"interrupted; run the command again to resume from {self.folder}")
        return Run(
            recipe,
            trainer.model.num_parameters(),
            np.array(curve),
            _nats_of_pieces(trainer, recipe, captions=True),
            _nats_of_pieces(trainer, recipe, captions=False) if recipe.config.text else None,
        )

    def _trainer(self, recipe: Recipe) -> Trainer:
        config = replace(recipe.config, output=self.folder / recipe.key)
        return Trainer(config, build=DECODERS[recipe.decoder])


def _nats_of_pieces(trainer: Trainer, recipe: Recipe, captions: bool) -> np.ndarray:
    """Nats per row of each test piece, [P]. All runs use the same masks.

    captions: whether the model reads the pieces' captions.
    """
    held_out = trainer.openings.shards
    tokenizer = trainer.tokenizer if captions else None
    encode = trainer.encode_text if captions else None
    openings = Openings(held_out, recipe.config.rows, 1, tokenizer, recipe.test_pieces)
    nats = [
        validate(trainer.objective, [piece], encode, trainer.device, seed=number).per_note
        for number, piece in enumerate(openings)
    ]
    return np.array(nats)


def _read(recipe: Recipe, path: Path) -> Run:
    values = json.loads(path.read_text(encoding="utf-8"))
    unheard = values["nats_unheard"]
    return Run(
        recipe, values["parameters"], np.array(values["curve"]), np.array(values["nats"]),
        None if unheard is None else np.array(unheard),
    )  # fmt: skip


def _points(path: Path) -> list[list[float]]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def _write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value) + "\n")
