"""Flat tokens: one sequence of tokens without a note decoder, as in most music Transformers.

A row becomes the attributes that differ from the previous row, and always its pitch, duration and
velocity. This is lossless, so the likelihood of the tokens is that of the rows, and nats per note
are comparable with those of the other decoders.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from amadeus.model import Amadeus
from amadeus.model.conditional_enhancement import ConditionalEnhancement
from amadeus.model.config import ModelConfig
from amadeus.model.layers import linear, rms_norm
from amadeus.model.note_embedder import NoteEmbedder
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, SIZES, Attribute, RowType, is_predicted
from amadeus.training.config import TrainConfig
from amadeus.training.loss import Losses, Noise, Objective, choose_places

NUM_TOKENS = sum(SIZES)
OFFSETS = torch.tensor([sum(SIZES[:a]) for a in range(NUM_ATTRIBUTES)])
"""The token of value v of attribute a is OFFSETS[a] + v."""
FIRST_ALWAYS = Attribute.PITCH
"""This attribute and those after it are written in every row."""


class Flat(NamedTuple):
    """B pieces as L tokens, right-padded."""

    tokens: Tensor
    """int [B, L]."""
    places: Tensor
    """int [B, L]: each token's row times A, and its attribute."""
    valid: Tensor
    """bool [B, L], False at padding."""


def written(rows: Tensor) -> Tensor:
    """Which attributes of rows [..., N, A] become tokens, bool; all of them in the first row."""
    changed = F.pad(rows[..., 1:, :] != rows[..., :-1, :], (0, 0, 1, 0), value=True)
    changed[..., FIRST_ALWAYS:] = True
    return changed & (rows[..., :1] != RowType.PAD)


def flatten(rows: Tensor) -> Flat:
    """Tokens of rows, int [B, N, A]."""
    keep = written(rows).flatten(1)  # [B, N A]
    length = int(keep.sum(1).max())
    places = (~keep).long().argsort(dim=1, stable=True)[:, :length]
    tokens = (rows + OFFSETS.to(rows.device)).flatten(1).gather(1, places)
    return Flat(tokens, places, keep.gather(1, places))


class TokenEmbedder(NoteEmbedder):
    """One vector per token, from a single table."""

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: int [..., L]. Returns [..., L, D]."""
        return rms_norm(self.table(tokens))


class NoEnhancement(ConditionalEnhancement):
    """No theme and no weights."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.enhancement = False


class FlatAmadeus(Amadeus):
    """Our note generator over tokens instead of rows, with one head instead of a decoder."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(replace(config, enhancement=False))
        self.embedder = TokenEmbedder(config.width)
        self.head = linear(config.width, NUM_TOKENS, zero=True)
        self.enhancement = NoEnhancement()
        del self.decoder


class FlatObjective(Objective):
    """Cross-entropy of the tokens."""

    model: FlatAmadeus

    def forward(
        self,
        tokens: Tensor,
        text: Tensor | None,
        text_lengths: Tensor | None,
        noise: Noise,
        profile: Tensor | None = None,
        profile_lengths: Tensor | None = None,
    ) -> Losses:
        """As in `Objective`: the head is trained on the tokens of the chosen rows."""
        if profile is not None and profile_lengths is not None:
            text, text_lengths = self.model.prefix(profile, profile_lengths, text, text_lengths)
        flat = flatten(tokens)
        context = self.model.contextualize(flat.tokens, text, text_lengths)
        chosen = torch.zeros_like(tokens[..., 0], dtype=torch.bool)  # [B, N]
        chosen.scatter_(1, 1 + choose_places(noise.places, tokens.shape[1] - 1), True)
        chosen &= is_predicted(tokens[..., Attribute.TYPE])
        rows, attributes = flat.places[:, 1:] // NUM_ATTRIBUTES, flat.places[:, 1:] % NUM_ATTRIBUTES
        counted = chosen.gather(1, rows) & flat.valid[:, 1:]  # [B, L - 1]
        logits = self.model.head(context.latents[:, :-1][counted]).float()  # [M, NUM_TOKENS]
        nats = F.cross_entropy(logits, flat.tokens[:, 1:][counted], reduction="none")
        return Losses(
            attribute_nats=nats.new_zeros(NUM_ATTRIBUTES).index_add(0, attributes[counted], nats),
            num_rows=chosen.sum(),
            dispersion=nats.new_zeros(()),
        )


def flat_tokens(config: TrainConfig) -> FlatObjective:
    """The flat model and its loss."""
    return FlatObjective(FlatAmadeus(config.model_config()))
