"""CLaMP 2: pieces as embeddings, by what it was trained to tell apart with words.

Wu et al., "CLaMP 2: Multimodal Music Information Retrieval Across 101 Languages Using Large
Language Models", 2024 (arXiv 2410.13267); Frechet music distance is defined with it. Only its music
half is needed: M3, a BERT over patches of MIDI written as text. The weights are published as a
pickle; docs/weights.md shows how to turn them into safetensors once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from amadeus.errors import CheckpointError
from amadeus.evaluation.weights import require
from amadeus.music.grid import quantize
from amadeus.music.midi import write_midi
from amadeus.music.score import CONTROL_DTYPE, PITCH_BEND_DTYPE, Score

FILE = "model.safetensors"
PATCH_SIZE = 64
"""Characters of a patch."""
SEGMENT = 512
"""Patches that the network sees at once."""
_CHARACTERS = 128
_PAD, _BEGIN, _END = 0, 1, 2
_HEAD_WIDTH = 64
_MUSIC, _PROJECTION = "music_model.", "music_proj."
_UNSEEN = ("text", "copyright", "track_name", "instrument_name", "lyrics", "marker", "cue_marker",
           "device_name", "sequencer_specific", "sysex")  # fmt: skip


class Clamp:
    """Scores to embeddings; an `Encoder` of `amadeus.evaluation.frechet`."""

    def __init__(self, folder: str | Path) -> None:
        """folder: holds model.safetensors. Raises CheckpointError where that cannot be read."""
        require("transformers", "Frechet music distance")
        require("mido", "Frechet music distance")
        self._network = _load(Path(folder))

    @torch.no_grad()
    def __call__(self, scores: Sequence[Score]) -> np.ndarray:
        """One embedding a score, float32 [N, D]."""
        return np.stack([self._embed(patches_of(midi_text(score))).numpy() for score in scores])

    def _embed(self, patches: Tensor) -> Tensor:
        """The mean over segments, by their share of patches; the last is full where it can be.

        patches: int64 [P, PATCH_SIZE]. Returns [D].
        """
        lengths = [len(segment) for segment in patches.split(SEGMENT)]
        segments = [*patches.split(SEGMENT)[:-1], patches[-SEGMENT:]]
        states = torch.stack([self._network(segment) for segment in segments])
        return (states * torch.tensor(lengths)[:, None]).sum(0) / sum(lengths)


class _MusicEncoder(nn.Module):
    """M3 and the projection into the space that is shared with words."""

    def __init__(self, config: Any, width: int) -> None:
        from transformers import BertModel

        super().__init__()
        self.patch_embedding = nn.Linear(PATCH_SIZE * _CHARACTERS, config.hidden_size)
        self.base = BertModel(config)
        self.projection = nn.Linear(config.hidden_size, width)

    def forward(self, patches: Tensor) -> Tensor:
        """patches: int64 [P, PATCH_SIZE]. Returns the embedding of their mean state, [D]."""
        letters = nn.functional.one_hot(patches, _CHARACTERS).flatten(1).float()
        embedded = self.patch_embedding(letters)[None]  # [1, P, H]
        states = self.base(inputs_embeds=embedded).last_hidden_state
        return self.projection(states[0].mean(0))


def midi_text(score: Score) -> str:
    """A piece as CLaMP reads it: a MIDI message a line, in order of time.

    Both sets of a comparison come on one grid and without pedals, bends and names, so that how a
    file was made does not count, only its notes, instruments, tempo and metre.
    """
    from mido import MidiFile

    plain = replace(
        quantize(score),
        tracks=tuple(
            replace(
                track,
                controls=np.empty(0, CONTROL_DTYPE),
                pitch_bends=np.empty(0, PITCH_BEND_DTYPE),
            )
            for track in score.tracks
        ),
    )
    with TemporaryDirectory() as folder:
        file = MidiFile(write_midi(plain, Path(folder) / "piece.mid"))
    lines = [f"ticks_per_beat {file.ticks_per_beat}"]
    for message in file.merged_track:
        if message.type not in _UNSEEN:
            lines.append(" ".join(map(str, message.dict().values())))
    return "\n".join(lines)


def patches_of(text: str) -> Tensor:
    """The patches of a text, between one of beginnings and one of ends. int64 [P, PATCH_SIZE]."""
    rows = [[_BEGIN] * PATCH_SIZE]
    for line in _joined(text):
        row = [_BEGIN, *(min(ord(c), _CHARACTERS - 1) for c in line), _END][:PATCH_SIZE]
        rows.append(row + [_PAD] * (PATCH_SIZE - len(row)))
    # A patch of ends is cut like every other: what begins it is the beginning.
    rows.append([_BEGIN, *[_END] * (PATCH_SIZE - 1)])
    return torch.tensor(rows)


def _joined(text: str) -> Iterator[str]:
    """Lines, neighbours of one kind joined by tabs as long as they fit into a patch."""
    patch = ""
    for line in text.splitlines(keepends=True):
        kind, _, rest = line.partition(" ")
        if patch.startswith(kind) and len(patch) + len(rest) <= PATCH_SIZE - 2:
            patch = f"{patch[:-1]}\t{rest}"
        else:
            if patch:
                yield patch
            patch = line
    yield patch


def _load(folder: Path) -> _MusicEncoder:
    """The network, of the sizes that its weights have."""
    from transformers import BertConfig

    path = folder / FILE
    if not path.is_file():
        raise CheckpointError(
            f"{path} is not there; download sander-wood/clamp2 from the hub and turn its weights "
            "into safetensors as docs/weights.md shows"
        )
    try:
        weights = load_file(path)
        music = {
            name.removeprefix(_MUSIC): weight
            for name, weight in weights.items()
            if name.startswith(_MUSIC)
        }
        projection = {f"projection.{k}": weights[_PROJECTION + k] for k in ("weight", "bias")}
        width = len(music["patch_embedding.weight"])
        layers = {name.split(".")[3] for name in music if name.startswith("base.encoder.layer.")}
        config = BertConfig(
            vocab_size=len(music["base.embeddings.word_embeddings.weight"]),
            hidden_size=width,
            num_hidden_layers=len(layers),
            num_attention_heads=width // _HEAD_WIDTH,
            intermediate_size=4 * width,
            max_position_embeddings=len(music["base.embeddings.position_embeddings.weight"]),
        )
        network = _MusicEncoder(config, len(projection["projection.weight"]))
        network.load_state_dict(music | projection)
    except (SafetensorError, KeyError, RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(f"{path} is no CLaMP 2: {reason}; convert it anew") from None
    return network.eval().requires_grad_(False)
