"""Rows to a profile: every value that can be measured from the notes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amadeus.music.chords import estimate_chords
from amadeus.music.grid import quantize
from amadeus.music.keys import Key, key_correlations
from amadeus.music.score import Score
from amadeus.profile.profile import MAX_PARTS, Part, Profile
from amadeus.tokens import encode
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index, bar_metres
from amadeus.tokens.vocabulary import Attribute, RowType


def measure_profile(rows: np.ndarray) -> Profile:
    """The profile of a piece or an excerpt, without genre, form, mood and bars left.

    rows: tokens, [N, A], with or without START, RESUME and END. An excerpt that stops within a bar
    is measured without that bar, unless it has no other. Rows without a note give an empty profile.
    """
    rows = _whole_bars(np.asarray(rows, dtype=np.int64))
    types = rows[:, Attribute.TYPE]
    notes = rows[v.has_sound(types)]
    if not len(notes):
        return Profile()
    opens = v.opens_bar(types)
    num_bars = max(1, int(opens.sum()))
    bar = np.maximum(bar_index(rows), 0)[v.has_sound(types)]
    instrument = notes[:, Attribute.INSTRUMENT]
    pitched = notes[instrument != v.DRUMS]
    velocity = v.velocity_of(notes[:, Attribute.VELOCITY])
    parts, num_parts = _parts(instrument)
    timed = pitched if len(pitched) else notes
    harmony = notes[:, Attribute.CHORD]
    return Profile(
        key=_key(pitched),
        bpm=float(v.TEMPOS[notes[0, Attribute.TEMPO] - 1]),
        time_signature=_time_signature(bar_metres(rows)),
        parts=parts,
        num_parts=num_parts,
        notes_per_bar=len(notes) / num_bars,
        chord_size=_chord_size(pitched, bar[instrument != v.DRUMS]),
        register=float(np.median(pitched[:, Attribute.PITCH])) - 1 if len(pitched) else None,
        loudness=float(velocity.mean()),
        velocity_spread=float(velocity.std()),
        duration_variety=_entropy(np.bincount(timed[:, Attribute.DURATION])),
        chord_changes=int(np.count_nonzero(np.diff(harmony))) / num_bars if len(pitched) else None,
        repetition=_repetition(notes, bar),
        from_start=bool(types[0] == RowType.START) if types[0] < v.FIRST_BAR else None,
    )


def profile_of_score(score: Score) -> Profile:
    """The profile of a score, on the grid of the tokens. Raises ScoreError without notes."""
    score = quantize(score)
    return measure_profile(encode(replace(score, chords=score.chords or estimate_chords(score))))


def _whole_bars(rows: np.ndarray) -> np.ndarray:
    """The rows without a last bar that may go on."""
    types = rows[:, Attribute.TYPE]
    opens = np.flatnonzero(v.opens_bar(types))
    ended = len(types) and types[-1] in (RowType.END, RowType.JOIN)
    return rows[: opens[-1]] if len(opens) > 1 and not ended else rows


def _key(pitched: np.ndarray) -> Key | None:
    histogram = np.bincount(
        (pitched[:, Attribute.PITCH] - 1) % 12, weights=pitched[:, Attribute.DURATION], minlength=12
    )
    correlations = key_correlations(histogram)
    if not correlations.any():
        return None
    best = int(correlations.argmax())
    return Key(best % 12, "major" if best < 12 else "minor")


def _time_signature(metres: np.ndarray) -> str | None:
    if not len(metres):
        return None
    ticks = np.bincount(metres, weights=v.METRE_TICKS[metres])
    return "{}/{}".format(*v.METRES[int(ticks.argmax())])


def _parts(instrument: np.ndarray) -> tuple[tuple[Part, ...], int]:
    counts = np.bincount(instrument)
    playing = np.flatnonzero(counts)
    most = sorted(playing.tolist(), key=lambda value: -counts[value])[:MAX_PARTS]
    total = counts.sum()
    return tuple(Part(value, float(counts[value] / total)) for value in most), len(playing)


def _chord_size(pitched: np.ndarray, bar: np.ndarray) -> float | None:
    if not len(pitched):
        return None
    place = (bar * (1 + v.MAX_BAR_TICKS) + pitched[:, Attribute.BEAT]) * (1 + v.DRUMS)
    return len(pitched) / len(np.unique(place + pitched[:, Attribute.INSTRUMENT]))


def _repetition(notes: np.ndarray, bar: np.ndarray) -> float:
    """Bars count as equal where onsets, instruments and pitches are."""
    what = notes[:, [Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH]]
    starts = np.flatnonzero(np.diff(bar, prepend=-1))
    contents = [part.tobytes() for part in np.split(what, starts[1:])]
    return 1 - len(set(contents)) / len(contents)


def _entropy(counts: np.ndarray) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0
