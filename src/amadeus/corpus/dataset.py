"""Shards to training batches. Batch number n is a function of the seed and n alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from amadeus.corpus.augment import bar_rows, excerpt, rearrange, transposable, transpose
from amadeus.corpus.shards import Shards
from amadeus.text.captioner import write_captions
from amadeus.text.facts import Facts, measure
from amadeus.tokens import decode
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, RowType

Tokenizer = Callable[[list[str]], tuple[np.ndarray, np.ndarray]]
"""Captions to text ids, int64 [B, S], right-padded, and their lengths, int64 [B]."""


class Batch(NamedTuple):
    """What the trainer is fed."""

    tokens: Tensor
    """int16 [B, N, A], padded with rows of zeros."""
    text_ids: Tensor
    """int64 [B, S]."""
    text_lengths: Tensor
    """int64 [B], 0 for pieces without a caption."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExcerptConfig:
    """How excerpts are drawn."""

    rows: int = 960
    """Rows of an excerpt."""
    batch_size: int = 64
    """Excerpts in a batch."""
    seed: int = 0
    """Seed of everything that is drawn."""
    transpose: bool = True
    """Move excerpts to another key, -6 to +5 semitones."""
    start_share: float = 0.5
    """Share of excerpts that begin where their piece begins."""
    infill_share: float = 0.15
    """Share of excerpts rearranged so that a passage is written towards what follows it."""
    text_share: float = 0.85
    """Share of excerpts that come with a caption."""
    length_power: float = 0.5
    """Pieces are drawn in proportion to their number of rows to this power."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """How much more often than others pieces of a source folder are drawn."""


class Excerpts(Dataset):
    """Random excerpts of pieces, batch by batch, for training."""

    def __init__(self, shards: Shards, config: ExcerptConfig, tokenizer: Tokenizer | None) -> None:
        self.shards = shards
        self.config = config
        self.tokenizer = tokenizer
        rows = np.array([min(p.rows, 10_000) for p in shards.pieces], dtype=np.float64)
        weight = np.array([config.weights.get(source, 1.0) for source in shards.sources()])
        self._cumulative = np.cumsum(rows**config.length_power * weight)

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((self.config.seed, step))
        draws = rng.random(self.config.batch_size) * self._cumulative[-1]
        chosen = np.searchsorted(self._cumulative, draws, side="right")
        excerpts, captions = [], []
        for index in chosen:
            tokens, caption = self._draw(int(index), rng)
            excerpts.append(tokens)
            captions.append(caption)
        return collate(excerpts, captions, self.config.rows, self.tokenizer)

    def _draw(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, str]:
        config = self.config
        tokens = np.asarray(self.shards.tokens(index))
        infill = rng.random() < config.infill_share
        room = config.rows - 2 if infill else config.rows
        first = 0
        if rng.random() >= config.start_share:
            starts = bar_rows(tokens)
            # Excerpts that would be short lose their place to the beginning of the piece.
            starts = starts[starts < max(1, len(tokens) - room // 2)]
            first = int(rng.choice(starts)) if len(starts) else 0
            first = 0 if first == 1 else first
        piece = excerpt(tokens, first, room)
        if config.transpose:
            low, high = transposable(piece)
            semitones = int(rng.integers(low, min(high, 5) + 1)) if low <= min(high, 5) else 0
            piece = transpose(piece, semitones)
        caption = ""
        if self.tokenizer is not None and rng.random() < config.text_share:
            facts = facts_of_excerpt(piece, Facts.from_dict(self.shards.pieces[index].facts))
            caption = write_captions(facts, 1, seed=int(rng.integers(2**31)))[0]
        return _rearranged(piece, rng) if infill else piece, caption


def facts_of_excerpt(tokens: np.ndarray, piece: Facts) -> Facts:
    """What can be said of an excerpt, [N, A]: measured in it, and the labels of its piece.

    A caption of the whole piece would promise instruments and tempi that come later, or were
    before. Unless it is the whole piece, its length says nothing.
    """
    heard = measure(decode(tokens), performed=piece.performed)
    is_whole = (
        tokens[0, Attribute.TYPE] == RowType.START and tokens[-1, Attribute.TYPE] == RowType.END
    )
    return replace(
        heard,
        genres=piece.genres,
        forms=piece.forms,
        moods=heard.moods or piece.moods,
        composer=piece.composer,
        num_bars=heard.num_bars if is_whole else None,
        seconds=heard.seconds if is_whole else 0.0,
        form=heard.form if is_whole else "",
    )


def _rearranged(piece: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The excerpt with a passage of 1 to 16 bars to be written last; itself if it has few bars."""
    bars = bar_rows(piece)
    if len(bars) < 4:
        return piece
    length = int(rng.integers(1, min(16, len(bars) - 2) + 1))
    begin = int(rng.integers(0, len(bars) - length))
    return rearrange(piece, int(bars[begin]), int(bars[begin + length]))


class Openings(Dataset):
    """The first rows of every piece, in order, each with a fixed caption: for validation."""

    def __init__(
        self,
        shards: Shards,
        rows: int,
        batch_size: int,
        tokenizer: Tokenizer | None,
        limit: int,
        corpus: str = "",
    ) -> None:
        """limit: most pieces. corpus: only the pieces of this one."""
        self.shards, self.rows, self.batch_size = shards, rows, batch_size
        self.tokenizer = tokenizer
        among = [i for i, piece in enumerate(shards.pieces) if corpus in ("", piece.corpus)]
        # Spread over the corpus, whatever its order.
        spread = np.linspace(0, len(among) - 1, min(limit, len(among))).round().astype(int)
        self.chosen = [among[i] for i in spread]

    def __len__(self) -> int:
        return -(-len(self.chosen) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> Batch:
        if number >= len(self):
            raise IndexError(number)
        chosen = self.chosen[number * self.batch_size : (number + 1) * self.batch_size]
        excerpts = [np.asarray(self.shards.tokens(i))[: self.rows] for i in chosen]
        captions = [""] * len(chosen)
        if self.tokenizer is not None:
            facts = [Facts.from_dict(self.shards.pieces[i].facts) for i in chosen]
            heard = [facts_of_excerpt(e, f) for e, f in zip(excerpts, facts, strict=True)]
            captions = [
                write_captions(f, 1, seed=int(i))[0] for f, i in zip(heard, chosen, strict=True)
            ]
        return collate(excerpts, captions, self.rows, self.tokenizer)


def collate(
    excerpts: list[np.ndarray], captions: list[str], rows: int, tokenizer: Tokenizer | None
) -> Batch:
    """Pad excerpts with rows of type PAD, and tokenise captions (empty: no caption)."""
    tokens = np.zeros((len(excerpts), rows, NUM_ATTRIBUTES), dtype=np.int16)
    for target, source in zip(tokens, excerpts, strict=True):
        target[: len(source)] = source
    if tokenizer is None:
        ids = np.zeros((len(excerpts), 0), dtype=np.int64)
        lengths = np.zeros(len(excerpts), dtype=np.int64)
    else:
        ids, lengths = tokenizer(captions)
        lengths = np.where([bool(c) for c in captions], lengths, 0)
    return Batch(torch.from_numpy(tokens), torch.from_numpy(ids), torch.from_numpy(lengths))
