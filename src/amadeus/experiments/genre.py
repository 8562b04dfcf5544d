"""Genre: which music does a model predict well, and does it carry over to music it never saw?

Nats alone do not compare corpora: a lead sheet has less to tell than an orchestra. Beside them
stand the nats of tables of counts, which know how frequent values are and what they follow, and the
share of attributes whose likeliest value was right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from amadeus.corpus.dataset import collate
from amadeus.corpus.shards import Piece, Shards
from amadeus.diffusion import UnmaskConfig
from amadeus.errors import CorpusError
from amadeus.evaluation.ngram_baseline import Tables, cross_entropy
from amadeus.inference.teacher_forcing import force
from amadeus.profile import Profile, conditions
from amadeus.reports.means import Mean

if TYPE_CHECKING:
    from amadeus.inference.session import Model

OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "amadeus-small": (
        "groove-drums", "hauptstimme-orchestral", "kern-nc", "learning-songs", "libregames",
        "linthesia",
    ),
}  # fmt: skip
"""By packaged model, the corpora that were not in its training data.

The card of amadeus-small counts 22 collections, and the pieces and the licences' shares of its rows
that it states are those of all 28 but these.
"""
Progress = Callable[[int, int], None]
"""Told how many pieces are done, and of how many."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the model made of the opening of one piece; means over its rows."""

    corpus: str
    genres: tuple[str, ...]
    nats: np.ndarray
    """[A], the bound of `amadeus validate`: no grammar, one random order a row."""
    accuracy: np.ndarray
    """[A], share of values that were the likeliest when their turn came in that order."""
    tables: tuple[float, float] | None
    """Nats of the unigram and the bigram tables."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces of one kind."""

    name: str
    pieces: Sequence[Heard]

    @property
    def nats(self) -> Mean:
        return Mean.of([one.nats.sum() for one in self.pieces])

    @property
    def accuracy(self) -> np.ndarray:
        """Mean over pieces, [A]."""
        return np.mean([one.accuracy for one in self.pieces], axis=0)

    def table_nats(self, which: int) -> Mean:
        """Of the unigram tables, 0, or the bigram tables, 1."""
        return Mean.of([np.nan if p.tables is None else p.tables[which] for p in self.pieces])

    @property
    def left(self) -> Mean:
        """Share of the bigram tables' nats that the model is left with."""
        return Mean.of(
            [np.nan if p.tables is None else p.nats.sum() / p.tables[1] for p in self.pieces]
        )


def listen(
    model: Model,
    shards: Shards,
    chosen: Sequence[int],
    *,
    rows: int,
    tables: Tables | None = None,
    progress: Progress = lambda *_: None,
) -> list[Heard]:
    """Measure the first `rows` rows of the chosen pieces, which begin with START."""
    found = []
    for done, index in enumerate(chosen):
        progress(done, len(chosen))
        tokens = np.asarray(shards.tokens(index))[:rows]
        found.append(_hear(model, shards.pieces[index], tokens, tables, seed=index))
    return found


def _hear(
    model: Model, piece: Piece, tokens: np.ndarray, tables: Tables | None, seed: int
) -> Heard:
    in_random_order = UnmaskConfig(order="random")
    (forced,) = force(model, tokens, [in_random_order], legal_only=False, seed=seed)
    counted = None
    if tables is not None:
        batch = collate([tokens], [""], [conditions(Profile())], len(tokens), None)
        unigram, bigram = cross_entropy(tables, [batch])
        counted = unigram.per_note, bigram.per_note
    genres = tuple(piece.facts["genres"] or ())
    return Heard(piece.corpus, genres, forced.nats.mean(axis=0), forced.hits.mean(axis=0), counted)


def spread(shards: Shards, per_corpus: int, corpora: Sequence[str] | None = None) -> list[int]:
    """Places of at most so many pieces of each corpus, spread evenly.

    Raises CorpusError where there are none, or none of a corpus that is named.
    """
    places: dict[str, list[int]] = {}
    for place, corpus in enumerate(shards.sources()):
        places.setdefault(corpus, []).append(place)
    for name in corpora or ():
        if name not in places:
            raise CorpusError(f"{shards.folder} has no pieces of {name}; it has {sorted(places)}")
    if not places:
        raise CorpusError(f"{shards.folder} holds no {shards.split} pieces; give another folder")
    chosen = []
    for name in sorted(places) if corpora is None else corpora:
        count = min(per_corpus, len(places[name]))
        steps = np.linspace(0, len(places[name]) - 1, count).round().astype(int)
        chosen += [places[name][step] for step in steps]
    return chosen


def by_corpus(pieces: Sequence[Heard]) -> list[Group]:
    """Every corpus, the one that is left with most of the tables' nats, or with most, last."""
    names = sorted({one.corpus for one in pieces})
    groups = [Group(name, [p for p in pieces if p.corpus == name]) for name in names]
    return sorted(groups, key=_difficulty)


def by_genre(pieces: Sequence[Heard], fewest: int) -> list[Group]:
    """Genres with at least so many pieces, in the same order; a piece may have several."""
    names = sorted({genre for one in pieces for genre in one.genres})
    groups = [Group(name, [p for p in pieces if name in p.genres]) for name in names]
    return sorted((g for g in groups if len(g.pieces) >= fewest), key=_difficulty)


def _difficulty(group: Group) -> float:
    return group.nats.mean if np.isnan(group.left.mean) else group.left.mean
