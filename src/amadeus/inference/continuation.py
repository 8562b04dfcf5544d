"""Appends new bars to a score."""

from __future__ import annotations

from dataclasses import replace
from math import lcm
from typing import TypeVar

import numpy as np

from amadeus.inference.splice import add_notes
from amadeus.music.grid import GRID, MOST_TICKS_PER_QUARTER, metres_of, quantize, rescale
from amadeus.music.score import Chord, Score, Tempo, TimeSignature, Track
from amadeus.tokens import decode
from amadeus.tokens.rows import bar_onsets

Event = TypeVar("Event", Tempo, TimeSignature, Chord)


def append_bars(score: Score, prompt: np.ndarray, tokens: np.ndarray) -> Score:
    """The score, and after it the bars that `tokens` has beyond `prompt`.

    prompt: [N, A] tokens of the score without END; tokens: [M, A], these and what follows them. If
    grid steps are not whole ticks, the resolution is raised, so no note moves in time; only scores
    with a very odd resolution are quantised instead. Controllers, lyrics, key signatures and
    markers do not change.
    """
    join = int(bar_onsets(prompt)[-1])  # in grid steps
    ticks = lcm(score.ticks_per_quarter, GRID)
    if ticks > MOST_TICKS_PER_QUARTER:
        score = quantize(score)
        ticks = GRID
    old = rescale(score, ticks)
    composed = rescale(decode(tokens), ticks)
    join *= ticks // GRID
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
