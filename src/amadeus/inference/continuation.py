"""Appends new bars to a score."""

from __future__ import annotations

from dataclasses import replace
from math import lcm
from typing import TypeVar

import numpy as np

from amadeus.errors import ConfigError
from amadeus.inference.splice import add_notes
from amadeus.music.grid import (
    GRID,
    MOST_TICKS_PER_QUARTER,
    clip_bars,
    metres_of,
    quantize,
    rescale,
    snap,
)
from amadeus.music.score import Chord, Score, Tempo, TimeSignature, Track
from amadeus.tokens import decode
from amadeus.tokens.rows import bar_onsets

Event = TypeVar("Event", Tempo, TimeSignature, Chord)


def before_bar(score: Score, bar: int | None) -> Score:
    """The score without the notes from a bar on, counted from 1; the score itself for None.

    Notes that sound into that bar end with the bar before. Raises ConfigError for a bar that
    cannot be continued from.
    """
    if bar is None:
        return score
    bars = clip_bars(score)
    if not 2 <= bar <= len(bars) + 1:
        raise ConfigError(
            f"cannot continue from bar {bar}; the piece has {len(bars)} bars, so choose a bar from "
            f"2 to {len(bars) + 1}"
        )
    if bar > len(bars):
        return score
    end = int(bars.onset_ticks[bar - 1])
    # As tokens see it: a note just before the bar line belongs to the bar after it.
    grid = snap(end, score.ticks_per_quarter)
    tracks = []
    for track in score.tracks:
        notes = track.notes
        notes = notes[snap(notes["onset_ticks"], score.ticks_per_quarter) < grid]
        length = np.minimum(notes["duration_ticks"], end - notes["onset_ticks"])
        notes = notes.copy()
        notes["duration_ticks"] = np.maximum(1, length)
        tracks.append(replace(track, notes=notes))
    if not any(len(track.notes) for track in tracks):
        raise ConfigError(f"no note begins before bar {bar}; continue from a later one")
    return replace(score, tracks=tuple(tracks), length_ticks=end)


def append_bars(score: Score, prompt: np.ndarray, tokens: np.ndarray) -> Score:
    """The score, and after it the bars that `tokens` has beyond `prompt`.

    prompt: [N, A] tokens of the score without END; tokens: [M, A], these and what follows them.
    A score that was read from a file keeps its ticks, and new notes move to the nearest one. In
    others, ticks become shorter where a grid step is no whole number of them, so no note moves in
    time; only a score of a very odd resolution is quantised instead. Controllers, words, key
    signatures and markers stay as they are.
    """
    join = int(bar_onsets(prompt)[-1])  # in grid steps
    old = score if score.source is not None else _on_grid(score)
    composed = quantize(decode(tokens), old.ticks_per_quarter)
    join = snap(join, GRID, old.ticks_per_quarter)
    # A metre without a token is written as another one, which goes on after the join.
    metre = _in_force(composed.time_signatures, join)
    if str(metre) == str(_in_force(metres_of(old), join - 1)):
        metres = composed.time_signatures
    else:
        metres = (replace(metre, onset_ticks=join), *_from(composed.time_signatures, join + 1))
    return replace(
        old,
        tracks=_joined_tracks(old, composed, join),
        tempos=(*_before(old.tempos, join), *_from(composed.tempos, join)),
        time_signatures=(*_before(old.time_signatures, join), *_from(metres, join)),
        chords=(*_before(old.chords, join), *_from(composed.chords, join)) if old.chords else (),
    )


def _on_grid(score: Score) -> Score:
    """The score in ticks of which a grid step is a whole number."""
    ticks = lcm(score.ticks_per_quarter, GRID)
    return rescale(score, ticks) if ticks <= MOST_TICKS_PER_QUARTER else quantize(score)


def _joined_tracks(old: Score, composed: Score, join: int) -> tuple[Track, ...]:
    """The old tracks, and the notes that begin from the join on."""
    new = [replace(t, notes=t.notes[t.notes["onset_ticks"] >= join]) for t in composed.tracks]
    return tuple(add_notes(list(old.tracks), [track for track in new if len(track.notes)]))


def _before(events: tuple[Event, ...], tick: int) -> tuple[Event, ...]:
    return tuple(e for e in events if e.onset_ticks < tick)


def _from(events: tuple[Event, ...], tick: int) -> tuple[Event, ...]:
    return tuple(e for e in events if e.onset_ticks >= tick)


def _in_force(metres: tuple[TimeSignature, ...], tick: int) -> TimeSignature:
    return [m for m in metres if m.onset_ticks <= tick][-1]
