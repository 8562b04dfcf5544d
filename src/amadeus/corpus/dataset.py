"""Shards to training batches. Batch number n is a function of the seed and n alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from amadeus.corpus.augment import bar_rows, excerpt, rearrange, transposable, transpose
from amadeus.corpus.shards import Shards
from amadeus.profile import Profile, conditions, measure_profile
from amadeus.profile.dropout import drop_values
from amadeus.text.captioner import write_captions
from amadeus.text.facts import Facts, measure
from amadeus.tokens import decode
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, RowType, is_predicted

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
    profile: Tensor
    """int64 [B, P, 2] conditions of the profiles, padded with 0."""
    profile_lengths: Tensor
    """int64 [B], 0 for pieces without a profile."""


def count_rows(batch: Batch) -> int:
    """How many rows of a batch are predicted: notes, empty bars and ends, without padding."""
    return int(is_predicted(batch.tokens[..., Attribute.TYPE]).sum())


@dataclass(frozen=True, kw_only=True, slots=True)
class ExcerptConfig:
    """How excerpts are drawn."""

    rows: int = 960
    """Most rows of an excerpt."""
    batch_size: int = 64
    """Excerpts in a batch, at `rows` rows each."""
    lengths: Mapping[int, float] = field(default_factory=dict)
    """Rows of the excerpts of a batch, and the share of batches of each; all of `rows` if left out.
    Batches of shorter excerpts have more of them, so that all have about as many rows."""
    seed: int = 0
    """Seed of everything that is drawn."""
    transpose: bool = True
    """Move excerpts to another key, -6 to +5 semitones."""
    start_share: float = 0.5
    """Share of excerpts that begin where their piece begins."""
    end_share: float = 0.1
    """Share of excerpts that end where their piece ends."""
    infill_share: float = 0.15
    """Share of excerpts rearranged so that a passage is written towards what follows it."""
    text_share: float = 0.85
    """Share of batches whose excerpts come with captions."""
    profile: bool = True
    """Give excerpts their profiles, with values left out at random."""
    profile_rows: int = 0
    """Measure the profiles of half of the excerpts in up to this many rows from where they begin;
    the others, and all excerpts that are longer, in the excerpt alone."""
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
        rows = np.array([piece.rows for piece in shards.pieces])
        weight = np.array([config.weights.get(source, 1.0) for source in shards.sources()])
        weight = weight * np.minimum(rows, 10_000.0) ** config.length_power
        self._lengths = dict(config.lengths) or {config.rows: 1.0}
        shortest = min(self._lengths)
        # Pieces that are too short for a batch would fill it with padding.
        self._cumulative = {
            length: np.cumsum(weight * ((rows >= length) | (length == shortest)))
            for length in self._lengths
        }

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((self.config.seed, step))
        length = self._length(step)
        cumulative = self._cumulative[length]
        count = max(1, self.config.batch_size * self.config.rows // length)
        # All or none: beside long captions, excerpts without one would be padded.
        worded = self.tokenizer is not None and rng.random() < self.config.text_share
        chosen = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
        drawn = [self._draw(int(index), length, worded, rng) for index in chosen]
        excerpts, captions, told = zip(*drawn, strict=True)
        return collate(excerpts, captions, told, length, self.tokenizer)

    def _length(self, step: int) -> int:
        """Rows of the excerpts of a batch, the same in every process of a run."""
        shares = np.array(list(self._lengths.values()))
        draw = np.random.default_rng(step).random() * shares.sum()
        at = min(int(np.searchsorted(shares.cumsum(), draw, side="right")), len(shares) - 1)
        return list(self._lengths)[at]

    def _draw(
        self, index: int, length: int, worded: bool, rng: np.random.Generator
    ) -> tuple[np.ndarray, str, np.ndarray]:
        """An excerpt of a piece, its caption and its conditions."""
        config = self.config
        tokens = np.asarray(self.shards.tokens(index))
        infill = rng.random() < config.infill_share
        room = length - 2 if infill else length
        bars = bar_rows(tokens)
        first = _first_row(bars, len(tokens), room, config, rng)
        window = room
        if config.profile_rows > room and rng.random() < 0.5:
            window = int(room * (config.profile_rows / room) ** rng.random())
        piece = excerpt(tokens, first, window)
        if config.transpose:
            low, high = transposable(piece)
            semitones = int(rng.integers(low, min(high, 5) + 1)) if low <= min(high, 5) else 0
            piece = transpose(piece, semitones)
        told = Facts.from_dict(self.shards.pieces[index].facts)
        caption, profile = "", Profile()
        if worded:
            facts = facts_of_excerpt(piece, told)
            caption = write_captions(facts, 1, seed=int(rng.integers(2**31)))[0]
        if config.profile:
            bars_left = int((bars >= first).sum())
            profile = drop_values(profile_of_excerpt(piece, told, bars_left), rng)
        piece = piece[:room]
        return _rearranged(piece, rng) if infill else piece, caption, conditions(profile)


def _first_row(
    bars: np.ndarray, rows: int, room: int, config: ExcerptConfig, rng: np.random.Generator
) -> int:
    """The first row of an excerpt of a piece with `rows` rows: a bar line, or 0.

    It fills the room, but for those that end where the piece does, which may lack part of a bar.
    """
    draw = rng.random()
    if draw < config.start_share or rows <= room:
        return 0
    last = int(np.searchsorted(bars, rows - room + 1))  # the first bar from which all rows fit
    if draw < config.start_share + config.end_share:
        return int(bars[min(last, len(bars) - 1)])
    first = int(bars[rng.integers(last + 1)]) if last < len(bars) else 0
    return 0 if first == 1 else first


def profile_of_excerpt(tokens: np.ndarray, piece: Facts, bars_left: int) -> Profile:
    """The profile of an excerpt, [N, A]: measured in it, with the labels of its piece.

    bars_left: bars from its beginning to the end of its piece.
    """
    measured = measure_profile(tokens)
    if piece.performed:  # their tempo and metre are made up
        measured = replace(measured, bpm=None, time_signature=None)
    return replace(
        measured, genres=piece.genres, forms=piece.forms, moods=piece.moods, bars_left=bars_left
    )


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
        profile: bool = False,
    ) -> None:
        """limit: most pieces. corpus: only the pieces of this one. profile: with profiles."""
        self.shards, self.rows, self.batch_size = shards, rows, batch_size
        self.tokenizer, self.profile = tokenizer, profile
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
        profiles = [Profile()] * len(chosen)
        facts = [Facts.from_dict(self.shards.pieces[i].facts) for i in chosen]
        if self.tokenizer is not None:
            heard = [facts_of_excerpt(e, f) for e, f in zip(excerpts, facts, strict=True)]
            captions = [
                write_captions(f, 1, seed=int(i))[0] for f, i in zip(heard, chosen, strict=True)
            ]
        if self.profile:
            bars = [len(bar_rows(np.asarray(self.shards.tokens(i)))) for i in chosen]
            profiles = [
                profile_of_excerpt(e, f, b) for e, f, b in zip(excerpts, facts, bars, strict=True)
            ]
        told = [conditions(profile) for profile in profiles]
        return collate(excerpts, captions, told, self.rows, self.tokenizer)


def collate(
    excerpts: Sequence[np.ndarray],
    captions: Sequence[str],
    profiles: Sequence[np.ndarray],
    rows: int,
    tokenizer: Tokenizer | None,
) -> Batch:
    """Pad excerpts with rows of type PAD and profiles with 0, and tokenise captions.

    captions: empty for none. profiles: conditions, int64 [P, 2] each.
    """
    tokens = np.zeros((len(excerpts), rows, NUM_ATTRIBUTES), dtype=np.int16)
    told = np.zeros((len(excerpts), max(map(len, profiles)), 2), dtype=np.int64)
    for i, (source, profile) in enumerate(zip(excerpts, profiles, strict=True)):
        tokens[i, : len(source)] = source
        told[i, : len(profile)] = profile
    if tokenizer is None:
        ids = np.zeros((len(excerpts), 0), dtype=np.int64)
        lengths = np.zeros(len(excerpts), dtype=np.int64)
    else:
        ids, lengths = tokenizer(list(captions))
        lengths = np.where([bool(c) for c in captions], lengths, 0)
    columns = (tokens, ids, lengths, told, np.array([len(profile) for profile in profiles]))
    return Batch(*map(torch.from_numpy, columns))
