"""Leaving out: small models trained without a corpus, compared with one trained on everything.

All have the same size, seed and number of updates. Their nats on held-out pieces of the left-out
corpora show how far learning from the other corpora carries over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amadeus.corpus.shards import Shards
from amadeus.experiments.options import Progress, no_progress
from amadeus.experiments.prediction import predict, spread
from amadeus.inference.composer import load_model
from amadeus.reports.means import Mean
from amadeus.training.config import TrainConfig
from amadeus.training.trainer import Trainer

EVERYTHING, THE_REST = "nothing left out", "all others"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Nats per row of each piece, by the corpus left out of training and by the piece's corpus."""

    nats: dict[str, dict[str, np.ndarray]]
    steps: int

    def loss(self, corpus: str, without: str) -> Mean:
        """Extra nats per row of a corpus if another is left out of training."""
        return Mean.of(self.nats[without][corpus] - self.nats[EVERYTHING][corpus])

    def to_dict(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "nats": {
                without: {corpus: np.round(nats, 5).tolist() for corpus, nats in by_corpus.items()}
                for without, by_corpus in self.nats.items()
            },
        }


def leave_out(
    corpora: Sequence[str],
    train: Path,
    held_out: Shards,
    *,
    steps: int,
    pieces: int,
    rows: int = 256,
    progress: Progress = no_progress,
) -> LeftOut:
    """Train nano models without captions, one on everything and one without each corpus.

    train: shard folder. pieces: most held-out pieces of each corpus, and of all others together.
    The first `rows` rows of each are measured, which is also the length of training excerpts.
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
            corpus: np.array([p.nats.sum() for p in predict(model, held_out, places, rows=rows)])
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
    if step < steps:  # the trainer saves and returns on Ctrl-C
        raise KeyboardInterrupt
