"""What the networks hear in a score when it is played."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from amadeus.evaluation.ear.network import PATCH_FRAMES, Tagger, load_tagger
from amadeus.evaluation.ear.spectrogram import SAMPLE_RATE, log_mel
from amadeus.music.audio import render_audio
from amadeus.music.score import Score

FOLDER = Path(__file__).parents[2] / "data" / "ear"
"""Holds the weights."""
NETWORKS: tuple[str, ...] = ("MTT", "MSD")
"""Named after their training data: MagnaTagATune and the Million Song Dataset."""
MAX_SECONDS = 30
"""How much of a piece is heard, from its beginning."""


@torch.no_grad()
def hear(score: Score, networks: Sequence[str] = NETWORKS) -> dict[str, dict[str, float]]:
    """By network, the probability of every tag: its mean over patches of 3 seconds.

    The score is played with the packaged SoundFont. Raises ScoreError if it cannot be played.
    """
    patches = _patches(score)
    heard = {}
    for name in networks:
        tagger = load_packaged(name)
        heard[name] = dict(zip(tagger.tags, tagger(patches).mean(0).tolist(), strict=True))
    return heard


@cache
def load_packaged(name: str) -> Tagger:
    """One of the NETWORKS. Raises CheckpointError if it cannot be read."""
    return load_tagger(FOLDER / f"{name.lower()}.safetensors")


def _patches(score: Score) -> Tensor:
    """Log-mel spectrograms of the sound, float32 [P, PATCH_FRAMES, bands].

    Frames after the last whole patch are left out; a shorter piece is repeated to fill a patch.
    """
    audio = render_audio(score, SAMPLE_RATE)[: MAX_SECONDS * SAMPLE_RATE].mean(1)
    frames = log_mel(audio)
    if len(frames) < PATCH_FRAMES:
        frames = frames.repeat(-(-PATCH_FRAMES // len(frames)), 1)
    count = len(frames) // PATCH_FRAMES
    return frames[: count * PATCH_FRAMES].unflatten(0, (count, PATCH_FRAMES))
