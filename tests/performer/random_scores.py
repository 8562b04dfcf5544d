"""Scores drawn at random."""

import numpy as np

from amadeus.music.score import Score, Tempo, Track, make_notes


def random_score(rng: np.random.Generator) -> Score:
    """A few parts, with chords, repeated and overlapping notes, and any resolution."""
    tpq = int(rng.choice([12, 96, 480]))
    tracks = []
    for program in rng.choice([0, 33, 73], int(rng.integers(1, 4)), replace=False).tolist():
        count = int(rng.integers(1, 60))
        onsets = rng.integers(0, 8 * tpq, count) if rng.random() < 0.5 else (
            rng.integers(0, 32, count) * tpq // 4
        )  # fmt: skip
        rows = zip(
            onsets.tolist(),
            rng.integers(1, 2 * tpq, count).tolist(),
            rng.integers(55, 70, count).tolist(),
            rng.integers(1, 128, count).tolist(),
            strict=True,
        )
        tracks.append(Track(program, make_notes(rows), is_drum=program == 33))
    return Score(tpq, tuple(tracks), (Tempo(0, 100.0), Tempo(3 * tpq, 120.0)))
