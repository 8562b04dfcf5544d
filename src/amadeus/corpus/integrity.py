"""Checks of a batch of pieces: after them, no value leads outside an array or a vocabulary."""

from __future__ import annotations

import numpy as np

from amadeus.corpus.extra import train_extra
from amadeus.errors import CorpusError
from amadeus.tokens.vocabulary import ATTRIBUTES, NUM_ATTRIBUTES, SIZES

with train_extra():
    import pyarrow as pa
    import pyarrow.compute as pc

MAY_BE_NULL = ("facts.bpm", "facts.key", "facts.num_bars")
_BLOCK_ROWS = 1024
"""NumPy compares long rows ten times as fast as rows of 8."""


def check_batch(batch: pa.RecordBatch, split: str) -> None:
    """Check everything about pieces that a reader relies on, in one pass over them.

    batch: rows of `amadeus.corpus.schema.SCHEMA`. split: that of all pieces.

    Raises CorpusError, whose message is the reason, for arrays that point outside their data,
    missing values, another split, wrong numbers of rows, and tokens that the vocabulary lacks.
    """
    try:
        batch.validate(full=True)
    except pa.ArrowException as error:
        raise CorpusError(str(error).splitlines()[0]) from None
    for name in batch.schema.names:
        missing = _first_with_nulls(batch[name], name)
        if missing:
            raise CorpusError(f"values of {missing} are missing")
    others = set(pc.unique(batch["split"]).to_pylist()) - {split}
    if others:
        raise CorpusError(f"it holds pieces of split {min(others)[:40]!r}, not {split!r}")
    tokens = batch["tokens"]
    counted = np.diff(tokens.offsets.to_numpy())
    wrong = np.flatnonzero((counted != batch["rows"].to_numpy()) | (counted < 1))
    if len(wrong):
        first = int(wrong[0])
        raise CorpusError(
            f"piece {batch['id'][first].as_py()[:40]!r} has {counted[first]} rows of tokens and "
            f"says {batch['rows'][first]}"
        )
    largest = _largest_values(tokens.values.flatten().to_numpy())
    for name, value, size in zip(ATTRIBUTES, largest, SIZES, strict=True):
        if value >= size:
            raise CorpusError(f"{name} {value} is not in the vocabulary, 0 to {size - 1}")


def _first_with_nulls(array: pa.Array, name: str) -> str:
    """The name of the first column, field or item that is null somewhere; empty if none is."""
    if array.null_count and name not in MAY_BE_NULL:
        return name
    if pa.types.is_struct(array.type):
        parts = [(f"{name}.{f.name}", array.field(i)) for i, f in enumerate(array.type)]
    elif pa.types.is_nested(array.type):
        parts = [(f"{name} items", array.values)]
    else:
        parts = []
    return next(filter(None, (_first_with_nulls(part, n) for n, part in parts)), "")


def _largest_values(values: np.ndarray) -> list[int]:
    """The largest value of each attribute. values: uint16 [rows * A]."""
    block = _BLOCK_ROWS * NUM_ATTRIBUTES
    whole = len(values) // block * block
    largest = [
        part.reshape(-1, width).max(axis=0).reshape(-1, NUM_ATTRIBUTES).max(axis=0)
        for part, width in ((values[:whole], block), (values[whole:], NUM_ATTRIBUTES))
        if len(part)
    ]
    return np.max(largest, axis=0).tolist() if largest else [0] * NUM_ATTRIBUTES
