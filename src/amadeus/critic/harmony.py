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
    score = decode(rows)
    chords = estimate_chords(score)
    onsets = [chord.onset_ticks for chord in chords]
    lengths = np.diff([*onsets, max(score.end_ticks, onsets[-1] + 1)]).astype(float)
    names, which = np.unique([chord_name(chord) for chord in chords], return_inverse=True)
    shares = np.bincount(which, weights=lengths) / lengths.sum()
    yield "chord changes", (len(chords) - 1) / pitched.count
    yield "distinct chords", len(names)
    yield "share of the commonest chord", shares.max()
    yield "longest chord in bars", lengths.max() / lengths.sum() * pitched.count
