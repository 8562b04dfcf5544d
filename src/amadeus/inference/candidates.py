"""Candidates: several versions with different seeds, of which the best one is kept."""

from __future__ import annotations

from amadeus.errors import ConfigError

DEFAULT_CANDIDATES = 4
MAX_CANDIDATES = 64
_SEED_STEP = 0x9E3779B97F4A7C15
"""Far enough that no two tries of neighbouring seeds are the same."""


def check_candidates(tries: int) -> None:
    """Raise ConfigError for a number of tries that cannot be."""
    if not 1 <= tries <= MAX_CANDIDATES:
        raise ConfigError(f"tries must be 1 to {MAX_CANDIDATES}, got {tries}")


def seed_of_candidate(seed: int, number: int) -> int:
    """The seed of a try, counted from 0; that of the first is the seed itself."""
    return (seed + number * _SEED_STEP) % 2**64
