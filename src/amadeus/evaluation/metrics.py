"""What can be measured of a piece: pure functions of a `Score`.

Shares, means and entropies of nothing are nan. Those that MusPy has too are defined as there (Dong
et al., "MusPy: A Toolkit for Symbolic Music Generation", ISMIR 2020), but a piece ends with its
last note: MusPy goes on to the last pedal event. Time is measured in the score's own ticks:
quantise scores to one grid before comparing them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from amadeus.music.form import bar_likeness
from amadeus.music.grid import GRID, bars_of, quantize
from amadeus.music.keys import Key
from amadeus.music.score import NOTE_DTYPE, Score

SCALES = np.array(
    [
        [pitch_class in Key(tonic, mode).scale for pitch_class in range(12)]
        for mode in ("major", "minor")
        for tonic in range(12)
    ],
    dtype=np.float64,
)
"""Which pitch classes each major and natural minor scale holds, [24, 12]."""
VELOCITIES_PER_BIN = 4
"""Velocities that count as one in their entropy; smaller steps cannot be heard."""


def scale_consistency(score: Score) -> float:
    """Share of notes in the scale that holds most of them: max_s #(notes in s) / #(notes).

    s runs over 12 major and 12 natural minor scales; drums are left out. Between 7/12 and 1.
    Source: Mogren, "C-RNN-GAN", 2016.
    """
    counts = np.bincount(_pitches(score) % 12, minlength=12)
    return _ratio((SCALES @ counts).max(), counts.sum())


def pitch_entropy(score: Score) -> float:
    """Entropy of the pitches of notes in bits: -sum_i p_i log2 p_i over 128 pitches, no drums."""
    return _entropy(np.bincount(_pitches(score), minlength=128))


def pitch_class_entropy(score: Score) -> float:
    """Entropy of the pitch classes of notes in bits, at most log2 12; drums are left out.

    Source: Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR 2020.
    """
    return _entropy(np.bincount(_pitches(score) % 12, minlength=12))


def distinct_pitches(score: Score) -> float:
    """Number of different pitches, drums left out."""
    return float(len(np.unique(_pitches(score))))


def pitch_range(score: Score) -> float:
    """Semitones from the lowest to the highest pitch, drums left out.

    Drums alone have none; MusPy says -127 of them.
    """
    pitches = _pitches(score)
    return float(np.ptp(pitches)) if len(pitches) else np.nan


def polyphony(score: Score) -> float:
    """Mean number of pitches that sound at once, over the time in which any does; drums left out.

    sum_p (time in which pitch p sounds) / (time in which any pitch sounds): a pitch that two
    instruments hold at once is one pitch.
    """
    notes = _notes(score, drums=False)
    onsets = notes["onset_ticks"]
    ends = onsets + notes["duration_ticks"]
    # One pitch after another on one long axis of time, where different pitches never overlap.
    shift = notes["pitch"].astype(np.int64) * score.end_ticks
    return _ratio(_covered(onsets + shift, ends + shift), _covered(onsets, ends))


def empty_beat_rate(score: Score) -> float:
    """Share of quarter notes in which nothing sounds, drums included.

    #(empty beats) / #(beats), beats counted up to the one in which the last note ends. A note that
    ends on a beat still counts for the beat that begins there, as in MusPy and Pypianoroll.
    """
    notes = _notes(score)
    if not len(notes):
        return np.nan
    first = notes["onset_ticks"] // score.ticks_per_quarter
    last = (notes["onset_ticks"] + notes["duration_ticks"]) // score.ticks_per_quarter
    beats = int(last.max()) + 1
    sounding = np.cumsum(
        np.bincount(first, minlength=beats + 1) - np.bincount(last + 1, minlength=beats + 1)
    )[:beats]
    return float(np.mean(sounding == 0))


def groove_consistency(score: Score, positions_per_quarter: int = GRID) -> float:
    """How alike the rhythms of neighbouring bars are: 1 - mean_i d(G_i, G_i+1) / L, at most 1.

    G_i is the set of the positions in bar i at which notes begin, drums included, d the Hamming
    distance and L the number of positions in a bar. Bars are counted up to the one in which the
    last note ends; only neighbours of one length are compared.

    positions_per_quarter: grid that notes are moved to. Most positions of a fine grid are empty in
    every bar, which the distance takes for likeness: compare values of one grid only.

    Source: Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR 2020.
    """
    score = quantize(score, positions_per_quarter)
    bars = bars_of(score, score.end_ticks + 1)
    onsets = np.unique(_notes(score)["onset_ticks"])
    if not len(onsets):
        return np.nan
    bar = bars.index_at(onsets)
    stride = int(bars.length_ticks.max())
    places = bar * stride + onsets - bars.onset_ticks[bar]
    count = np.bincount(bar, minlength=len(bars))
    shared = np.bincount(bar[np.isin(places + stride, places)], minlength=len(bars))
    distance = count[:-1] + count[1:] - 2 * shared[:-1]
    length = bars.length_ticks
    alike = (1 - distance / length[:-1])[length[:-1] == length[1:]]
    return _mean(alike)


def note_density(score: Score) -> float:
    """Notes a second, all instruments together, drums included."""
    return _ratio(score.num_notes, score.seconds)


def velocity_mean(score: Score) -> float:
    """Mean MIDI velocity of all notes, drums included."""
    return _mean(_notes(score)["velocity"])


def velocity_spread(score: Score) -> float:
    """Standard deviation of the MIDI velocities of all notes, drums included."""
    return _spread(_notes(score)["velocity"])


def velocity_entropy(score: Score) -> float:
    """Entropy in bits of the velocities of all notes in 32 bins of 4, drums included."""
    return _entropy(np.bincount(_notes(score)["velocity"] // VELOCITIES_PER_BIN))


def duration_mean(score: Score) -> float:
    """Mean length of a note in quarter notes, drums left out."""
    return _mean(score.pitched_notes["duration_ticks"] / score.ticks_per_quarter)


def duration_spread(score: Score) -> float:
    """Standard deviation of the lengths of notes in quarter notes, drums left out."""
    return _spread(score.pitched_notes["duration_ticks"] / score.ticks_per_quarter)


def duration_entropy(score: Score) -> float:
    """Entropy in bits of the lengths of notes in ticks, drums left out.

    A finer grid tells more lengths apart: compare values of one grid only.
    """
    return _entropy(np.unique(score.pitched_notes["duration_ticks"], return_counts=True)[1])


def bar_similarity(score: Score) -> float:
    """How alike the bars of a piece are: mean of s(i, j) over all pairs i < j, 0 to 1.

    s is the self-similarity matrix of `music.form.bar_likeness`, cosines of which pitch classes
    begin where in a bar; drums alone and pieces of more than its MAX_BARS bars have none.
    Source: Foote, "Visualizing Music and Audio Using Self-Similarity", ACM Multimedia 1999.
    """
    likeness = bar_likeness(score)
    return _mean(likeness[np.triu_indices(len(likeness), 1)])


def repetition(score: Score) -> float:
    """How much of a piece has been heard before: mean over bars j > 0 of max_{i < j} s(i, j).

    s as in `bar_similarity`. A loop has 1; music in which nothing returns is near 0. It stands
    for the structureness of Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR 2020,
    which looks for the clearest repeat in a self-similarity matrix too, but of sound.
    """
    likeness = bar_likeness(score)
    return _mean(np.array([likeness[j, :j].max() for j in range(1, len(likeness))]))


def num_instruments(score: Score) -> float:
    """Number of different programs that play, and one more where there are drums."""
    playing = [t for t in score.tracks if len(t.notes)]
    return float(len({"drums" if t.is_drum else t.program for t in playing}))


METRICS: dict[str, Callable[[Score], float]] = {
    "scale consistency": scale_consistency,
    "pitch entropy": pitch_entropy,
    "pitch-class entropy": pitch_class_entropy,
    "distinct pitches": distinct_pitches,
    "pitch range": pitch_range,
    "polyphony": polyphony,
    "empty-beat rate": empty_beat_rate,
    "groove consistency": groove_consistency,
    "note density": note_density,
    "velocity mean": velocity_mean,
    "velocity spread": velocity_spread,
    "velocity entropy": velocity_entropy,
    "duration mean": duration_mean,
    "duration spread": duration_spread,
    "duration entropy": duration_entropy,
    "bar similarity": bar_similarity,
    "repetition": repetition,
    "instruments": num_instruments,
}
"""Every metric by the name that reports give it."""
UNITS = {
    "pitch entropy": "bits",
    "pitch-class entropy": "bits",
    "pitch range": "semitones",
    "polyphony": "pitches at once",
    "note density": "notes a second",
    "velocity mean": "MIDI velocity",
    "velocity spread": "MIDI velocity",
    "velocity entropy": "bits",
    "duration mean": "quarters",
    "duration spread": "quarters",
    "duration entropy": "bits",
}
"""Units of those that have one; the others are numbers of things, or shares from 0 to 1."""


def with_unit(name: str) -> str:
    """A metric as a table or a picture names it: "pitch entropy, bits"."""
    return f"{name}, {UNITS[name]}" if name in UNITS else name


def _notes(score: Score, drums: bool = True) -> np.ndarray:
    """The notes of all tracks, one track after another. NOTE_DTYPE, [N]."""
    notes = [t.notes for t in score.tracks if drums or not t.is_drum]
    return np.concatenate([np.zeros(0, NOTE_DTYPE), *notes])


def _pitches(score: Score) -> np.ndarray:
    """The pitch of every note but the drums', int64 [N]."""
    return _notes(score, drums=False)["pitch"].astype(np.int64)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else np.nan


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _spread(values: np.ndarray) -> float:
    return float(values.std()) if len(values) else np.nan


def _entropy(counts: np.ndarray) -> float:
    """Shannon entropy in bits of a histogram."""
    if not counts.any():
        return np.nan
    share = counts[counts > 0] / counts.sum()
    return float(np.abs(np.sum(share * np.log2(share))))


def _covered(onsets: np.ndarray, ends: np.ndarray) -> int:
    """Length of the union of the intervals [onset, end), in ticks."""
    order = np.argsort(onsets)
    ends = np.maximum.accumulate(ends[order])
    free_from = np.concatenate([[0], ends[:-1]])
    return int(np.maximum(0, ends - np.maximum(onsets[order], free_from)).sum())
