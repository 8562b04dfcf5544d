"""Puts a composed passage into its score and leaves the rest as it is."""

from __future__ import annotations

from dataclasses import replace
from math import lcm
from typing import TypeVar

import numpy as np

from amadeus.control.selection import Selection
from amadeus.music.grid import GRID, MOST_TICKS_PER_QUARTER, rescale, snap
from amadeus.music.overlaps import Span, fit_in
from amadeus.music.score import Chord, Score, Tempo, Track, sort_notes
from amadeus.tokens import decode
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_onsets
from amadeus.tokens.tokenizer import rows_of_notes
from amadeus.tokens.vocabulary import DRUMS, FIRST_DRUM_PITCH, Attribute, instrument_value

Event = TypeVar("Event", bound=Tempo | Chord)


def splice(score: Score, selection: Selection, rows: np.ndarray) -> Score:
    """The score with the passage as composed, `rows` int64 [K, A].

    A score that was read from a file keeps its ticks, and new notes move to the nearest one. In
    others, ticks become shorter where new notes need it, so nothing moves in time.
    """
    writes = selection.edit.writes
    needs_ticks = writes or selection.edit.drawn & {Attribute.BEAT, Attribute.DURATION}
    if score.source is None and needs_ticks:
        ticks = lcm(score.ticks_per_quarter, GRID)
        score = rescale(score, ticks) if ticks <= MOST_TICKS_PER_QUARTER else score
    return (_replace_notes if writes else _change_notes)(score, selection, rows)


def _replace_notes(score: Score, selection: Selection, rows: np.ndarray) -> Score:
    """The score without the notes that go, and with the new ones among the rows [K, A]."""
    begin = int(bar_onsets(selection.tokens)[selection.first_bar])
    tracks = _without(score, selection)
    composed = decode(rows)
    new = [t for t in composed.tracks if instrument_value(t.instrument) not in selection.staying]
    ticks = score.ticks_per_quarter
    tracks = add_notes(tracks, [replace(t, notes=_moved(t.notes, begin, ticks)) for t in new])
    score = replace(score, tracks=tuple(t for t in tracks if len(t.notes)))
    return _with_chords(score, selection, rows) if selection.frees_harmony else score


def _change_notes(score: Score, selection: Selection, rows: np.ndarray) -> Score:
    """The score with the open attributes of its notes as in the rows [K, A], row for row."""
    tracks = []
    for track, places in zip(score.tracks, rows_of_notes(score, selection.tokens), strict=True):
        inside = (places >= selection.begin) & (places < selection.end)
        notes, row = track.notes.copy(), places[inside] - selection.begin
        notes[inside] = _changed(notes[inside], selection, rows, row, score.ticks_per_quarter)
        tracks.append(replace(track, notes=sort_notes(notes)))
    score = replace(score, tracks=tuple(tracks))
    if Attribute.TEMPO in selection.edit.drawn:
        score = _with_tempos(score, selection, rows)
    return (
        _with_chords(score, selection, rows) if Attribute.CHORD in selection.edit.drawn else score
    )


def _changed(
    notes: np.ndarray, selection: Selection, rows: np.ndarray, row: np.ndarray, ticks: int
) -> np.ndarray:
    """Notes [N] with the values of their rows [N] that have changed."""
    notes = notes.copy()
    old, new = selection.rows[row], rows[row]
    differs = selection.is_open[row] & (old != new)
    first = np.where(old[:, Attribute.INSTRUMENT] == DRUMS, FIRST_DRUM_PITCH, 1)
    beats = snap((new - old)[:, Attribute.BEAT], GRID, ticks)
    durations = np.maximum(1, snap(new[:, Attribute.DURATION], GRID, ticks))
    values = {
        Attribute.BEAT: ("onset_ticks", notes["onset_ticks"] + beats),
        Attribute.PITCH: ("pitch", new[:, Attribute.PITCH] - first),
        Attribute.DURATION: ("duration_ticks", durations),
        Attribute.VELOCITY: ("velocity", v.velocity_of(new[:, Attribute.VELOCITY])),
    }
    for attribute, (column, value) in values.items():
        notes[column] = np.where(differs[:, attribute], value, notes[column])
    return notes


def change_instruments(score: Score, selection: Selection, players: dict[int, int]) -> Score:
    """The score with the open notes of each instrument, as a value, given to another.

    A track whose notes all change keeps its place and name; otherwise, the notes get a new track.
    """
    is_open = np.zeros(len(selection.tokens), dtype=bool)
    is_open[selection.begin : selection.end] = selection.is_open[:, Attribute.INSTRUMENT]
    tracks: list[Track] = []
    for track, places in zip(score.tracks, rows_of_notes(score, selection.tokens), strict=True):
        player = players.get(instrument_value(track.instrument))
        goes = is_open[places] if player is not None else np.zeros(len(places), dtype=bool)
        if not goes.all():
            tracks.append(replace(track, notes=track.notes[~goes]))
        if goes.any() and player is not None:
            tracks.append(replace(track, notes=track.notes[goes], program=player - 1))
    return replace(score, tracks=tuple(tracks))


def add_notes(tracks: list[Track], new: list[Track]) -> list[Track]:
    """The tracks with new notes, each on the first track of its instrument, or on a new one.

    New notes are shortened where another one of their pitch begins.
    """
    tracks = list(tracks)
    for track in new:
        places = [i for i, t in enumerate(tracks) if t.instrument == track.instrument]
        if places:
            home = tracks[places[0]]
            fitting = _fitted(track.notes, home.notes)
            merged = sort_notes(np.concatenate([home.notes, fitting]))
            tracks[places[0]] = replace(home, notes=merged)
        else:
            tracks.append(track)
    return tracks


def _fitted(notes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """New notes [N], sorted, with ends that fit in among others of their pitch [M]."""
    spans: dict[int, list[Span]] = {}
    for onset, duration, pitch, _ in others.tolist():
        spans.setdefault(pitch, []).append((onset, onset + duration))
    notes = notes.copy()
    for i, (onset, duration, pitch, _) in enumerate(notes.tolist()):
        end = fit_in(spans.setdefault(pitch, []), onset, onset + duration)
        notes["duration_ticks"][i] = end - onset
    return notes


def _without(score: Score, selection: Selection) -> list[Track]:
    """The tracks without the notes that go."""
    goes = np.zeros(len(selection.tokens), dtype=bool)
    goes[selection.begin : selection.end] = ~selection.stays
    return [
        replace(track, notes=track.notes[~goes[places]])
        for track, places in zip(score.tracks, rows_of_notes(score, selection.tokens), strict=True)
    ]


def _moved(notes: np.ndarray, begin: int, ticks_per_quarter: int) -> np.ndarray:
    """Notes on the grid, `begin` grid steps later, in other ticks."""
    notes = notes.copy()
    onsets = notes["onset_ticks"] + begin
    ends = snap(onsets + notes["duration_ticks"], GRID, ticks_per_quarter)
    notes["onset_ticks"] = snap(onsets, GRID, ticks_per_quarter)
    notes["duration_ticks"] = np.maximum(1, ends - notes["onset_ticks"])
    return notes


def _with_chords(score: Score, selection: Selection, rows: np.ndarray) -> Score:
    """The score with the chords of the passage, unless the score has no chords."""
    if not score.chords:
        return score
    return replace(score, chords=_spliced(score.chords, decode(rows).chords, score, selection))


def _with_tempos(score: Score, selection: Selection, rows: np.ndarray) -> Score:
    tempos = score.tempos or (Tempo(0, 120.0),)
    return replace(score, tempos=_spliced(tempos, decode(rows).tempos, score, selection))


def _spliced(
    given: tuple[Event, ...], composed: tuple[Event, ...], score: Score, selection: Selection
) -> tuple[Event, ...]:
    """Events with those of the passage replaced; after it, the old value applies again."""
    onsets = bar_onsets(selection.tokens)
    first, last = int(onsets[selection.first_bar]), int(onsets[selection.end_bar])
    ticks = score.ticks_per_quarter
    begin: int = snap(first, GRID, ticks)
    end: int = snap(last, GRID, ticks)
    events = [e for e in given if e.onset_ticks < begin]
    events += [replace(e, onset_ticks=snap(first + e.onset_ticks, GRID, ticks)) for e in composed]
    in_force = [e for e in given if e.onset_ticks < end]
    after = [e for e in given if e.onset_ticks >= end]
    goes_on = selection.end_bar < selection.num_bars
    if goes_on and in_force and not (after and after[0].onset_ticks == end):
        events.append(replace(in_force[-1], onset_ticks=end))
    return (*events, *after)
