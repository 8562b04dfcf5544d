"""Alignment: does the music have the tempo, key, metre and instruments that were asked for?

The measures of MidiCaps and Text2midi (Bhandari et al. 2024, arXiv 2412.16526): TB, TBT, CK, CKD,
CTS, and CI as precision, recall, F1 and exact set. Pure functions of a `Score`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amadeus.errors import ConfigError
from amadeus.music.instrument_words import INSTRUMENT_GROUPS
from amadeus.music.keys import Key, estimate_key, parse_key
from amadeus.music.score import Score
from amadeus.music.tempo_words import TEMPO_EDGES, TEMPO_MARKINGS, TEMPO_WORDS
from amadeus.reports.means import Mean
from amadeus.text.facts import first_bpm

MAX_INSTRUMENTS = 5
"""Instruments of a piece that count; more where more were asked for."""
MAX_OTHERS = 20
"""Other prompts against which a piece is measured to know what chance reaches."""
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

        Raises ConfigError for an instrument or a tempo word that is unknown and for a label of the
        wrong type, ScoreError for an unknown key.
        """
        bpm = _typed(labels, "tempo", (int, float), "a number")
        word = _typed(labels, "tempo_word", str, "text")
        bins = () if bpm is None else (bisect_right(TEMPO_EDGES, bpm),)
        key = _typed(labels, "key", str, "text")
        return cls(
            bpm=bpm,
            tempo_bins=bins or (() if word is None else _bins_of(word)),
            key=None if key is None else parse_key(key),
            time_signature=_typed(labels, "time_signature", str, "text") or "",
            instruments=tuple(map(_programs, _typed(labels, "instruments", list, "a list") or ())),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What a piece has of all that can be asked for."""

    bpm: float
    key: Key | None
    time_signature: str
    instruments: tuple[int, ...]
    """All programs that sound, as `sounding` orders them."""

    @classmethod
    def of(cls, score: Score) -> Heard:
        return cls(
            bpm=first_bpm(score),
            key=estimate_key(score),
            time_signature=_first_time_signature(score),
            instruments=sounding(score),
        )


def align(piece: Score | Heard, wanted: Wanted) -> dict[str, float]:
    """Each measure that the labels allow, 0 to 1, by its name in MEASURES."""
    heard = piece if isinstance(piece, Heard) else Heard.of(piece)
    found: dict[str, float] = {}
    if wanted.tempo_bins:
        here = bisect_right(TEMPO_EDGES, heard.bpm)
        found["TB"] = here in wanted.tempo_bins
        found["TBT"] = min(abs(here - there) for there in wanted.tempo_bins) <= 1
    if wanted.bpm is not None:
        found["exact tempo"] = abs(heard.bpm - wanted.bpm) <= 0.5
    if wanted.key is not None:
        found["CK"] = heard.key == wanted.key
        found["CKD"] = heard.key in (wanted.key, wanted.key.relative)
    if wanted.time_signature:
        found["CTS"] = heard.time_signature == wanted.time_signature
    if wanted.instruments:
        most = max(MAX_INSTRUMENTS, len(wanted.instruments))
        found |= _instrument_measures(heard.instruments[:most], wanted.instruments)
    return {name: float(value) for name, value in found.items()}


def nothing_met(wanted: Wanted) -> dict[str, float]:
    """The measures of a file in which there is no music: 0 in each that the labels allow."""
    return dict.fromkeys(align(Score(1, ()), wanted), 0.0)


def sounding(score: Score) -> tuple[int, ...]:
    """The programs that sound, the longest first, drums as 128."""
    ticks: Counter[int] = Counter()
    for track in score.tracks:
        program = track.instrument
        ticks[program] += int(track.notes["duration_ticks"].sum())
    return tuple(program for program, length in ticks.most_common() if length)


def mean_alignment(
    found: Sequence[Mapping[str, float]], prompts: Sequence[Hashable] | None = None
) -> dict[str, tuple[Mean, int]]:
    """Mean of each measure over the pieces that have it, and their number; MEASURES' order.

    prompts: which prompt each piece is of; pieces of one prompt are not independent.
    """
    owners = range(len(found)) if prompts is None else prompts
    means = {}
    for name in MEASURES:
        rows = [
            (piece[name], own) for piece, own in zip(found, owners, strict=True) if name in piece
        ]
        if rows:
            values, groups = zip(*rows, strict=True)
            means[name] = (Mean.of(values, groups), len(values))
    return means


def shuffled_alignment(
    heard: Sequence[Heard | None], wanted: Sequence[Wanted]
) -> dict[str, tuple[Mean, int]]:
    """Every piece against the labels of other prompts: what chance and habit reach.

    Against all of them, or MAX_OTHERS spread evenly where there are more.
    heard, wanted: of the same pieces, in the same order, None for a file without music; pieces of
    one prompt are not compared.
    """
    found, owners = [], []
    distinct = list(dict.fromkeys(wanted))
    place = {one: i for i, one in enumerate(distinct)}
    count = min(MAX_OTHERS, len(distinct) - 1)
    for piece, own in zip(heard, wanted, strict=True):
        steps = (1 + k * (len(distinct) - 1) // count for k in range(count))
        others = [distinct[(place[own] + step) % len(distinct)] for step in steps]
        found += [nothing_met(w) if piece is None else align(piece, w) for w in others]
        owners += [own] * len(others)
    return mean_alignment(found, owners)


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


def _typed(labels: Mapping[str, Any], name: str, kind: Any, meaning: str) -> Any:
    value = labels.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise ConfigError(f"the label {name} is to be {meaning}, got {value!r}")
    return value


def _bins_of(word: str) -> tuple[int, ...]:
    bins = [i for words in (TEMPO_WORDS, TEMPO_MARKINGS) for i, w in enumerate(words) if w == word]
    if not bins:
        known = sorted({*TEMPO_WORDS, *TEMPO_MARKINGS})
        raise ConfigError(f"tempo word {word!r} is unknown; choose one of {known}")
    return tuple(bins)


def _programs(name: str) -> tuple[int, ...]:
    if not isinstance(name, str) or name.lower() not in INSTRUMENT_GROUPS:
        raise ConfigError(f"instrument {name!r} is unknown; write it as in 'acoustic guitar'")
    return INSTRUMENT_GROUPS[name.lower()]


def _first_time_signature(score: Score) -> str:
    first = min(score.time_signatures, default=None, key=lambda t: t.onset_ticks)
    return "4/4" if first is None else str(first)
