"""Sampling policies: ways to unmask the attributes of a note, and their cost for real music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from amadeus.experiments.options import Progress, no_progress
from amadeus.inference.sampling import sampling_config
from amadeus.inference.teacher_forcing import force
from amadeus.tokens.vocabulary import ATTRIBUTES

if TYPE_CHECKING:
    from amadeus.inference.session import Model

Policies = Mapping[str, Mapping[str, Any]]
"""Settings of `sampling_config` by name."""

STEPS: Policies = {
    "T = 8": {},
    "T = 4": {"steps": 4},
    "T = 2": {"steps": 2},
    "T = 1": {"steps": 1},
    "sure at 0.97": {"threshold": 0.97},
    "sure at 0.9": {"threshold": 0.9},
    "sure at 0.7": {"threshold": 0.7},
}
"""The default, then ever fewer predictions."""


def in_order(*attributes: str) -> Mapping[str, Any]:
    """One attribute at a time in this order."""
    return {"order": "fixed", "fixed_order": attributes}


ORDERS: Policies = {
    "least entropy first": {"order": "entropy"},
    "random": {"order": "random"},
    "type to velocity": in_order(*ATTRIBUTES),
    "velocity to type": in_order(*reversed(ATTRIBUTES)),
}
"""Orders other than the default, which reveals the most certain attribute first."""


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """The cost of P pieces under one policy; means over the rows of each."""

    nats: np.ndarray
    """[P], of whole rows under the sampler itself, at temperature 1."""
    predictions: np.ndarray
    """[P], decoder calls per row."""


def cost_of(
    model: Model,
    pieces: Sequence[np.ndarray],
    policies: Policies,
    *,
    rows: int,
    progress: Progress = no_progress,
) -> dict[str, Cost]:
    """The cost of the first `rows` rows of pieces, tokens [N, A] each, under each policy."""
    configs = [sampling_config(**settings) for settings in policies.values()]
    costs = []
    for done, tokens in enumerate(pieces):
        progress("likelihood", done, len(pieces))
        results = force(model, np.asarray(tokens)[:rows], configs, seed=done)
        costs.append([(r.nats_per_row, r.predictions.mean()) for r in results])
    table = np.array(costs)  # [P, policies, 2]
    return {name: Cost(*table[:, place].T) for place, name in enumerate(policies)}
