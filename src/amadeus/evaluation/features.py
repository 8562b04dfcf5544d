"""Features of an opening that a classifier may use to tell composed music from real music."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from amadeus.evaluation.metrics import METRICS
from amadeus.inference.typicality import typicality
from amadeus.music.chords import chord_name, estimate_chords
from amadeus.music.score import Score
from amadeus.profile.measure import measure_profile
from amadeus.profile.profile import MEASURES
from amadeus.tokens import encode
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index, bar_onsets, count_bars
from amadeus.tokens.vocabulary import Attribute

_NOT_MUSIC = ("metre",)
"""Features of typicality that follow from what was asked for."""


def measure_features(
    openings: Sequence[Score], metrics: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Every feature of every opening, float64 [len(openings)] by name, NaN where it has none.

    metrics: the values of `METRICS` for the same openings.
    """
    columns = {name: np.asarray(metrics[name], dtype=np.float64) for name in METRICS}
    measured = [_features(score) for score in openings]
    names = dict.fromkeys(name for one in measured for name in one)
    return columns | {
        name: np.array([one.get(name, np.nan) for one in measured], dtype=np.float64)
        for name in names
    }


def _features(score: Score) -> dict[str, float]:
    score = replace(score, chords=estimate_chords(score))
    rows = encode(score).astype(np.int64)
    sound = v.has_sound(rows[:, Attribute.TYPE])
    notes, bar, bars = rows[sound], bar_index(rows)[sound], count_bars(rows)
    if not len(notes):
        return {}
    profile = measure_profile(rows)
    found = {measure.name.replace("_", " "): getattr(profile, measure.name) for measure in MEASURES}
    found |= {f"typical {k}": x for k, x in typicality().features(rows).items()}
    for name in _NOT_MUSIC:
        found.pop(f"typical {name}", None)
    onset = bar_onsets(rows)[bar] + notes[:, Attribute.BEAT] - 1
    pitched = notes[:, Attribute.INSTRUMENT] != v.DRUMS
    found |= dict(_velocities(notes)) | dict(_parts(notes, bar, bars)) | dict(_loops(notes, bar))
    if pitched.any():
        found |= dict(_durations(notes[pitched], onset[pitched]))
        found |= dict(_melodies(notes[pitched], onset[pitched], bar[pitched]))
        found |= dict(_harmony(score, bars))
    return {name: float(value) for name, value in found.items() if value is not None}


def _velocities(notes: np.ndarray) -> Iterator[tuple[str, float]]:
    velocity = notes[:, Attribute.VELOCITY]
    yield "distinct velocities", len(np.unique(velocity))
    yield "share of the commonest velocity", np.bincount(velocity).max() / len(velocity)
    by_part = _by_part(notes)
    yield "distinct velocities of a part", _mean([len(np.unique(velocity[i])) for i in by_part])
    steps = [np.abs(np.diff(velocity[i])).mean() for i in by_part if len(i) > 1]
    if steps:
        yield "velocity steps within a part", _mean(steps)


def _parts(notes: np.ndarray, bar: np.ndarray, bars: int) -> Iterator[tuple[str, float]]:
    by_part = _by_part(notes)
    counts = np.array([len(i) for i in by_part])
    played = [np.unique(bar[i]) for i in by_part]
    yield "share of the busiest part", counts.max() / counts.sum()
    yield "share of bars a part plays in", _mean([len(p) / bars for p in played])
    yield "bars before the last part enters", max(p[0] for p in played)
    yield "parts that stop early", _mean([bars - 1 - p[-1] > 2 for p in played])
    sounding = np.bincount(np.concatenate(played), minlength=bars)
    yield "parts in a bar", sounding.mean()
    yield "change of parts from bar to bar", np.abs(np.diff(sounding)).mean() if bars > 1 else 0
    per_bar = np.bincount(bar, minlength=bars)
    yield "variation of notes per bar", per_bar.std() / max(1e-6, per_bar.mean())


def _loops(notes: np.ndarray, bar: np.ndarray) -> Iterator[tuple[str, float]]:
    what = notes[:, [Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH]]
    rhythm = notes[:, [Attribute.BEAT, Attribute.INSTRUMENT]]
    for name, columns in (("bars", what), ("rhythms", rhythm)):
        starts = np.flatnonzero(np.diff(bar, prepend=-1))
        contents = [part.tobytes() for part in np.split(columns, starts[1:])]
        runs = [len(list(group)) for _, group in groupby(contents)]
        yield f"longest run of equal {name}", max(runs)
        yield f"share of distinct {name}", len(set(contents)) / len(contents)


def _durations(notes: np.ndarray, onset: np.ndarray) -> Iterator[tuple[str, float]]:
    duration = notes[:, Attribute.DURATION]
    yield "distinct durations", len(np.unique(duration))
    yield "share of the commonest duration", np.bincount(duration).max() / len(duration)
    ratios, variety = [], []
    for i in _by_part(notes):
        times = np.unique(onset[i])
        if len(times) < 2:
            continue
        gap = np.diff(times)
        longest = np.array([duration[i][onset[i] == t].max() for t in times[:-1]])
        ratios.append(np.minimum(longest / gap, 4).mean())
        variety.append(len(np.unique(gap)))
    if ratios:
        yield "duration as a share of the gap", _mean(ratios)
        yield "distinct gaps between onsets", _mean(variety)


def _melodies(notes: np.ndarray, onset: np.ndarray, bar: np.ndarray) -> Iterator[tuple[str, float]]:
    stuck, spans, centres, repeated, turns = [], [], [], [], []
    for i in _by_part(notes):
        pitch, where = notes[i, Attribute.PITCH], bar[i]
        spans.append(np.ptp(pitch))
        centres.append(np.median(pitch))
        only = [set(pitch[where == b]) for b in np.unique(where)]
        single = [next(iter(p)) if len(p) == 1 else None for p in only]
        runs = [len(list(group)) for value, group in groupby(single) if value is not None]
        stuck.append(max(runs, default=0))
        top = np.array([pitch[onset[i] == t].max() for t in np.unique(onset[i])])
        if len(top) > 2:
            steps = np.diff(top)
            repeated.append(np.mean(steps == 0))
            turns.append(np.mean(np.sign(steps[1:]) != np.sign(steps[:-1])))
    yield "bars a part stays on one pitch", max(stuck)
    yield "range of a part", _mean(spans)
    yield "distance between parts", np.ptp(centres)
    if repeated:
        yield "share of repeated notes", _mean(repeated)
        yield "share of turns in a melody", _mean(turns)
    starts = np.unique(onset, return_counts=True)[1]
    yield "onsets with several notes", float(np.mean(starts > 1))


def _harmony(score: Score, bars: int) -> Iterator[tuple[str, float]]:
    chords = [chord_name(chord) for chord in score.chords]
    if not chords:
        return
    onsets = [chord.onset_ticks for chord in score.chords]
    lengths = np.diff([*onsets, max(score.end_ticks, onsets[-1] + 1)])
    per_chord: dict[str, float] = {}
    for name, length in zip(chords, lengths, strict=True):
        per_chord[name] = per_chord.get(name, 0) + float(length)
    yield "distinct chords", len(per_chord)
    yield "share of the commonest chord", max(per_chord.values()) / max(1.0, float(lengths.sum()))
    yield "longest chord in bars", float(lengths.max()) * bars / max(1, score.end_ticks)


def _by_part(notes: np.ndarray) -> list[np.ndarray]:
    """Indices of the notes of every instrument."""
    instrument = notes[:, Attribute.INSTRUMENT]
    return [np.flatnonzero(instrument == value) for value in np.unique(instrument)]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
