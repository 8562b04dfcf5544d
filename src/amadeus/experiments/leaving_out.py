"""Leaving out: small models that never saw a corpus, beside one that saw all.

Of the same size and seed, trained for equally many updates; their nats on held-out pieces of the
corpora that were left out tell how far what is learned elsewhere carries.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amadeus.corpus.shards import Shards
from amadeus.experiments.genre import listen, spread
from amadeus.inference.composer import load_model
from amadeus.reports.means import Mean
from amadeus.training.config import TrainConfig
from amadeus.training.trainer import Trainer

EVERYTHING, THE_REST = "nothing left out", "all others"
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, and of how much."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Nats per row by model, that is by the corpus it never saw, and by corpus, one a piece."""

    nats: dict[str, dict[str, np.ndarray]]
    steps: int

    def loss(self, corpus: str, without: str) -> Mean:
        """How many nats a row more pieces of one corpus cost, without another one in training."""
        return Mean.of(self.nats[without][corpus] - self.nats[EVERYTHING][corpus])


def leave_out(
    corpora: Sequence[str],
    train: Path,
    held_out: Shards,
    *,
    steps: int,
    pieces: int,
    rows: int = 256,
    progress: Progress = lambda *_: None,
) -> LeftOut:
    """Train nano models without words, one on everything, and one without each corpus.

    train: shard folder. pieces: most held-out pieces of each corpus, and of all others together, of
    which the first `rows` rows are measured; excerpts of training are as long.
    """
    chosen = {name: spread(held_out, pieces, [name]) for name in corpora}
    others = [i for i, name in enumerate(held_out.sources()) if name not in corpora]
    chosen[THE_REST] = others[:: -(-len(others) // pieces)] if others else []
    nats = {}
    for name in (EVERYTHING, *corpora):
        with tempfile.TemporaryDirectory() as folder:
            _train(train, Path(folder), name, steps, rows, progress)
            model = load_model(folder).model
        nats[name] = {
            corpus: np.array([p.nats.sum() for p in listen(model, held_out, places, rows=rows)])
            for corpus, places in chosen.items()
        }
    return LeftOut(nats, steps)


def _train(
    shards: Path, output: Path, left_out: str, steps: int, rows: int, progress: Progress
) -> None:
    data = {} if left_out == EVERYTHING else {"weights": {left_out: 0.0}}
    config = TrainConfig(
        shards=shards, output=output, preset="nano", steps=steps, batch_size=16, rows=rows,
        data=data, text=False, decoder_share=0.5, matrix_lr=0.01, warmup=min(30, steps),
        validate_every=steps, validation_pieces=1, samples=0,
    )  # fmt: skip
    step = Trainer(config, device="cpu").run(
        on_step=lambda done: progress(f"training, {left_out}", done.step, done.steps)
    )
    if step < steps:  # the trainer takes Ctrl-C as a wish to save
        raise KeyboardInterrupt
