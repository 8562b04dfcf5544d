"""Chords: their names, and the harmony of a piece by template matching and Viterbi decoding.

A chord is a distribution over pitch classes, and one more over the pitch class of the bass. Each
beat is scored by the log-likelihood of what sounds in it, and the most likely path through all
beats pays for every change of chord, more within a bar than at a bar line.
"""

from __future__ import annotations

import re

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.grid import Bars, bars_of
from amadeus.music.keys import MAJOR_TONICS, pitch_class
from amadeus.music.score import Chord, Score

QUALITIES: tuple[str, ...] = (
    "maj", "min", "dim", "aug", "sus2", "sus4", "maj7", "min7", "7", "dim7", "m7b5", "5",
)  # fmt: skip
"""The kinds of chord, in the order of their ids."""

INTERVALS: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "7": (0, 4, 7, 10),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "5": (0, 7),
}
"""The pitch classes of each quality, in semitones above the root."""

NO_CHORD = "N.C."
"""The name of no harmony at all."""

_SUFFIXES = {q: q for q in QUALITIES} | {"maj": "", "min": "m", "min7": "m7"}
_QUALITY_OF = {suffix: q for q, suffix in _SUFFIXES.items()} | {q: q for q in QUALITIES}
_CHORD = re.compile(r"([A-G])([#b♯♭]?)(.*)")

# Weights tuned on the chord annotations of POP909 (Wang et al., ISMIR 2020).
_ENTRY = {
    "maj": 0.0, "min": 0.0, "dim": -1.0, "aug": -1.5, "sus2": -2.0, "sus4": -1.5,
    "maj7": -0.5, "min7": -0.3, "7": -0.4, "dim7": -1.0, "m7b5": -1.0, "5": -3.5,
}  # fmt: skip
"""Log-prior of each quality, paid when a chord of it begins."""
_STRAY = 0.15
"""Share of the sound that no chord tone accounts for."""
_BASS_ROOT, _BASS_STRAY = 0.7, 0.1
"""Shares of the bass on the root and off the chord; the other chord tones take the rest."""
_BASS_WEIGHT = 0.5
_EVIDENCE = 4.0
"""Weight of a beat in which much sounds, against the price of a change."""
_CHANGE_AT_BAR, _CHANGE_AT_HALF, _CHANGE_AT_BEAT = 1.0, 1.5, 2.5
"""Price of a new chord, by where it begins."""
_LONGEST_QUARTERS = 4
"""A held note says nothing new of the harmony after this long."""


def chord_name(chord: Chord) -> str:
    """The name of a chord as lead sheets write it: "Am7", "C", "F#dim", "Bbsus4", "N.C."."""
    if chord.root is None:
        return NO_CHORD
    return MAJOR_TONICS[chord.root] + _SUFFIXES[chord.quality]


def parse_chord(text: str) -> tuple[int | None, str]:
    """Root and quality of a chord name; (None, "") for "N.C.". Raises ScoreError for others."""
    if text.strip() == NO_CHORD:
        return None, ""
    match = _CHORD.fullmatch(text.strip())
    if not match or match[3] not in _QUALITY_OF:
        raise ScoreError(
            f"{text!r} is no chord known here; write a root and one of "
            f"{', '.join(repr(s) for s in _SUFFIXES.values())}, or {NO_CHORD!r}"
        )
    return pitch_class(match[1], match[2]), _QUALITY_OF[match[3]]


def estimate_chords(score: Score) -> tuple[Chord, ...]:
    """The harmony of a piece: the first chord at tick 0, no two in a row alike.

    Drums are left out, silence keeps the chord before it, and no harmony is Chord(tick, None, "").
    """
    notes = score.pitched_notes
    if not len(notes):
        return (Chord(0, None, ""),)
    onset, pitch = notes["onset_ticks"], notes["pitch"].astype(np.int64)
    bars = bars_of(score)
    start, bar = _beats(bars, score.ticks_per_quarter)
    edges = np.append(start, bars.onset_ticks[-1] + bars.length_ticks[-1])
    duration = np.clip(notes["duration_ticks"], 1, _LONGEST_QUARTERS * score.ticks_per_quarter)
    note, beat, overlap = _overlaps(onset, onset + duration, edges)

    chroma = np.bincount(
        beat * 12 + pitch[note] % 12, weights=overlap, minlength=12 * len(start)
    ).reshape(-1, 12)
    bass = np.full(len(start), 128)
    np.minimum.at(bass, beat, pitch[note])
    heard = np.flatnonzero(bass < 128)
    chroma, bass = chroma[heard], bass[heard] % 12  # [S, 12], [S]

    # Counting roots from the first bass note makes ties fall alike in every key.
    tonic = int(bass[0])
    evidence = _log_likelihood(
        np.roll(chroma, -tonic, axis=1) / np.diff(edges)[heard, None], (bass - tonic) % 12
    )
    path = _viterbi(evidence, _change_price(start[heard], bar[heard], bars))
    return _chords_of(path, start[heard], tonic)


def _beats(bars: Bars, ticks_per_quarter: int) -> tuple[np.ndarray, np.ndarray]:
    """Onset in ticks and bar index of every beat, int64 [S] each; beats restart at bar lines."""
    compound = np.array([m.denominator >= 8 and m.numerator % 3 == 0 for m in bars.time_signatures])
    dotted = max(1, 3 * ticks_per_quarter // 2)
    beat_ticks = np.where(compound, dotted, ticks_per_quarter)[bars.metre]  # [M]
    counts = -(-bars.length_ticks // beat_ticks)
    bar = np.repeat(np.arange(len(bars)), counts)
    return bars.onset_ticks[bar] + _count_within(counts) * beat_ticks[bar], bar


def _overlaps(
    onset: np.ndarray, end: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair of a note and a beat it sounds in: note index, beat index, ticks in common."""
    first = np.searchsorted(edges, onset, side="right") - 1
    last = np.searchsorted(edges[:-1], end, side="left") - 1
    counts = last - first + 1
    note = np.repeat(np.arange(len(onset)), counts)
    beat = first[note] + _count_within(counts)
    overlap = np.minimum(end[note], edges[beat + 1]) - np.maximum(onset[note], edges[beat])
    return note, beat, overlap


def _count_within(counts: np.ndarray) -> np.ndarray:
    """0, 1, .. count - 1 for each count in turn."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _log_likelihood(chroma: np.ndarray, bass: np.ndarray) -> np.ndarray:
    """Evidence for every state in every beat, [S, 145].

    chroma: [S, 12] how long each pitch class sounds, in beats; bass: [S] the lowest pitch class.
    """
    # The more sounds in a beat the more it says, but never more than _EVIDENCE.
    chroma = _EVIDENCE * chroma / (1.0 + chroma.sum(axis=1, keepdims=True))
    evidence = _BASSES[bass]
    # BLAS starts threads for products of more than about 150 rows, and they spin long after it.
    for first in range(0, len(chroma), 128):
        evidence[first : first + 128] += chroma[first : first + 128] @ _TONES
    return evidence


def _change_price(start: np.ndarray, bar: np.ndarray, bars: Bars) -> np.ndarray:
    """What a new chord costs at each beat, [S]."""
    half = 2 * (start - bars.onset_ticks[bar]) == bars.length_ticks[bar]
    price = np.where(half, _CHANGE_AT_HALF, _CHANGE_AT_BEAT)
    # The first beat heard in a bar stands at its bar line, even after a rest.
    price[np.diff(bar, prepend=-1) > 0] = _CHANGE_AT_BAR
    return price


def _viterbi(evidence: np.ndarray, change_price: np.ndarray) -> np.ndarray:
    """The best path through evidence [S, K], where a change costs the same from any state. [S].

    As one either stays or jumps from the best state so far, a step takes K operations, not K².
    """
    entry = _ENTRY_PRICE - change_price[1:, None]  # [S - 1, K]
    staying = np.empty_like(entry)
    best = []
    total = evidence[0] + _ENTRY_PRICE
    for stay, enter, seen in zip(staying, entry, evidence[1:], strict=True):
        best.append(total.argmax())
        # Totals are relative to the best, so a jump from it arrives at the bare entry price.
        np.subtract(total, total[best[-1]], out=stay)
        np.maximum(stay, enter, out=total)
        np.add(total, seen, out=total)
    path = [total.argmax()]
    for origin, jumped in zip(best[::-1], (staying < entry)[::-1], strict=True):
        path.append(origin if jumped[path[-1]] else path[-1])
    return np.array(path[::-1])


def _chords_of(path: np.ndarray, start: np.ndarray, tonic: int) -> tuple[Chord, ...]:
    """The chords of a path of states [S] over beats that begin at start [S]."""
    if start[0] > 0:
        path, start = np.append(_NONE, path), np.append(0, start)
    changes = np.flatnonzero(np.diff(path, prepend=-1))
    chords = []
    for onset, state in zip(start[changes].tolist(), path[changes].tolist(), strict=True):
        root, quality = divmod(state, len(QUALITIES))
        if state == _NONE:
            chords.append(Chord(onset, None, ""))
        else:
            chords.append(Chord(onset, (root + tonic) % 12, QUALITIES[quality]))
    return tuple(chords)


def _tone_profile(quality: str) -> np.ndarray:
    """Probability of each pitch class above the root to sound, [12]."""
    profile = np.full(12, _STRAY / (12 - len(INTERVALS[quality])))
    profile[list(INTERVALS[quality])] = (1 - _STRAY) / len(INTERVALS[quality])
    return profile


def _bass_profile(quality: str) -> np.ndarray:
    """Probability of each pitch class above the root to be the lowest, [12]."""
    tones = INTERVALS[quality]
    profile = np.full(12, _BASS_STRAY / (12 - len(tones)))
    profile[list(tones)] = (1 - _BASS_ROOT - _BASS_STRAY) / (len(tones) - 1)
    profile[0] = _BASS_ROOT
    return profile


def _states(profiles: list[np.ndarray]) -> np.ndarray:
    """Log-profiles of every root and quality, then of no harmony, where all are alike. [12, 145]"""
    columns = [np.roll(profile, root) for root in range(12) for profile in profiles]
    return np.log(np.column_stack([*columns, np.full(12, 1 / 12)]))


_NONE = 12 * len(QUALITIES)
_TONES = _states([_tone_profile(quality) for quality in QUALITIES])
_BASSES = _BASS_WEIGHT * _states([_bass_profile(quality) for quality in QUALITIES])
_ENTRY_PRICE = np.array([_ENTRY[q] for _ in range(12) for q in QUALITIES] + [0.0])
