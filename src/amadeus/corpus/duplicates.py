"""Which pieces are one piece twice, and which are versions of one work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from amadeus.corpus.extra import train_extra
from amadeus.corpus.fingerprint import NUM_PERMUTATIONS, Signature
from amadeus.corpus.manifest import LICENCE_CLASSES

with train_extra():
    from datasketch import LeanMinHash, MinHashLSH

NEAR_DUPLICATE = 0.6
"""Estimated Jaccard similarity of shingles from which on two pieces are one."""
VERSION = 0.3
"""... and from which on they are versions of one work."""
MIN_SHINGLES = 16
"""Fewer are too few to compare pieces by."""

# Pieces of similarity 0.6 share a bucket in all but 0.01 % of cases, those of 0.3 in 68 %.
_BANDS = (42, 3)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decides whether a piece is kept, and in which split."""

    id: str
    place: int
    """Its number in the plan of a build."""
    content: bytes
    """Hash of its tokens."""
    signature: Signature
    licence_class: str
    num_labels: int
    notes: int
    composer: str
    title: str
    given_split: str
    """By the manifest; empty: to be decided."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Why a piece is left out."""

    reason: str
    of: int
    """Index of the piece that is kept instead."""


@dataclass(slots=True)
class Findings:
    """Pieces by their index among the candidates."""

    kept: list[int] = field(default_factory=list)
    """The best first."""
    duplicates: dict[int, Duplicate] = field(default_factory=dict)
    versions: list[tuple[float, int, int]] = field(default_factory=list)
    """Pairs of kept pieces that are versions of one work, with their similarity."""


def find_duplicates(candidates: Sequence[Candidate]) -> Findings:
    """Compare all pieces with each other.

    From the best piece to the worst, each is kept unless it is a duplicate of one that is kept
    already: so what is left out always has its like in the corpus. Better is an opener licence,
    then more labels, then more notes, then the smaller id.
    """
    findings = Findings()
    contents: dict[bytes, int] = {}
    digests: dict[bytes, int] = {}
    near = _Neighbours(candidates)
    for index in sorted(range(len(candidates)), key=lambda i: _rank(candidates[i])):
        candidate = candidates[index]
        similar = near.query(index)
        if (of := contents.get(candidate.content)) is not None:
            findings.duplicates[index] = Duplicate("duplicate", of)
        elif (of := digests.get(candidate.signature.digest)) is not None:
            findings.duplicates[index] = Duplicate("duplicate in another key or tempo", of)
        elif similar and similar[0][0] >= NEAR_DUPLICATE:
            findings.duplicates[index] = Duplicate("near duplicate", similar[0][1])
        else:
            findings.kept.append(index)
            findings.versions += [(similarity, other, index) for similarity, other in similar]
            contents[candidate.content] = digests[candidate.signature.digest] = index
            near.insert(index)
    return findings


def _rank(candidate: Candidate) -> tuple:
    licence = LICENCE_CLASSES.index(candidate.licence_class)
    return licence, -candidate.num_labels, -candidate.notes, candidate.id, candidate.place


class _Neighbours:
    """Finds similar pieces among those inserted, by locality-sensitive hashing."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._signatures = [candidate.signature for candidate in candidates]
        self._index = MinHashLSH(num_perm=NUM_PERMUTATIONS, params=_BANDS)

    def query(self, index: int) -> list[tuple[float, int]]:
        """Similarity and index of inserted pieces, from VERSION on, the most similar first."""
        if not self._is_comparable(index):
            return []
        found = sorted(self._index.query(self._minhash(index)))
        mine = self._signatures[index].minhash
        similarities = [float(np.mean(self._signatures[i].minhash == mine)) for i in found]
        pairs = [pair for pair in zip(similarities, found, strict=True) if pair[0] >= VERSION]
        return sorted(pairs, key=lambda pair: (-pair[0], pair[1]))

    def insert(self, index: int) -> None:
        if self._is_comparable(index):
            self._index.insert(index, self._minhash(index), check_duplication=False)

    def _is_comparable(self, index: int) -> bool:
        return self._signatures[index].num_shingles >= MIN_SHINGLES

    def _minhash(self, index: int) -> LeanMinHash:
        values = self._signatures[index].minhash
        return LeanMinHash(seed=1, hashvalues=values, scheme="affine32")
