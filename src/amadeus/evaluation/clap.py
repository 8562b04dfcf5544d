"""CLAP: how near a piece, played, is to its caption in a space that sound and words share.

Contrastive language-audio pretraining: Wu et al., "Large-scale contrastive language-audio
pretraining with feature fusion and keyword-to-caption augmentation", ICASSP 2023. The weights are
not part of this package; docs/weights.md says where they come from.

To report them: `found = clap_scores([(score, caption), ...], folder)`, then
`found.similarity.mean()`, `found.retrieved(10).mean()` and `np.nanmean(found.correct_mood(3))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import torch

from amadeus.errors import ConfigError
from amadeus.evaluation.moods import MOODS, moods_of
from amadeus.evaluation.weights import find_weights, load_pretrained
from amadeus.music.audio import render_audio
from amadeus.music.score import Score

HUB_NAME = "laion/larger_clap_music_and_speech"
"""What Text2midi measures with."""
MOOD_PROMPT = "This is {} music."


@dataclass(frozen=True, slots=True)
class ClapScores:
    """What CLAP hears in N pieces. Ranks count from 1, the most similar."""

    similarity: np.ndarray
    """Cosine of the angle between each piece and its own caption, float64 [N]."""
    caption_rank: np.ndarray
    """Place of its own caption among all different captions, int64 [N]."""
    mood_rank: np.ndarray
    """Best place of a mood of its caption among MOODS, float64 [N]; nan where it names none."""
    num_captions: int
    """Different ones: to be among k of them by chance has a probability of k / num_captions."""

    def retrieved(self, k: int) -> np.ndarray:
        """Whether its caption is among the k most similar ones: 1 or 0 for each piece, [N]."""
        return (self.caption_rank <= k).astype(np.float64)

    def correct_mood(self, k: int) -> np.ndarray:
        """CM top-k: whether a mood of its caption is heard in a piece: 1, 0 or nan, [N].

        Heard are the k moods that are most similar to the sound. Amadeus and MidiCaps hear them
        with a classifier of the 56 moods and themes of MTG-Jamendo, whose weights may not be used
        commercially; here CLAP tells the same moods apart. nan where a caption names no mood.
        """
        return np.where(np.isnan(self.mood_rank), np.nan, self.mood_rank <= k)


def clap_scores(
    pairs: Sequence[tuple[Score, str]], model: Clap | str | Path = HUB_NAME
) -> ClapScores:
    """Play every piece and compare it with the captions, its own and the others'.

    model: the network, a folder of its weights, or their name on the hub once they are downloaded.
    Raises ConfigError where there are no pairs, CheckpointError where the weights cannot be read,
    and ScoreError for a piece that cannot be played.
    """
    if not pairs:
        raise ConfigError("there is nothing to compare; give pairs of a score and its caption")
    clap = model if isinstance(model, Clap) else Clap(model)
    captions = list(dict.fromkeys(caption for _, caption in pairs))
    sounds = np.stack([clap.hear(score) for score, _ in pairs])  # [N, D]
    similarity = sounds @ clap.read(captions).T  # [N, different captions]
    own = np.array([captions.index(caption) for _, caption in pairs])
    moods = sounds @ clap.read([MOOD_PROMPT.format(mood) for mood in MOODS]).T  # [N, moods]
    named = [[MOODS.index(mood) for mood in moods_of(caption)] for _, caption in pairs]
    caption_ranks, mood_ranks = ranks(similarity), ranks(moods)
    rows = np.arange(len(pairs))
    return ClapScores(
        similarity=similarity[rows, own],
        caption_rank=caption_ranks[rows, own],
        mood_rank=np.array(
            [row[n].min() if n else np.nan for row, n in zip(mood_ranks, named, strict=True)]
        ),
        num_captions=len(captions),
    )


def ranks(similarity: np.ndarray) -> np.ndarray:
    """The place of every value in its row, 1 for the largest; equal values share the worst place.

    similarity: [N, M]. Returns int64 [N, M].
    """
    lower = [np.searchsorted(np.sort(row), row, side="left") for row in similarity]
    return similarity.shape[1] - np.array(lower)


class Clap:
    """The network: scores and texts to one space."""

    def __init__(self, model: str | Path = HUB_NAME) -> None:
        """Raises CheckpointError where the weights are not there or cannot be read."""
        from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

        folder = find_weights(model, "CLAP")
        self._network = load_pretrained(ClapModel, folder)
        self._network.eval().requires_grad_(False)
        self._tokenizer = load_pretrained(AutoTokenizer, folder)
        self._features = load_pretrained(ClapFeatureExtractor, folder)

    @torch.no_grad()
    def hear(self, score: Score) -> np.ndarray:
        """Mean of the unit embeddings of a piece's windows of even length, float64 [D].

        A window is at most as long as what the network was trained on, 10 seconds. Its scalar
        product with a unit embedding is the mean similarity over the windows. Text2midi leaves out
        windows below 0.01 from that mean; here all of them count.
        """
        rate = self._features.sampling_rate
        audio = render_audio(score, rate).mean(1)
        count = ceil(len(audio) / self._features.nb_max_samples)
        windows = np.array_split(audio, count)
        inputs = self._features(windows, sampling_rate=rate, return_tensors="pt")
        states = self._network.audio_model(**inputs).pooler_output
        return _unit(self._network.audio_projection(states)).mean(0)

    @torch.no_grad()
    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Unit embeddings of texts, float64 [len(texts), D]."""
        inputs = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=512, return_tensors="pt"
        )
        states = self._network.text_model(inputs.input_ids, inputs.attention_mask).pooler_output
        return _unit(self._network.text_projection(states))


def _unit(vectors: torch.Tensor) -> np.ndarray:
    """Rows of length 1, float64."""
    rows = vectors.double().numpy()
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)
