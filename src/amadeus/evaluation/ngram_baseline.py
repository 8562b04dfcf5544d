"""Reference models: how well tables of counts predict music. A model has to beat them clearly.

The unigram tables know how frequent each value of each attribute is; the bigram tables know it
given the same attribute of the row before. Neither knows of the other attributes of a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from amadeus.corpus.dataset import Batch, Openings
from amadeus.corpus.shards import Shards
from amadeus.errors import CorpusError
from amadeus.tokens.vocabulary import ATTRIBUTES, SIZES, Attribute, is_predicted
from amadeus.training.validation import Nats

ADDED_COUNT = 1.0
"""What every value of an attribute has been seen more often than it was (Laplace)."""
PRIOR_COUNT = 256.0
"""How many observations the unigram table weighs in each row of a bigram table.

The best power of two for 1,000 training pieces, predicted from 1,000 others.
"""
BATCH_SIZE = 64


@dataclass(frozen=True, slots=True)
class Tables:
    """Log-probabilities of the values of each attribute, V_a of them for attribute a."""

    unigram: tuple[np.ndarray, ...]
    """log p(value), A arrays [V_a]."""
    bigram: tuple[np.ndarray, ...]
    """log p(value | value of the row before), A arrays [V_a, V_a]; rows are the given values."""


def fit(batches: Iterable[Batch]) -> Tables:
    """Tables from counts c: p(v) ~ c(v) + ADDED_COUNT, p(v | u) ~ c(u, v) + PRIOR_COUNT p(v).

    The latter is Dirichlet smoothing: MacKay and Peto, "A hierarchical Dirichlet language model",
    1995. Counted are the rows that `training.validation` counts: notes, empty bars and ends.

    Raises CorpusError where there are none.
    """
    counts = [np.zeros((size, size)) for size in SIZES]
    for batch in batches:
        before, rows = _pairs(batch)
        for a, size in enumerate(SIZES):
            flat = np.bincount(before[:, a] * size + rows[:, a], minlength=size * size)
            counts[a] += flat.reshape(size, size)
    if not counts[Attribute.TYPE].any():
        raise CorpusError("there are no notes to count; name shards that hold some pieces")
    unigram, bigram = [], []
    for count in counts:
        smoothed = count.sum(0) + ADDED_COUNT
        share = smoothed / smoothed.sum()
        given = count + PRIOR_COUNT * share
        unigram.append(np.log(share))
        bigram.append(np.log(given / given.sum(1, keepdims=True)))
    return Tables(tuple(unigram), tuple(bigram))


def cross_entropy(tables: Tables, batches: Iterable[Batch]) -> tuple[Nats, Nats]:
    """Nats per row, summed over attributes, of the unigram and of the bigram tables.

    Raises CorpusError where there are no rows to predict.
    """
    total = np.zeros((2, len(ATTRIBUTES)))
    num_rows = 0
    for batch in batches:
        before, rows = _pairs(batch)
        num_rows += len(rows)
        for a in Attribute:
            total[0, a] -= tables.unigram[a][rows[:, a]].sum()
            total[1, a] -= tables.bigram[a][before[:, a], rows[:, a]].sum()
    if not num_rows:
        raise CorpusError("there are no notes to predict; name shards with a validation split")
    unigram, bigram = (
        Nats(float(nats.sum()), dict(zip(ATTRIBUTES, nats.tolist(), strict=True)), num_rows)
        for nats in total / num_rows
    )
    return unigram, bigram


def openings(shards: Shards, rows: int, limit: int) -> Iterator[Batch]:
    """The first rows of `limit` pieces spread evenly over the shards, without captions.

    2,000 training pieces will do for tables: three times as many gain the bigrams 0.1 nats.
    """
    dataset = Openings(shards, rows, BATCH_SIZE, tokenizer=None, limit=limit)
    return (dataset[number] for number in range(len(dataset)))


def _pairs(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """The counted rows of a batch and the rows before them: (before, rows), int64 [R, A] each."""
    tokens = batch.tokens.numpy().astype(np.int64)  # [B, N, A]
    rows = tokens[:, 1:]
    counted = is_predicted(batch.tokens[:, 1:, Attribute.TYPE]).numpy()
    return tokens[:, :-1][counted], rows[counted]
