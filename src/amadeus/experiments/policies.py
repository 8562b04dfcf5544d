"""Policies: ways to reveal the attributes of a note, and what real music costs under each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from amadeus.inference.sampling import sampling_config
from amadeus.inference.teacher_forcing import force
from amadeus.tokens.vocabulary import ATTRIBUTES

if TYPE_CHECKING:
    from amadeus.inference.session import Model

Policies = Mapping[str, Mapping[str, Any]]
"""Settings of `sampling_config` by name."""
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, and of how much."""

STEPS: Policies = {
    "T = 8": {},
    "T = 4": {"steps": 4},
    "T = 2": {"steps": 2},
    "T = 1": {"steps": 1},
    "sure at 0.97": {"threshold": 0.97},
    "sure at 0.9": {"threshold": 0.9},
    "sure at 0.7": {"threshold": 0.7},
}
"""Fewer and fewer predictions; the default first."""


def in_order(*attributes: str) -> Mapping[str, Any]:
    """One attribute at a time in this order."""
    return {"order": "fixed", "fixed_order": attributes}


ORDERS: Policies = {
    "least entropy first": {"order": "entropy"},
    "random": {"order": "random"},
    "type to velocity": in_order(*ATTRIBUTES),
    "velocity to type": in_order(*reversed(ATTRIBUTES)),
}
"""Orders besides the default, the surest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """What pieces cost under one policy; a value for each of P pieces, means over its rows."""

    nats: np.ndarray
    """[P], of whole rows under the sampler itself, at temperature 1."""
    predictions: np.ndarray
    """[P], how often the decoder is asked for a row."""


def cost_of(
    model: Model,
    pieces: Sequence[np.ndarray],
    policies: Policies,
    *,
    rows: int,
    progress: Progress = lambda *_: None,
) -> dict[str, Cost]:
    """What the first `rows` rows of pieces, tokens [N, A], cost under each policy."""
    configs = [sampling_config(**settings) for settings in policies.values()]
    found = []
    for done, tokens in enumerate(pieces):
        progress("likelihood", done, len(pieces))
        forced = force(model, np.asarray(tokens)[:rows], configs, seed=done)
        found.append([(one.nats_per_row, one.predictions.mean()) for one in forced])
    table = np.array(found)  # [P, policies, 2]
    return {name: Cost(*table[:, place].T) for place, name in enumerate(policies)}
