"""The network of musicnn: a convolutional tagger of log-mel spectrograms.

Source: Pons and Serra, "musicnn: Pre-trained convolutional neural networks for music audio
tagging", ISMIR 2019 late-breaking demo, https://github.com/jordipons/musicnn.

B patches of T frames and 96 mel bands go through a front end (timbral filters, which span many
bands, and temporal filters, which span one), three convolutions over time with residual
connections, and a back end (maximum and mean over time, and two dense layers). Every batch
normalization is a stored scale and shift.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from amadeus.errors import CheckpointError

PATCH_FRAMES = 187
"""Frames of a patch, 3 seconds: the length that the networks were trained with."""
TAGS = "tags"
"""The entry of the file's metadata that lists the tags in order, one a line."""
_TIMBRAL, _TEMPORAL, _CHANNELS, _HIDDEN = 204, 51, 64, 200
_TIMBRAL_BANDS = (38, 67)
_TEMPORAL_FRAMES = (128, 64, 32)
_FRONT = len(_TIMBRAL_BANDS) * _TIMBRAL + len(_TEMPORAL_FRAMES) * _TEMPORAL
_FEATURES = _FRONT + 3 * _CHANNELS


class Affine(nn.Module):
    """A scale and a shift for each of C channels: batch normalization with fixed statistics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """x: [..., C]."""
        return x * self.scale + self.shift


class Block(nn.Module):
    """A convolution of the same length in time, ReLU, normalization, and the maximum over bands."""

    def __init__(self, channels: int, frames: int, bands: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, channels, (frames, bands))
        self.normalization = Affine(channels)
        self.padding = (0, 0, (frames - 1) // 2, frames // 2)

    def forward(self, x: Tensor) -> Tensor:
        """x: [B, T, F]. Returns [B, T, channels]."""
        x = self.convolution(functional.pad(x.unsqueeze(1), self.padding))  # [B, channels, T, F']
        # The maximum over bands comes first, which is much faster. ReLU and normalization are
        # monotonic, but a negative scale turns the minimum into the maximum.
        highest, lowest = x.amax(3).transpose(1, 2), x.amin(3).transpose(1, 2)
        x = torch.where(self.normalization.scale > 0, highest, lowest)
        return self.normalization(functional.relu(x))


class Tagger(nn.Module):
    """Probabilities of tags for patches of log-mel spectrograms."""

    def __init__(self, tags: tuple[str, ...]) -> None:
        super().__init__()
        self.tags = tags
        self.input = Affine(1)
        self.timbral = nn.ModuleList(Block(_TIMBRAL, 7, bands) for bands in _TIMBRAL_BANDS)
        self.temporal = nn.ModuleList(Block(_TEMPORAL, n, 1) for n in _TEMPORAL_FRAMES)
        widths = (_FRONT, _CHANNELS, _CHANNELS)
        self.middle = nn.ModuleList(Block(_CHANNELS, 7, width) for width in widths)
        self.pooled = Affine(2 * _FEATURES)
        self.dense = nn.Linear(2 * _FEATURES, _HIDDEN)
        self.hidden = Affine(_HIDDEN)
        self.output = nn.Linear(_HIDDEN, len(tags))

    def forward(self, x: Tensor) -> Tensor:
        """x: [B, T, NUM_BANDS]. Returns probabilities, [B, tags]."""
        x = self.input(x.unsqueeze(3)).squeeze(3)
        front = [block(x) for block in (*self.timbral, *self.temporal)]
        features = [torch.cat(front, 2)]  # [B, T, _FRONT]
        for number, block in enumerate(self.middle):
            x = block(features[-1])  # [B, T, _CHANNELS]
            features.append(x + features[-1] if number else x)
        x = torch.cat(features, 2)
        x = self.pooled(torch.stack([x.amax(1), x.mean(1)], 2).flatten(1))
        x = self.hidden(functional.relu(self.dense(x)))
        return torch.sigmoid(self.output(x))


def load_tagger(path: str | os.PathLike[str]) -> Tagger:
    """Read a network that `amadeus.evaluation.ear.convert` wrote.

    Raises CheckpointError for other files.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            tags = tuple((file.metadata() or {})[TAGS].split("\n"))
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        return make_tagger(tags, tensors)
    except (SafetensorError, OSError, KeyError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(
            f"{path} is not a network that tags music ({reason}); install Amadeus again"
        ) from None


def make_tagger(tags: tuple[str, ...], tensors: Mapping[str, Any]) -> Tagger:
    """A network with these weights. Raises RuntimeError for weights of other shapes."""
    tagger = Tagger(tags)
    tagger.load_state_dict(tensors)
    return tagger.eval().requires_grad_(False)
