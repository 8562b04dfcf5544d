"""MLSDES: does it help to push the hidden states of pieces apart?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from amadeus.corpus.dataset import Openings
from amadeus.corpus.shards import Shards
from amadeus.experiments.ablation import Arm, ablate, draw, table_of, values_of
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.options import Mlsdes, Progress
from amadeus.experiments.recipes import describe, prepare, provenance_of_training
from amadeus.experiments.runs import Recipe, Runs
from amadeus.reports.report import Report, Table
from amadeus.tokens.vocabulary import Attribute, RowType
from amadeus.training.loss import piece_distances

WEIGHT, TEMPERATURE = 0.1, 0.1
"""In the middle of the ranges that the paper suggests."""


def run(options: Mlsdes, progress: Progress) -> Report:
    runs, base = prepare(options, progress)
    arms = ablate(runs, "MLSDES", dispersed(base), base, range(options.seeds))
    distances = {arm.name: [distance_of_pieces(runs, r.recipe) for r in arm.runs] for arm in arms}
    return report(arms, distances, describe(base), provenance_of_training(options, base))


def dispersed(base: Recipe, weight: float = WEIGHT, temperature: float = TEMPERATURE) -> Recipe:
    """The recipe with MLSDES."""
    return base.but(dispersion=weight, dispersion_temperature=temperature)


@torch.no_grad()
def distance_of_pieces(runs: Runs, recipe: Recipe) -> float:
    """Mean cosine distance between test pieces in the layer that MLSDES acts on; no captions."""
    model, config = runs.model(recipe), recipe.config
    pieces = Shards(config.shards, "validation")
    openings = Openings(pieces, config.rows, recipe.test_pieces, None, recipe.test_pieces)
    tokens = openings[0].tokens.long()
    hidden = model.contextualize(tokens).intermediate
    distances = piece_distances(hidden, tokens[..., Attribute.TYPE] != RowType.PAD)
    return float(distances[~torch.eye(len(tokens), dtype=torch.bool)].mean())


_SUMMARY = """The paper's latent space discriminability enhancement (MLSDES) is a loss that pushes
the mean hidden states of the pieces in a batch apart, after a third of the generator's layers. This
experiment trains the same model with it (weight {weight}, temperature {temperature}) and without,
on the same data in the same order, with {seeds} seeds.

{setting}"""
_NOTE = """Measured as in [the CIEM experiment](../ciem/README.md), on the first {rows} rows of
{pieces} validation pieces. Batches have {batch} pieces; a loss over pairs of pieces may need larger
ones."""


def report(
    arms: Sequence[Arm],
    distances: Mapping[str, Sequence[float]],
    setting: str,
    provenance: Mapping[str, Any],
) -> Report:
    """distances: between test pieces, by arm and seed. setting: how the runs were trained."""
    config = arms[0].runs[0].recipe.config
    pieces = len(arms[0].runs[0].nats)
    note = _NOTE.format(rows=config.rows, pieces=pieces, batch=config.batch_size)
    values = values_of(arms)
    values["distances"] = {name: np.round(v, 5).tolist() for name, v in distances.items()}
    rows = [[name, f"{np.mean(v):.3f}", ", ".join(f"{x:.3f}" for x in v)]
            for name, v in distances.items()]  # fmt: skip
    return Report(
        title="Latent space discriminability (MLSDES)",
        summary=_SUMMARY.format(
            weight=config.dispersion, temperature=config.dispersion_temperature,
            seeds=len(arms[0].runs), setting=setting,
        ),
        tables=[
            verdict_table("mlsdes", values),
            table_of(arms, note),
            Table("Mean cosine distance between validation pieces", ("", "mean", "by seed"), rows),
        ],
        values=values,
        provenance=provenance,
        pictures={"mlsdes": draw(arms)},
    )  # fmt: skip
