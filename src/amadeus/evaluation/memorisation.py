"""Memorisation: the longest passage of a piece that is, note for note, in the training pieces.

A passage is a run of notes of one instrument, chords included, known by its intervals and by the
time between its onsets: transposing it or changing its tempo changes nothing. Drums are left out,
for all drummers share their patterns.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from amadeus.music.grid import GRID
from amadeus.music.score import Score

PASSAGE_NOTES = 16
"""Shortest passage that counts."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class Passages:
    """Every passage of a set of pieces, as hashes."""

    def __init__(
        self,
        scores: Iterable[Score],
        notes: int = PASSAGE_NOTES,
        among: Iterable[Score] | None = None,
    ) -> None:
        """notes: notes of a passage, at least 2. Takes 8 bytes of memory per note.

        among: the pieces that will be asked about; only what they have in common with the scores
        is kept, so that the scores can be any number.
        """
        self.notes = notes
        asked = None if among is None else _distinct(h for s in among for h in _hashes(s, notes))
        found = (h for score in scores for h in _hashes(score, notes))
        if asked is None:
            self._hashes = _distinct(found)
        else:
            self._hashes = asked[_mark(asked, found)]

    def longest_shared(self, score: Score) -> int:
        """Notes of the longest passage of the piece that is among these; 0 for none.

        An upper bound: passages that overlap may come from different pieces.
        """
        longest = 0
        for hashes in _hashes(score, self.notes):
            run = 0
            for known in self._knows(hashes):
                run = run + 1 if known else 0
                longest = max(longest, run + self.notes - 1 if run else 0)
        return longest

    def share(self, score: Score) -> float:
        """The share of the piece's passages that are among these, 0 to 1."""
        known = [self._knows(hashes) for hashes in _hashes(score, self.notes)]
        return float(np.concatenate(known).mean()) if known else 0.0

    def _knows(self, hashes: np.ndarray) -> np.ndarray:
        return _places(self._hashes, hashes)[1]


def _distinct(hashes: Iterable[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *hashes]))


def _mark(asked: np.ndarray, found: Iterable[np.ndarray]) -> np.ndarray:
    """Which of the hashes asked for, sorted, are among those found: bool [len(asked)]."""
    known = np.zeros(len(asked), dtype=bool)
    for hashes in found:
        places, there = _places(asked, hashes)
        known[places[there]] = True
    return known


def _places(within: np.ndarray, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where hashes are in a sorted array, and whether they are there at all. [len(hashes)] each."""
    if not len(within):
        return np.zeros(len(hashes), np.int64), np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(within, hashes), len(within) - 1)
    return places, within[places] == hashes


def _hashes(score: Score, notes: int) -> list[np.ndarray]:
    """Of every pitched track that is long enough, the hash of each passage, uint64 [N]."""
    tracks = [t.notes for t in score.tracks if not t.is_drum and len(t.notes) >= notes]
    return [_hash_track(track, score.ticks_per_quarter, notes) for track in tracks]


def _hash_track(track: np.ndarray, ticks_per_quarter: int, notes: int) -> np.ndarray:
    """A polynomial in the steps between neighbours, modulo 2^64. Returns uint64 [N - notes + 1]."""
    onsets = np.rint(track["onset_ticks"] * (GRID / ticks_per_quarter)).astype(np.int64)
    order = np.lexsort((track["pitch"], onsets))
    steps = np.diff(onsets[order]) * 256 + np.diff(track["pitch"][order].astype(np.int64))
    mixed = (steps.astype(np.uint64) + np.uint64(1)) * _MULTIPLIER
    mixed ^= mixed >> np.uint64(31)
    count = len(mixed) - (notes - 1) + 1
    total = np.zeros(count, dtype=np.uint64)
    for place in range(notes - 1):
        total = total * _MULTIPLIER + mixed[place : place + count]
    return total
