"""Splits: all versions of one work are on one side, so that validation pieces are new."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

from amadeus.corpus.duplicates import Candidate, Findings

VALIDATION_SHARE = 0.03
MAX_WORK = 64
"""Most pieces of one work: larger groups hang together by chance, as takes named "Song" do."""


def find_works(candidates: Sequence[Candidate], findings: Findings) -> dict[int, str]:
    """The work of each kept piece: the smallest id among the pieces of it.

    Pieces belong to one work if their melodies are similar, or if composer and title are the same.
    """
    groups = _Groups(findings.kept)
    by_likeness = sorted(findings.versions, key=lambda pair: (-pair[0], pair[1:]))
    for _, one, other in by_likeness:
        groups.join(one, other)
    for one, other in _same_title(candidates, findings.kept):
        groups.join(one, other)
    works: dict[int, str] = {}
    for members in groups.all():
        smallest = min(candidates[i].id for i in members)
        works |= dict.fromkeys(members, smallest)
    return works


def choose_splits(
    candidates: Sequence[Candidate], findings: Findings, works: dict[int, str]
) -> dict[int, str]:
    """ "train" or "validation" for each kept piece.

    A work is for validation if the manifest says so of any piece of it, duplicates that were left
    out included. A work without a split in the manifest is assigned by a hash of its name.
    """
    given: dict[str, set[str]] = defaultdict(set)
    for index, work in works.items():
        given[work].add(candidates[index].given_split)
    for index, duplicate in findings.duplicates.items():
        given[works[duplicate.of]].add(candidates[index].given_split)
    return {index: _split(work, given[work]) for index, work in works.items()}


def _split(work: str, given: set[str]) -> str:
    if "validation" in given or "train" in given:
        return "validation" if "validation" in given else "train"
    # Hashed again, because the smallest of many ids is small.
    share = int(hashlib.sha1(work.encode()).hexdigest()[:8], 16) / 2**32
    return "validation" if share < VALIDATION_SHARE else "train"


def _same_title(candidates: Sequence[Candidate], kept: list[int]) -> Iterator[tuple[int, int]]:
    """Pairs that link all pieces of one composer and title."""
    named: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index in kept:
        name = (_words(candidates[index].composer), _words(candidates[index].title))
        # A title without letters, as "No. 1" nearly is, is a number in a collection.
        if name[0] and re.search("[^\\W\\d_]{3}", name[1]):
            named[name].append(index)
    for members in named.values():
        if len(members) <= MAX_WORK:
            yield from ((members[0], other) for other in members[1:])


def _words(text: str) -> str:
    """Text without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", plain))


class _Groups:
    """Disjoint sets that grow by joining, up to MAX_WORK members."""

    def __init__(self, members: Sequence[int]) -> None:
        self._group = {member: [member] for member in members}

    def join(self, one: int, other: int) -> None:
        larger, smaller = self._group[one], self._group[other]
        if larger is smaller or len(larger) + len(smaller) > MAX_WORK:
            return
        if len(larger) < len(smaller):
            larger, smaller = smaller, larger
        larger += smaller
        self._group |= dict.fromkeys(smaller, larger)

    def all(self) -> list[list[int]]:
        return list({id(group): group for group in self._group.values()}.values())
