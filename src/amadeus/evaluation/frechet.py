"""Frechet music distance: how far generated pieces are from real ones, as an encoder sees them.

Retkowski, Stepniak and Modrzejewski, "Frechet Music Distance: A Metric For Generative Symbolic
Music Evaluation", 2024 (arXiv 2412.07948). To report it: `frechet_music_distance(generated, real,
Clamp(folder))`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from amadeus.errors import ConfigError
from amadeus.music.score import Score

Encoder = Callable[[Sequence[Score]], np.ndarray]
"""Takes N scores, returns one embedding each, [N, D]."""


def frechet_music_distance(
    generated: Sequence[Score], real: Sequence[Score], encoder: Encoder
) -> float:
    """Frechet distance of the embeddings of two sets of pieces, at least 0.

    It falls as sets grow: with fewer pieces than the embedding has dimensions, compare only values
    from equally many. Raises ConfigError for fewer than two pieces in a set.
    """
    return frechet_distance(encoder(generated), encoder(real))


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Between the normal distributions with the means and covariances of two samples.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)); Dowson and Landau, "The Frechet distance between
    multivariate normal distributions", 1982. first: [N, D]; second: [M, D].
    """
    for sample in (first, second):
        if len(sample) < 2:
            raise ConfigError(f"a set of {len(sample)} pieces has no covariance; give 2 or more")
    means = first.mean(0, dtype=np.float64), second.mean(0, dtype=np.float64)
    # With S = R'R, tr (S1 S2)^(1/2) is the sum of the singular values of R1 R2': no matrix root.
    roots = [
        np.asarray(np.linalg.qr((sample - mean) / np.sqrt(len(sample) - 1), mode="r"))
        for sample, mean in zip((first, second), means, strict=True)
    ]
    shared = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    spread = sum(np.sum(root**2) for root in roots)
    return float(max(0.0, np.sum((means[0] - means[1]) ** 2) + spread - 2 * shared))
