"""Form: how the sections of a piece return, from the likeness of its bars.

Every bar is described by which pitch classes begin where in it; equal stretches of bars that are
alike get one letter. A form is named only where like sections are much alike and unlike ones are
not: most pieces have none that can be told so surely.
"""

from __future__ import annotations

import re

import numpy as np

from amadeus.music.grid import bars_of
from amadeus.music.score import Score

SECTION_BARS = (16, 12, 8, 4)
MAX_SECTIONS, MAX_LETTERS = 8, 4
MOST_NEW = 0.75
"""Share of the sections that may be new: three of ABAC, but not four of ABACD."""
MAX_BARS = SECTION_BARS[0] * (MAX_SECTIONS + 1)
"""Longer pieces are not analysed: their form would take too many letters."""
LOOP_BARS = (1, 2, 4, 8)
LOOP_TIMES = 4
"""How often a loop is heard at least."""

_LIKE, _UNLIKE = 0.72, 0.5
"""Mean likeness of bars from which sections are the same, and below which they are not."""
_LOOP_LIKE, _LOOP_SHARE = 0.85, 0.9
"""How alike the bars of two rounds of a loop are, and how many of them."""
_COVERED = 0.85
"""Share of the bars that the sections take; the rest is introduction and ending."""
_SLOTS = 16
"""Positions told apart within a bar."""
_LOOP = re.compile(r"(\d+)-bar loop")


def form_of(score: Score) -> str:
    """The form of a piece: letters such as "AABA", "4-bar loop", or "" where none is sure."""
    likeness = bar_likeness(score)
    length = _loop_length(likeness)
    return f"{length}-bar loop" if length else _sections(likeness)


def loop_bars(form: str) -> int | None:
    """The bars of a loop: 4 for "4-bar loop"; None for other forms."""
    match = _LOOP.fullmatch(form)
    return int(match[1]) if match else None


def bar_likeness(score: Score) -> np.ndarray:
    """How alike every two bars are, from 0 to 1, float32 [M, M]; [0, 0] beyond MAX_BARS.

    Half of it is the cosine of all notes by pitch class and position, half that of the highest
    notes, where a melody shows. Silent bars are like each other only; drums are left out.
    """
    notes = score.pitched_notes
    bars = bars_of(score)
    if not len(notes) or len(bars) > MAX_BARS:
        return np.zeros((0, 0), dtype=np.float32)
    bar = bars.index_at(notes["onset_ticks"])
    offset = notes["onset_ticks"] - bars.onset_ticks[bar]
    place = bar * _SLOTS + offset * _SLOTS // bars.length_ticks[bar]
    pitch = notes["pitch"].astype(np.int64)
    highest = np.full(len(bars) * _SLOTS, -1)
    np.maximum.at(highest, place, pitch)
    sounding = np.flatnonzero(highest >= 0)
    everything = _unit_rows(place * 12 + pitch % 12, len(bars))
    melody = _unit_rows(sounding * 12 + highest[sounding] % 12, len(bars))
    silent = ~everything.any(axis=1)
    likeness = (everything @ everything.T + melody @ melody.T) / 2
    return np.where(np.logical_and.outer(silent, silent), np.float32(1), likeness)


def _unit_rows(present: np.ndarray, num_bars: int) -> np.ndarray:
    """Rows of length 1 (0 if empty) with equal entries where flat indices say, [M, slots * 12]."""
    rows = np.zeros((num_bars, _SLOTS * 12), dtype=np.float32)
    rows.ravel()[present] = 1
    return rows / np.maximum(1, np.sqrt(rows.sum(axis=1, keepdims=True)))


def _loop_length(likeness: np.ndarray) -> int | None:
    """The shortest stretch of bars that is repeated throughout."""
    for length in LOOP_BARS:
        if len(likeness) < LOOP_TIMES * length:
            return None
        repeats = np.diagonal(likeness, length) >= _LOOP_LIKE
        if repeats.mean() >= _LOOP_SHARE:
            return length
    return None


def _sections(likeness: np.ndarray) -> str:
    """Letters of sections of one length, the longest length that tells them apart clearly."""
    num_bars = len(likeness)
    for length in SECTION_BARS:
        # One more section than can be named may be half introduction and half ending.
        if not 3 * length <= num_bars < (MAX_SECTIONS + 2) * length:
            continue
        stretches = _stretch_likeness(likeness, length)
        candidates = [
            _clear_letters(stretches[first::length, first::length])
            for first in range(length)
            if (num_bars - first) // length * length >= _COVERED * num_bars
        ]
        _, letters = max(candidates, default=(0.0, ""))
        if letters:
            return letters
    return ""


def _stretch_likeness(likeness: np.ndarray, length: int) -> np.ndarray:
    """Mean likeness of two stretches bar by bar, by their first bars, [M - length + 1, same]."""
    count = len(likeness) - length + 1
    total = sum(likeness[k : k + count, k : k + count] for k in range(length))
    return np.asarray(total) / length


def _clear_letters(likeness: np.ndarray) -> tuple[float, str]:
    """How clear the letters of sections are, and the letters: "" unless all pairs are clear.

    likeness: of every two sections, [K, K].
    """
    if not 3 <= len(likeness) <= MAX_SECTIONS:
        return 0.0, ""
    same = likeness >= _LIKE
    first = same.argmax(axis=1)  # the first section that each is like
    agree = first[:, None] == first[None, :]
    if not np.array_equal(agree, likeness >= _UNLIKE) or not np.array_equal(agree, same):
        return 0.0, ""
    kinds = np.unique(first)
    if not 1 < len(kinds) <= min(MAX_LETTERS, MOST_NEW * len(first)):
        return 0.0, ""
    letters = "".join("ABCD"[k] for k in np.searchsorted(kinds, first))
    if len(letters) > 5 and letters in "ABABABAB":  # rounds of a longer loop, not sections
        return 0.0, ""
    return float(likeness[agree].min() - likeness[~agree].max()), letters
