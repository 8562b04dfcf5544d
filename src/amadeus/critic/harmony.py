"""Features of the harmony, estimated from the notes."""

from __future__ import annotations

import numpy as np

from amadeus.critic.bars import Bars, Features
from amadeus.music.chords import chord_name, estimate_chords
from amadeus.tokens import decode


def harmonic_features(rows: np.ndarray, pitched: Bars) -> Features:
    """Features of the chords of rows [N, A]; none without pitched notes."""
    if not len(pitched):
        return
    names, lengths = _chords(rows)
    distinct, which = np.unique(names, return_inverse=True)
    yield "chord changes", (len(names) - 1) / pitched.count
    yield "distinct chords", len(distinct)
    yield "share of the commonest chord", np.bincount(which, weights=lengths).max()
    yield "longest chord in bars", lengths.max() * pitched.count


def longest_chord(rows: np.ndarray, pitched: Bars) -> float:
    """How long the longest chord of rows [N, A] lasts, in bars; 0 without pitched notes."""
    return float(_chords(rows)[1].max() * pitched.count) if len(pitched) else 0.0


def _chords(rows: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The names of the estimated chords, and the share of the time that each lasts."""
    score = decode(rows)
    chords = estimate_chords(score)
    onsets = [chord.onset_ticks for chord in chords]
    lengths = np.diff([*onsets, max(score.end_ticks, onsets[-1] + 1)]).astype(float)
    return [chord_name(chord) for chord in chords], lengths / lengths.sum()
