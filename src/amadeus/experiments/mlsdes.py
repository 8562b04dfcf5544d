"""MLSDES: does it pay to push the hidden states of pieces apart?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from amadeus.corpus.dataset import Openings
from amadeus.corpus.shards import Shards
from amadeus.experiments.ablation import Arm, ablate, draw, table_of, verdict
from amadeus.experiments.runs import Recipe, Runs
from amadeus.reports.report import Report, Table
from amadeus.tokens.vocabulary import Attribute, RowType
from amadeus.training.loss import piece_distances

WEIGHT, TEMPERATURE = 0.1, 0.1
"""In the middle of what the paper suggests."""
_SUMMARY = """The paper's latent space discriminability enhancement (MLSDES) is a loss that keeps
the mean hidden states of the pieces of a batch apart, after a third of the generator's layers. Here
is the same model with it (weight {weight}, temperature {temperature}) and without, on the same data
in the same order, with {seeds} seeds.

{setting}

**{verdict}**

{apart}"""
_NOTE = """Measured as in [the experiment on CIEM](../ciem/README.md): nats a row over the first
{rows} rows of {pieces} validation pieces, the 95 % interval over pieces, and the seeds beside it.
Batches have {batch} pieces; a loss over pairs of pieces may want more."""


def dispersed(base: Recipe, weight: float = WEIGHT, temperature: float = TEMPERATURE) -> Recipe:
    """The recipe with MLSDES."""
    return base.but(dispersion=weight, dispersion_temperature=temperature)


def run(runs: Runs, base: Recipe, seeds: Sequence[int]) -> list[Arm]:
    """The arms, the one with MLSDES first."""
    return ablate(runs, "MLSDES", dispersed(base), base, seeds)


@torch.no_grad()
def distance_of_pieces(runs: Runs, recipe: Recipe) -> float:
    """Mean cosine distance between test pieces, in the layer that MLSDES looks at; no captions."""
    model, config = runs.model(recipe), recipe.config
    pieces = Shards(config.shards, "validation")
    openings = Openings(pieces, config.rows, recipe.test_pieces, None, recipe.test_pieces)
    tokens = openings[0].tokens.long()
    hidden = model.contextualize(tokens).intermediate
    distances = piece_distances(hidden, tokens[..., Attribute.TYPE] != RowType.PAD)
    return float(distances[~torch.eye(len(tokens), dtype=torch.bool)].mean())


def distances(runs: Runs, arms: Sequence[Arm]) -> dict[str, list[float]]:
    """The same of every run, by arm."""
    return {arm.name: [distance_of_pieces(runs, run.recipe) for run in arm.runs] for arm in arms}


def report_on(
    arms: Sequence[Arm],
    apart: Mapping[str, Sequence[float]],
    setting: str,
    provenance: Mapping[str, Any],
) -> Report:
    """The report. apart: from `distances`. setting: how the runs were trained."""
    recipe = arms[0].runs[0].recipe
    config, pieces = recipe.config, len(arms[0].runs[0].nats)
    note = _NOTE.format(rows=config.rows, pieces=pieces, batch=config.batch_size)
    summary = _SUMMARY.format(
        weight=config.dispersion, temperature=config.dispersion_temperature, setting=setting,
        seeds=len(arms[0].runs), verdict=verdict(arms, "MLSDES"), apart=_said(apart),
    )  # fmt: skip
    rows = [[name, f"{np.mean(v):.3f}", ", ".join(f"{x:.3f}" for x in v)]
            for name, v in apart.items()]  # fmt: skip
    return Report(
        title="Latent space discriminability (MLSDES)",
        summary=summary,
        tables=[
            table_of(arms, note),
            Table("Mean cosine distance between pieces", ("", "mean", "seed by seed"), rows),
        ],
        values={
            "arms": [arm.to_dict() for arm in arms],
            "gaps": {arm.name: arm.beyond(arms[0]).to_dict() for arm in arms[1:]},
            "distances": {name: np.round(v, 5).tolist() for name, v in apart.items()},
        },
        provenance=provenance,
        pictures={"mlsdes": draw(arms)},
    )


def _said(apart: Mapping[str, Sequence[float]]) -> str:
    with_part, without, *_ = (float(np.mean(values)) for values in apart.values())
    does = "does what it says" if with_part > without else "does not do what it says"
    return (
        f"The loss {does}: held-out pieces are {with_part:.2f} apart (mean cosine distance) with "
        f"it, {without:.2f} without."
    )
