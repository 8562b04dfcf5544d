"""Profiles with values left out at random, so that a network learns to follow any subset."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from amadeus.profile.profile import FIELDS, Profile

NONE_SHARE = 0.2
"""Share of profiles that are left out as a whole."""
_STATED = ("key", "bpm", "time_signature", "parts")
"""What people state most often; these values are left out less often than others."""
_OPEN: dict[str, Any] = {name: getattr(Profile(), name) for name in FIELDS}


def drop_values(profile: Profile, rng: np.random.Generator) -> Profile:
    """The profile with a random subset of its values, from none to all.

    Instruments are left out one by one, and in half of the profiles all their shares.
    """
    if rng.random() < NONE_SHARE:
        return Profile()
    kept = rng.random()
    rates = [(1 + kept) / 2 if name in _STATED else kept for name in FIELDS]
    dropped = {
        name: _OPEN[name]
        for name, draw, rate in zip(FIELDS, rng.random(len(FIELDS)), rates, strict=True)
        if draw >= rate
    }
    if parts := dropped.get("parts", profile.parts):
        rate = 1.0 if rng.random() < 0.6 else rng.random()
        parts = tuple(part for part in parts if rng.random() < rate)
        if rng.random() < 0.5:
            parts = tuple(replace(part, share=None) for part in parts)
        dropped["parts"] = parts
    return replace(profile, **dropped)
