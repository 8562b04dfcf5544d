"""Alignment: does the music have the tempo, key, metre and instruments that were asked for?

The measures of MidiCaps and Text2midi (Bhandari et al. 2024, arXiv 2412.16526): TB, TBT, CK, CKD,
CTS, and CI as precision, recall, F1 and exact set. Pure functions of a `Score`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amadeus.errors import ConfigError
from amadeus.music.instruments import DRUMS
from amadeus.music.keys import Key, estimate_key, parse_key
from amadeus.music.score import Score
from amadeus.text.facts import TEMPO_EDGES, TEMPO_MARKINGS, TEMPO_WORDS, first_bpm
from amadeus.text.prompt_words import INSTRUMENT_GROUPS

MAX_INSTRUMENTS = 5
MEASURES: dict[str, str] = {
    "TB": "tempo in the bin asked for",
    "TBT": "tempo at most one bin away",
    "exact tempo": "tempo within half a BPM",
    "CK": "key asked for",
    "CKD": "key asked for, or its relative",
    "CTS": "time signature asked for",
    "CI precision": "share of what plays that was asked for",
    "CI recall": "share of what was asked for that plays",
    "CI F1": "their harmonic mean",
    "CI exact": "all that was asked for plays, and nothing else",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a piece is measured against. None and empty: nothing was asked for."""

    bpm: float | None = None
    """Quarter notes a minute."""
    tempo_bins: tuple[int, ...] = ()
    """Bins between TEMPO_EDGES that a tempo or a tempo word allows."""
    key: Key | None = None
    time_signature: str = ""
    """ "3/4"."""
    instruments: tuple[tuple[int, ...], ...] = ()
    """Of each instrument, the programs that count as it; 128 for drums."""

    @classmethod
    def from_labels(cls, labels: Mapping[str, Any]) -> Wanted:
        """Read labels: tempo (BPM), tempo_word, key, time_signature, instruments (names).

        Raises ConfigError for an instrument or a tempo word that is unknown, ScoreError for such a
        key.
        """
        bpm = labels.get("tempo")
        word = labels.get("tempo_word")
        bins = () if bpm is None else (bisect_right(TEMPO_EDGES, bpm),)
        key = labels.get("key")
        return cls(
            bpm=bpm,
            tempo_bins=bins or (() if word is None else _bins_of(word)),
            key=None if key is None else parse_key(key),
            time_signature=labels.get("time_signature", ""),
            instruments=tuple(_programs(name) for name in labels.get("instruments", ())),
        )


def align(score: Score, wanted: Wanted) -> dict[str, float]:
    """Each measure that the labels allow, 0 to 1, by its name in MEASURES."""
    found: dict[str, float] = {}
    if wanted.tempo_bins:
        here = bisect_right(TEMPO_EDGES, first_bpm(score))
        found["TB"] = here in wanted.tempo_bins
        found["TBT"] = min(abs(here - there) for there in wanted.tempo_bins) <= 1
    if wanted.bpm is not None:
        found["exact tempo"] = abs(first_bpm(score) - wanted.bpm) <= 0.5
    if wanted.key is not None:
        key = estimate_key(score)
        found["CK"] = key == wanted.key
        found["CKD"] = key in (wanted.key, wanted.key.relative)
    if wanted.time_signature:
        found["CTS"] = _first_time_signature(score) == wanted.time_signature
    if wanted.instruments:
        found |= _instrument_measures(sounding(score), wanted.instruments)
    return {name: float(value) for name, value in found.items()}


def sounding(score: Score) -> tuple[int, ...]:
    """The up to five programs that sound longest, drums as 128."""
    ticks: Counter[int] = Counter()
    for track in score.tracks:
        program = DRUMS if track.is_drum else track.program
        ticks[program] += int(track.notes["duration_ticks"].sum())
    return tuple(program for program, length in ticks.most_common(MAX_INSTRUMENTS) if length)


def mean_alignment(found: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, int]]:
    """Mean of each measure over the pieces that have it, and their number; MEASURES' order."""
    columns = {name: [piece[name] for piece in found if name in piece] for name in MEASURES}
    return {name: (float(np.mean(c)), len(c)) for name, c in columns.items() if c}


def shuffled_alignment(
    scores: Sequence[Score], wanted: Sequence[Wanted]
) -> dict[str, tuple[float, int]]:
    """Every piece against the labels of every other prompt: what chance and habit reach.

    scores, wanted: of the same pieces, in the same order; pieces of one prompt are not compared.
    """
    distinct = tuple(dict.fromkeys(wanted))
    pairs = [(s, w) for s, own in zip(scores, wanted, strict=True) for w in distinct if w != own]
    return mean_alignment([align(score, other) for score, other in pairs])


def _instrument_measures(
    playing: Sequence[int], wanted: Sequence[tuple[int, ...]]
) -> dict[str, float]:
    """Precision, recall, F1 and exactness of programs against groups of programs."""
    fits = [any(program in group for group in wanted) for program in playing]
    met = [any(program in group for program in playing) for group in wanted]
    precision = float(np.mean(fits)) if fits else 0.0
    recall = float(np.mean(met))
    total = precision + recall
    return {
        "CI precision": precision,
        "CI recall": recall,
        "CI F1": 2 * precision * recall / total if total else 0.0,
        "CI exact": float(precision == 1 and recall == 1),
    }


def _bins_of(word: str) -> tuple[int, ...]:
    bins = [i for words in (TEMPO_WORDS, TEMPO_MARKINGS) for i, w in enumerate(words) if w == word]
    if not bins:
        known = sorted({*TEMPO_WORDS, *TEMPO_MARKINGS})
        raise ConfigError(f"tempo word {word!r} is unknown; choose one of {known}")
    return tuple(bins)


def _programs(name: str) -> tuple[int, ...]:
    if name.lower() not in INSTRUMENT_GROUPS:
        raise ConfigError(f"instrument {name!r} is unknown; write it as in 'acoustic guitar'")
    return INSTRUMENT_GROUPS[name.lower()]


def _first_time_signature(score: Score) -> str:
    first = min(score.time_signatures, default=None, key=lambda t: t.onset_ticks)
    return "4/4" if first is None else str(first)
