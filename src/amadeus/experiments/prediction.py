"""How well a model predicts pieces, compared with an n-gram baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from amadeus.corpus.dataset import collate
from amadeus.corpus.shards import Piece, Shards
from amadeus.diffusion import UnmaskConfig
from amadeus.errors import CorpusError
from amadeus.evaluation.ngram_baseline import Tables, cross_entropy
from amadeus.experiments.options import Progress, no_progress
from amadeus.inference.teacher_forcing import force
from amadeus.profile import Profile, conditions

if TYPE_CHECKING:
    from amadeus.inference.session import Model


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """How well the opening of a piece was predicted; means over its rows."""

    corpus: str
    genres: tuple[str, ...]
    nats: np.ndarray
    """[A], the bound of `amadeus validate`: without grammar, one random order per row."""
    accuracy: np.ndarray
    """[A], share of values that were the most likely when they were unmasked in that order."""
    tables: tuple[float, float] | None
    """Nats of the unigram and the bigram baseline."""


def predict(
    model: Model,
    shards: Shards,
    chosen: Sequence[int],
    *,
    rows: int,
    tables: Tables | None = None,
    progress: Progress = no_progress,
) -> list[Predicted]:
    """Measure the first `rows` rows of the chosen pieces."""
    predicted = []
    for done, index in enumerate(chosen):
        progress("predicting", done, len(chosen))
        tokens = np.asarray(shards.tokens(index))[:rows]
        predicted.append(_predict(model, shards.pieces[index], tokens, tables, seed=index))
    return predicted


def _predict(
    model: Model, piece: Piece, tokens: np.ndarray, tables: Tables | None, seed: int
) -> Predicted:
    in_random_order = UnmaskConfig(order="random")
    (forced,) = force(model, tokens, [in_random_order], legal_only=False, seed=seed)
    baseline = None
    if tables is not None:
        batch = collate([tokens], [""], [conditions(Profile())], len(tokens), None)
        unigram, bigram = cross_entropy(tables, [batch])
        baseline = unigram.per_note, bigram.per_note
    genres = tuple(piece.facts["genres"] or ())
    nats, accuracy = forced.nats.mean(axis=0), forced.hits.mean(axis=0)
    return Predicted(piece.corpus, genres, nats, accuracy, baseline)


def spread(shards: Shards, per_corpus: int, corpora: Sequence[str] | None = None) -> list[int]:
    """Places of at most `per_corpus` pieces of each corpus, or of the named ones, spread evenly.

    Raises CorpusError if there are no pieces, or none of a named corpus.
    """
    places: dict[str, list[int]] = {}
    for place, corpus in enumerate(shards.sources()):
        places.setdefault(corpus, []).append(place)
    if not places:
        raise CorpusError(f"{shards.folder} holds no {shards.split} pieces; give another folder")
    chosen = []
    for name in sorted(places) if corpora is None else corpora:
        if name not in places:
            raise CorpusError(f"{shards.folder} has no pieces of {name}; it has {sorted(places)}")
        count = min(per_corpus, len(places[name]))
        steps = np.linspace(0, len(places[name]) - 1, count).round().astype(int)
        chosen += [places[name][step] for step in steps]
    return chosen
