"""The prefix of the rows: the profile, then the token states of the text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from amadeus.inference.request import Prefix
from amadeus.inference.session import Model
from amadeus.profile import Profile, conditions
from amadeus.profile.conditions import described
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES


class ProfileVectors(NamedTuple):
    """The learned vectors of a model's profiles, two for each of V values."""

    states: np.ndarray
    """Float32 [V, text_width]."""
    biases: np.ndarray
    """Float32 [V, A * decoder_width]."""


def profile_vectors(model: Model) -> ProfileVectors | None:
    """The vectors of a model; None for a model without profiles."""
    from amadeus.inference.native import NativeNetwork

    if isinstance(model, NativeNetwork):
        states, biases = model.profile_vectors, model.profile_bias
        return None if states is None or biases is None else ProfileVectors(states, biases)
    if (embedder := model.profile_embedder) is None:
        return None
    tables = embedder.table.weight, embedder.bias.weight
    return ProfileVectors(*(table.detach().float().cpu().numpy() for table in tables))


def prefix(
    vectors: ProfileVectors | None, profile: Profile, text: np.ndarray | None
) -> Prefix | None:
    """Profile and text as the network reads them; None for neither.

    text: token states, [S, text_width].
    """
    if vectors is None:
        return None if text is None else Prefix(text)
    values = conditions(profile)  # [P, 2]
    states = vectors.states[values].sum(1)  # [P, text_width]
    width = vectors.biases.shape[1] // NUM_ATTRIBUTES
    biases = vectors.biases[values].reshape(*values.shape, NUM_ATTRIBUTES, width)
    bias = (biases * described()[values][..., None]).sum((0, 1))  # [A, decoder_width]
    both = states if text is None else np.concatenate([states, text])
    return Prefix(both, bias) if len(both) else None
