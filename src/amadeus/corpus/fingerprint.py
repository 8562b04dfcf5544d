"""What stays of a piece when it is transposed, played faster, or given to other instruments.

Two signatures: a digest that is equal for equal notes, and a MinHash whose agreement estimates how
many melodic shingles two pieces share (Broder, "On the resemblance and containment of documents",
1997).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from amadeus.corpus.extra import train_extra
from amadeus.tokens.rows import row_onsets
from amadeus.tokens.vocabulary import (
    DRUMS,
    Attribute,
    RowType,
    has_sound,
)

with train_extra():
    from datasketch import MinHash

NUM_PERMUTATIONS = 128
SHINGLE = 7
"""Melodic intervals in a shingle."""
MIN_MOVES = 3
"""Intervals other than unisons in a shingle."""
MIN_PITCHED = 16
"""Pitched notes below which the drums are what identifies a piece."""

_EMPTY = MinHash(NUM_PERMUTATIONS, hashfunc=int, scheme="affine32")


class Notes(NamedTuple):
    """The notes of a piece in token order, as columns, int64 [N] each."""

    onsets: np.ndarray
    """In grid steps."""
    instruments: np.ndarray
    """Values of the attribute, as `pitches` are."""
    pitches: np.ndarray


@dataclass(frozen=True, slots=True)
class Signature:
    """By what a piece is recognised."""

    digest: bytes
    """8 bytes, equal for equal notes in whatever key, tempo, loudness and instruments."""
    minhash: np.ndarray
    """uint32 [NUM_PERMUTATIONS]: the share of equal values in two of them estimates the Jaccard
    similarity of the pieces' shingles."""
    num_shingles: int
    """How many different shingles the piece has."""


def sign(tokens: np.ndarray) -> Signature:
    """The signature of a piece. tokens: [N, A], of at least one note."""
    notes = notes_of(tokens)
    found = shingles(notes)
    minhash = _EMPTY.copy()
    minhash.update_batch(found.tolist())
    return Signature(digest(notes), minhash.hashvalues, len(found))


def digest(notes: Notes) -> bytes:
    """Hash of the set of onsets and pitches, both relative to the first.

    Onsets count in units of their common divisor, so that notes written twice as long are the same
    too. Durations do not count. Of pieces for drums alone the drum sounds count.
    """
    onsets, instruments, pitches = notes
    pitched = instruments != DRUMS
    if pitched.sum() >= MIN_PITCHED:
        onsets, pitches = onsets[pitched], pitches[pitched]
        pitches = pitches - pitches[0]
    onsets = onsets - onsets[0]
    onsets //= max(1, np.gcd.reduce(onsets))
    return hashlib.sha1(np.unique(onsets * 512 + pitches + 128).tobytes()).digest()[:8]


def shingles(notes: Notes) -> np.ndarray:
    """Runs of SHINGLE melodic intervals in the top line of each instrument, as 32-bit hashes.

    Returns distinct uint32 values, ascending. Runs that hardly move, as riffs on one note do, tell
    nothing and are left out.
    """
    pitched = notes.instruments != DRUMS
    order = np.argsort(notes.instruments[pitched], kind="stable")
    onsets, instruments, pitches = (column[pitched][order] for column in notes)
    # Notes of one onset and instrument are sorted by pitch: the last is the top.
    is_top = np.ones(len(onsets), dtype=bool)
    is_top[:-1] = (onsets[1:] != onsets[:-1]) | (instruments[1:] != instruments[:-1])
    instruments, pitches = instruments[is_top], pitches[is_top]
    if len(pitches) <= SHINGLE:
        return np.zeros(0, dtype=np.uint32)
    steps = np.diff(pitches)
    moves = np.cumsum(np.append(0, steps != 0))
    moves = moves[SHINGLE:] - moves[:-SHINGLE]  # in each run
    intervals = (steps + 128).astype(np.uint64)  # one byte each
    windows = len(intervals) - SHINGLE + 1
    codes = sum(intervals[i : i + windows] << np.uint64(8 * i) for i in range(SHINGLE))
    codes = codes[(instruments[SHINGLE:] == instruments[:-SHINGLE]) & (moves >= MIN_MOVES)]
    # Fibonacci hashing: the high half of a product with 2^64 / golden ratio.
    return np.unique((codes * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)).astype(np.uint32))


def notes_of(tokens: np.ndarray) -> Notes:
    """Every note of a piece. tokens: [N, A]."""
    tokens = tokens[tokens[:, Attribute.TYPE] >= RowType.NOTE]
    sound = has_sound(tokens[:, Attribute.TYPE])
    columns = (row_onsets(tokens), tokens[:, Attribute.INSTRUMENT], tokens[:, Attribute.PITCH])
    return Notes(*(column[sound].astype(np.int64) for column in columns))
