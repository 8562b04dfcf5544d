"""Candidates: several versions with different seeds; the best is kept."""

from __future__ import annotations

from amadeus.errors import ConfigError

DEFAULT_CANDIDATES = 4
MAX_CANDIDATES = 64
_SEED_STEP = 0x9E3779B97F4A7C15
"""So large that candidates of neighbouring seeds never share a seed."""


def check_candidates(tries: int) -> None:
    """Raise ConfigError for an invalid number of candidates."""
    if not 1 <= tries <= MAX_CANDIDATES:
        raise ConfigError(f"tries must be 1 to {MAX_CANDIDATES}, got {tries}")


def seed_of_candidate(seed: int, number: int) -> int:
    """The seed of a candidate, counted from 0; the first has the seed itself."""
    return (seed + number * _SEED_STEP) % 2**64
