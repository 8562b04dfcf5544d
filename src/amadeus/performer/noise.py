"""Random numbers that vary as players do: from piece to piece, slowly, and from note to note.

The shares and time scales are those of what the network could not predict of held-out performances:
loudness differs for whole pieces and phrases, timing from onset to onset.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amadeus.performer.features import NoteTable

_STEPS = 8
"""Steps per quarter note of smooth noise."""
PIECE, GROUP, NOTE = np.inf, 0.0, -1.0
"""Time scales that are not lengths: a whole piece, an onset, a note."""

SCALES: dict[str, Sequence[tuple[float, float]]] = {
    "velocity": ((PIECE, 0.2), (6.0, 0.3), (1.0, 0.2), (NOTE, 0.3)),
    "offset": ((0.25, 0.62), (NOTE, 0.3)),
    "articulation": ((PIECE, 0.08), (6.0, 0.17), (GROUP, 0.3), (NOTE, 0.45)),
    "pedal": ((PIECE, 0.3), (4.0, 0.4), (GROUP, 0.3)),
    "tempo": ((10.0, 0.6), (2.0, 0.4)),
}
"""For each attribute, time scales in quarter notes and their shares of the variance."""
_FREEDOM = {"velocity": 0.15, "offset": 0.36}
"""Spread of the logarithm by which players differ in how much they vary."""
_FREEDOM_SCALE = 16.0


def correlated_noise(name: str, table: NoteTable, rng: np.random.Generator) -> np.ndarray:
    """About standard normal numbers, correlated as for an attribute. float64 [N]."""
    # The tempo is the same in a whole quarter note.
    onset = np.floor(table.onset) if name == "tempo" else table.onset
    total = np.zeros(len(table))
    for scale, share in SCALES[name]:
        total += np.sqrt(share) * _component(scale, onset, table, rng)
    if name in _FREEDOM:
        both = [_component(scale, onset, table, rng) for scale in (PIECE, _FREEDOM_SCALE)]
        total *= np.exp(_FREEDOM[name] * sum(both) / np.sqrt(2) - 0.5 * _FREEDOM[name] ** 2)
    return total


def piece_share(name: str) -> float:
    """The share of the variance that is between pieces."""
    return sum(share for scale, share in SCALES[name] if scale == PIECE)


def _component(
    scale: float, onset: np.ndarray, table: NoteTable, rng: np.random.Generator
) -> np.ndarray:
    if scale == PIECE:
        return np.full(len(table), rng.standard_normal())
    if scale == NOTE:
        return rng.standard_normal(len(table))
    if scale == GROUP:
        return rng.standard_normal(int(table.group[-1]) + 1)[table.group]
    # White noise, smoothed by a Gaussian and looked up at the onsets.
    width = scale * _STEPS
    reach = int(np.ceil(3 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    at = (onset - onset[0]) * _STEPS
    white = rng.standard_normal(int(at[-1]) + 2 + 2 * reach)
    smooth = np.convolve(white, kernel, "valid")
    return np.interp(at, np.arange(len(smooth)), smooth)
