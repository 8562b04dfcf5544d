"""Hearing: does a score satisfy a constraint? Measured independently of what enforced it.

Every function takes the score and the constraint. It returns measures by name, the most important
first: shares from 0 to 1 (NaN if undefined), or pairs of requested and obtained values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from amadeus.control import (
    Chords,
    Density,
    Durations,
    Ending,
    ExactTempo,
    InScale,
    Length,
    Metre,
    PitchRange,
    Playing,
    Velocities,
)
from amadeus.evaluation.alignment import Wanted, align
from amadeus.music.chords import INTERVALS, estimate_chords, parse_chord
from amadeus.music.grid import bars_of, metres_of, quantize
from amadeus.music.instrument_words import INSTRUMENT_GROUPS
from amadeus.music.keys import parse_key
from amadeus.music.scales import parse_scale
from amadeus.music.score import NOTE_DTYPE, Score

Measures = dict[str, float]
Pairs = list[tuple[float, float]]
"""Requested and obtained values."""


def tempo(score: Score, wanted: ExactTempo) -> Measures:
    return {"every tempo is this": float(np.all(_bpm_by_bar(score) == wanted.bpm))}


def tempo_pairs(score: Score, wanted: ExactTempo) -> Pairs:
    return [(wanted.bpm, float(_bpm_by_bar(score)[0]))]


def tempo_curve(score: Score, wanted: ExactTempo) -> Measures:
    bpm = _bpm_by_bar(score)
    line = np.linspace(wanted.bpm, wanted.to or wanted.bpm, len(bpm))
    return {"bars at exactly this tempo": float(np.isclose(bpm, line, rtol=0, atol=1e-6).mean())}


def key(score: Score, wanted: InScale) -> Measures:
    alignment = align(score, Wanted(key=parse_key(wanted.scale_name)))
    has_pitches = len(score.pitched_notes) > 0
    return {
        "key heard": alignment["CK"],
        "key or its relative heard": alignment["CKD"],
        "key heard, drums alone left out": alignment["CK"] if has_pitches else np.nan,
        **scale(score, wanted),
    }


def scale(score: Score, wanted: InScale) -> Measures:
    heard = score.pitched_notes["pitch"] % 12
    return {
        "notes of the scale": _mean(np.isin(heard, parse_scale(wanted.scale_name).pitch_classes))
    }


def metre(score: Score, wanted: Metre) -> Measures:
    signatures = {str(signature) for signature in metres_of(score)}
    return {"no other time signature": float(signatures == {wanted.time_signature})}


def instruments(score: Score, wanted: Playing) -> Measures:
    """The rarest instrument's share of the notes is relative to an equal share."""
    groups = [INSTRUMENT_GROUPS[name] for name in wanted.instruments]
    counts = [sum(_notes_of(score, program) for program in group) for group in groups]
    alignment = align(score, Wanted(instruments=tuple(groups)))
    rarest = min(counts) * len(counts) / score.num_notes if score.num_notes else np.nan
    measures = {"these play, no other": alignment["CI exact"]}
    return measures | ({"share of the rarest, of an equal one": rarest} if len(groups) > 1 else {})


def pitch(score: Score, wanted: PitchRange) -> Measures:
    heard = score.pitched_notes["pitch"]
    low, high = int(wanted.low), int(wanted.high)
    span = np.ptp(heard) / (high - low) if len(heard) else np.nan
    return {
        "pitched notes in the range": _mean((heard >= low) & (heard <= high)),
        "semitones used, of the range": float(span),
    }


def velocity(score: Score, wanted: Velocities) -> Measures:
    loudness = _notes(score)["velocity"]
    return {"notes in the range": _mean((loudness >= wanted.low) & (loudness <= wanted.high))}


def velocity_curve(score: Score, wanted: Velocities) -> Measures:
    notes, bar, num_bars = _notes_by_bar(score)
    last_low, last_high = wanted.to or (wanted.low, wanted.high)
    low = np.linspace(wanted.low, last_low, num_bars)[bar]
    high = np.linspace(wanted.high, last_high, num_bars)[bar]
    inside = (notes["velocity"] >= low) & (notes["velocity"] <= high)
    return {"notes in the moving range": _mean(inside)}


def velocity_pairs(score: Score, wanted: Velocities) -> Pairs:
    """The middle of the range and the mean velocity, for every bar with notes."""
    notes, bar, num_bars = _notes_by_bar(score)
    last = wanted.to or (wanted.low, wanted.high)
    middle = np.linspace(wanted.low + wanted.high, sum(last), num_bars) / 2
    sounding = np.unique(bar).tolist()
    return [(float(middle[b]), float(notes["velocity"][bar == b].mean())) for b in sounding]


def durations(score: Score, wanted: Durations) -> Measures:
    ticks = _notes(quantize(score))["duration_ticks"]
    return {"notes of these lengths": _mean(np.isin(ticks, [_steps(v) for v in wanted.values]))}


def chords(score: Score, wanted: Chords) -> Measures:
    """The chord of a bar is the estimated chord that lasts longest in it."""
    names = wanted.progression.split()
    heard = _chord_by_bar(score)
    asked = [parse_chord(names[bar % len(names)]) for bar in range(len(heard))]
    same = [one == other for one, other in zip(heard, asked, strict=True)]
    roots = [one[0] == other[0] for one, other in zip(heard, asked, strict=True)]
    return {
        "bars in which the chord is heard": _mean(np.array(same)),
        "bars in which its root is heard": _mean(np.array(roots)),
        "time of notes on tones of the chord": _on_chord(score, asked),
    }


def density(score: Score, wanted: Density) -> Measures:
    ((requested, obtained),) = density_pairs(score, wanted)
    return {"notes a bar within a quarter": float(abs(obtained - requested) <= requested / 4)}


def density_pairs(score: Score, wanted: Density) -> Pairs:
    return [(float(wanted.notes or 0), score.num_notes / len(bars_of(score)))]


def length(score: Score, wanted: Length) -> Measures:
    return {"so many bars": float(len(bars_of(score)) == wanted.num_bars)}


def ending(score: Score, wanted: Ending) -> Measures:
    asked, heard = parse_chord(wanted.chord), _chord_by_bar(score)
    unknown: list[Any] = [None] * (len(heard) - 1)
    return {
        "chord heard in the last bar": float(heard[-1] == asked),
        "its root heard there": float(heard[-1][0] == asked[0]),
        "time of notes on its tones there": _on_chord(score, [*unknown, asked]),
    }


def _bpm_by_bar(score: Score) -> np.ndarray:
    """The tempo at the start of every bar, [bars]."""
    tempos = sorted(score.tempos)
    onsets = np.array([t.onset_ticks for t in tempos])
    place = np.searchsorted(onsets, bars_of(score).onset_ticks, side="right") - 1
    return np.array([t.bpm for t in tempos])[place]


def _notes(score: Score) -> np.ndarray:
    return np.concatenate([np.zeros(0, NOTE_DTYPE), *[t.notes for t in score.tracks]])


def _notes_by_bar(score: Score) -> tuple[np.ndarray, np.ndarray, int]:
    """All notes [N], the index of each one's bar [N], and the number of bars."""
    notes, bars = _notes(score), bars_of(score)
    return notes, bars.index_at(notes["onset_ticks"]), len(bars)


def _notes_of(score: Score, program: int) -> int:
    playing = (t for t in score.tracks if t.instrument == program)
    return sum(len(track.notes) for track in playing)


def _steps(note_value: str) -> float:
    """A note value such as "1/4", "1/4." or "1/8t" in twelfths of a quarter note."""
    dotted, triplet = note_value.endswith("."), note_value.endswith("t")
    numerator, denominator = note_value.rstrip(".t").split("/")
    steps = 48 * int(numerator) / int(denominator)
    return steps * (1.5 if dotted else 2 / 3 if triplet else 1)


def _chord_by_bar(score: Score) -> list[tuple[int | None, str]]:
    """Root and quality of the estimated chord that lasts longest in each bar."""
    bars, chords = bars_of(score), estimate_chords(score)
    starts = np.array([chord.onset_ticks for chord in chords])
    ends = np.append(starts[1:], np.iinfo(np.int64).max)
    heard = []
    for onset, ticks in zip(bars.onset_ticks, bars.length_ticks, strict=True):
        inside = np.minimum(ends, onset + ticks) - np.maximum(starts, onset)
        chord = chords[int(inside.argmax())]
        heard.append((chord.root, chord.quality))
    return heard


def _on_chord(score: Score, asked: list[Any]) -> float:
    """Of the duration of pitched notes in bars with a chord, the share on chord tones."""
    notes, bars = score.pitched_notes, bars_of(score)
    bar = bars.index_at(notes["onset_ticks"])
    tones = np.zeros((len(asked), 12), dtype=bool)  # [bars, pitch classes]
    for place, chord in enumerate(asked):
        if chord is not None:
            tones[place, [(chord[0] + step) % 12 for step in INTERVALS[chord[1]]]] = True
    covered = np.isin(bar, [place for place, chord in enumerate(asked) if chord is not None])
    on_tone, ticks = tones[bar, notes["pitch"] % 12][covered], notes["duration_ticks"][covered]
    return float(np.average(on_tone, weights=ticks)) if len(ticks) else np.nan


def _mean(holds: np.ndarray) -> float:
    return float(holds.mean()) if len(holds) else np.nan
