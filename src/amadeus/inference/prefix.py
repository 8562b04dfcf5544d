"""The prefix of the rows: vectors of the profile, then token states of the text."""

from __future__ import annotations

import numpy as np

from amadeus.inference.session import Model
from amadeus.profile import Profile, conditions


def profile_vectors(model: Model) -> np.ndarray | None:
    """The learned vectors of a model's profiles, float32 [V, text_width]; None without profiles."""
    from amadeus.inference.native import NativeNetwork

    if isinstance(model, NativeNetwork):
        return model.profile_vectors
    if model.profile_embedder is None:
        return None
    return model.profile_embedder.table.weight.detach().float().cpu().numpy()


def prefix(
    vectors: np.ndarray | None, profile: Profile, text: np.ndarray | None
) -> np.ndarray | None:
    """Profile and text as the network reads them, float32 [S, text_width]; None for neither.

    vectors: as from `profile_vectors`; text: token states, [S, text_width].
    """
    if vectors is None:
        return text
    told = vectors[conditions(profile)].sum(1)  # [P, text_width]
    both = told if text is None else np.concatenate([told, text])
    return both if len(both) else None
