"""Notation: notes as they are written down, in voices, measures and note values with ties.

What is played and what is written differ: written notes stand on the sixteenths or the triplets of
their quarter, chords end together, a hair of legato is no second voice. `written` is that music as
notes; `measures_of` are its symbols. Positions are ticks of GRID to a quarter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from amadeus.music.grid import GRID, Bars
from amadeus.music.limits import LIMITS, Limits
from amadeus.music.score import TimeSignature, make_notes

MOST_VOICES = 2
"""Of a staff: stems up and stems down. More could be written, but hardly read."""
_SIXTEENTH, _TRIPLET, _SEXTUPLET = GRID // 4, GRID // 3, GRID // 6
_SEXTUPLET_ONSETS = 5  # fewer in a quarter are uneven sixteenths
_DOTTED_QUARTER, _HALF, _DOTTED_HALF, _WHOLE = 3 * GRID // 2, 2 * GRID, 3 * GRID, 4 * GRID
_VALUES = (
    *(6 * GRID, _WHOLE, _DOTTED_HALF, _HALF, _DOTTED_QUARTER, GRID, 3 * _SIXTEENTH),
    *(2 * _TRIPLET, 2 * _SIXTEENTH, _TRIPLET, _SIXTEENTH, _SEXTUPLET, 1),
)
"""What one symbol can last, longest first."""


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes that begin and end together, one or more, in one voice."""

    onset: int
    end: int
    pitches: tuple[int, ...]
    velocity: int


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A note, chord or rest in one measure. Without pitches it is a rest."""

    onset: int
    """In ticks from the start of the measure."""
    duration: int
    pitches: tuple[int, ...] = ()
    velocity: int = 0
    is_tied_from: bool = False
    is_tied_to: bool = False


Measure = list[list[Symbol]]
"""One measure of a staff: its voices, of which the first is always there."""


def voices_of(notes: np.ndarray, bars: Bars) -> list[list[Chord]]:
    """The voices of a staff, each in order of time and without overlaps; at most MOST_VOICES.

    notes: NOTE_DTYPE [N], in ticks of GRID. The highest notes come into the first voice that is
    free. Where too many sound at once, the one that has least to go ends early.
    """
    voices: list[list[Chord]] = []
    for chord in _chords(_without_legato(_snapped(notes, bars))):
        free = [voice for voice in voices if voice[-1].end <= chord.onset]
        if free:
            free[0].append(chord)
        elif len(voices) < MOST_VOICES:
            voices.append([chord])
        else:
            _squeeze(voices, chord)
    return voices


def drum_voice(notes: np.ndarray, bars: Bars) -> list[list[Chord]]:
    """One voice for a drum kit: a stroke lasts to the next, at most to the end of its quarter."""
    snapped = _snapped(notes, bars)
    onsets = np.unique(snapped["onset_ticks"])
    _, quarter_end = _quarters(onsets, bars)
    ends = np.minimum(quarter_end, np.append(onsets[1:], quarter_end[-1:]))
    strokes = snapped.copy()
    place = np.searchsorted(onsets, snapped["onset_ticks"])
    strokes["duration_ticks"] = (ends - onsets)[place]
    chords = _chords(strokes)
    return [chords] if chords else []


def written(voices: Iterable[list[Chord]]) -> np.ndarray:
    """The notes that the voices write down. NOTE_DTYPE [N], in ticks of GRID."""
    return make_notes(
        (chord.onset, chord.end - chord.onset, pitch, chord.velocity)
        for voice in voices
        for chord in voice
        for pitch in chord.pitches
    )


def measures_of(voices: list[list[Chord]], bars: Bars, limits: Limits = LIMITS) -> list[Measure]:
    """The voices as symbols, measure by measure, with rests between them.

    A further voice is only there in measures in which it plays. Raises ScoreError for more notes
    than the limit on symbols; a note that is held for many bars is tied many times.
    """
    measures: list[Measure] = [[] for _ in range(len(bars))]
    tied = 0
    for number, voice in enumerate(voices):
        chords: list[list[Symbol]] = [[] for _ in range(len(bars))]
        for chord in voice:
            for bar, symbol in _in_bars(chord, bars):
                chords[bar].append(symbol)
                tied += len(symbol.pitches)
            limits.check("symbols", tied)
        for bar, symbols in enumerate(chords):
            if symbols or number == 0:
                metre = bars.time_signatures[bars.metre[bar]]
                measures[bar].append(_filled(symbols, int(bars.length_ticks[bar]), metre))
    if not voices:
        return [[_filled([], int(length), TimeSignature(0, 4, 4))] for length in bars.length_ticks]
    return measures


def num_symbols(measures: Iterable[Measure]) -> int:
    """The notes and rests of a staff; of a chord, each note counts."""
    return sum(
        max(1, len(symbol.pitches))
        for voices in measures
        for symbols in voices
        for symbol in symbols
    )


def note_values(onset: int, duration: int, metre: TimeSignature) -> list[int]:
    """The symbols, tied together, that last from an onset in a measure: beats stay visible."""
    values, end = [], onset + duration
    while onset < end:
        value = next(v for v in _VALUES if onset + v <= end and _is_readable(onset, v, end, metre))
        values.append(value)
        onset += value
    return values


def _is_readable(onset: int, value: int, end: int, metre: TimeSignature) -> bool:
    """Whether a symbol may stand there: it begins or ends on a beat, or stays within one.

    end: of the note that it is part of.
    """
    stop = onset + value
    if value == 1:
        return True
    if value in (_TRIPLET, 2 * _TRIPLET, _SEXTUPLET):
        # Three quarters in the time of two, or less within one quarter.
        is_quarter = value == 2 * _TRIPLET and onset % value == 0
        inside = _HALF if is_quarter else GRID
        return (
            bool(onset % _SIXTEENTH or end % _SIXTEENTH)
            and onset % _SEXTUPLET == 0
            and onset // inside == (stop - 1) // inside
            and (stop == end or stop % (GRID // 2) == 0)
        )
    is_half_beat = value == GRID // 2 and stop // GRID == end // GRID
    if end % _SIXTEENTH and stop % GRID and not is_half_beat:
        return False  # what ends in a triplet is divided on the beat before it
    if metre.denominator == 8 and metre.numerator % 3 == 0:
        return _fits_beat(onset, value, _DOTTED_QUARTER, (_DOTTED_QUARTER, _DOTTED_HALF))
    if onset % GRID == GRID // 2 and value in (GRID, _DOTTED_QUARTER):
        # Syncopes are written as such, but the middle of a bar is not hidden.
        half = metre.bar_ticks(GRID) // 2
        return not onset < half < stop
    if value == _WHOLE and metre.bar_ticks(GRID) == _WHOLE:
        return onset == 0
    return _fits_beat(
        onset, value, GRID, (GRID, _DOTTED_QUARTER, _HALF, _DOTTED_HALF, _WHOLE, 6 * GRID)
    )


def _fits_beat(onset: int, value: int, beat: int, whole: tuple[int, ...]) -> bool:
    if onset % beat == 0 and value in whole:
        return True
    return onset % _SIXTEENTH == 0 and onset // beat == (onset + value - 1) // beat


def _snapped(notes: np.ndarray, bars: Bars) -> np.ndarray:
    """Onsets and ends on the sixteenths or triplets of their quarter, one note a pitch and onset.

    Of each quarter in which notes begin, the grid that is nearest to all of these; the sixteenths
    if two are equally near.
    """
    onsets = notes["onset_ticks"]
    ends = onsets + notes["duration_ticks"]
    begin, last = _quarters(onsets, bars)
    quarters, place = np.unique(begin, return_inverse=True)
    grids = _grids(onsets - begin, place, len(quarters))
    moved = _nearest(onsets, begin, last, grids[place])
    end_begin, end_last = _quarters(ends - 1, bars)
    at = np.searchsorted(quarters, end_begin).clip(max=max(0, len(quarters) - 1))
    grid = np.where(quarters[at] == end_begin, grids[at], _SIXTEENTH) if len(notes) else grids
    moved_ends = _nearest(ends, end_begin, end_last, grid)
    shortest = np.minimum(grids[place], np.maximum(1, last - moved))
    shortest = np.where(moved == last, _SIXTEENTH, shortest)
    moved_ends = np.maximum(moved_ends, moved + shortest)
    columns = (moved, moved_ends - moved, notes["pitch"], notes["velocity"])
    # Sorted by length, so that of two notes of a pitch at an onset the longer one stays.
    return _longest(make_notes(zip(*(column.tolist() for column in columns), strict=True)))


def _quarters(ticks: np.ndarray, bars: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Beginning and end of the quarter of its bar in which each position lies."""
    bar = bars.index_at(ticks)
    begin = bars.onset_ticks[bar] + (ticks - bars.onset_ticks[bar]) // GRID * GRID
    end = bars.onset_ticks[bar] + bars.length_ticks[bar]
    # Notes may go on after the last bar that begins with one.
    return begin, np.where(begin < end, np.minimum(begin + GRID, end), begin + GRID)


def _grids(offsets: np.ndarray, place: np.ndarray, count: int) -> np.ndarray:
    """The grid of each quarter, from where notes begin in it. int64 [count]."""
    distinct = np.zeros((count, GRID), dtype=bool)
    distinct[place, offsets] = True
    candidates = (_SIXTEENTH, _TRIPLET, _SEXTUPLET)
    steps = np.arange(GRID)
    errors = np.stack([distinct @ np.abs(steps - _to(steps, g)) for g in candidates])
    errors = errors.astype(np.float64)
    errors[2, distinct.sum(1) < _SEXTUPLET_ONSETS] = np.inf
    return np.array(candidates)[errors.argmin(0)] if count else np.zeros(0, np.int64)


def _nearest(ticks: np.ndarray, begin: np.ndarray, end: np.ndarray, grid: np.ndarray) -> np.ndarray:
    return np.minimum(begin + _to(ticks - begin, grid), np.maximum(end, begin))


def _to(ticks: np.ndarray, grid: np.ndarray | int) -> np.ndarray:
    """The nearest multiples of the grid."""
    return (2 * ticks + grid) // (2 * grid) * grid


def _longest(notes: np.ndarray) -> np.ndarray:
    """Of the notes of one pitch and onset, the last; sorted notes."""
    same = (np.diff(notes["onset_ticks"]) == 0) & (np.diff(notes["pitch"]) == 0)
    return notes[np.append(~same, True)] if len(notes) else notes


def _without_legato(notes: np.ndarray) -> np.ndarray:
    """Chords that end together where nothing begins in between; no overlaps of a sixteenth."""
    notes = notes.copy()
    onsets, place = np.unique(notes["onset_ticks"], return_inverse=True)
    ends = notes["onset_ticks"] + notes["duration_ticks"]
    following = np.append(onsets[1:], np.iinfo(np.int64).max)[place]
    hair = (ends > following) & (ends <= following + _SIXTEENTH)
    hair &= notes["duration_ticks"] > 2 * _SIXTEENTH
    ends = np.where(hair, following, ends)
    last = np.zeros(len(onsets), dtype=np.int64)
    np.maximum.at(last, place, ends)
    alone = last[place] <= following
    notes["duration_ticks"] = np.where(alone, last[place], ends) - notes["onset_ticks"]
    return notes


def _chords(notes: np.ndarray) -> list[Chord]:
    """Notes of one onset and end together; of an onset the highest first."""
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for onset, duration, pitch, velocity in notes.tolist():
        groups.setdefault((onset, onset + duration), []).append((pitch, velocity))
    chords = [
        Chord(*span, tuple(sorted(p for p, _ in members)), max(v for _, v in members))
        for span, members in groups.items()
    ]
    return sorted(chords, key=lambda chord: (chord.onset, -chord.pitches[-1]))


def _squeeze(voices: list[list[Chord]], chord: Chord) -> None:
    """Put a chord into a full staff: a voice ends early, or its chord takes the notes in."""
    held = [voice for voice in voices if voice[-1].onset < chord.onset]
    if held:
        voice = min(held, key=lambda voice: voice[-1].end)
        voice[-1] = replace(voice[-1], end=chord.onset)
        voice.append(chord)
        return
    voice = min(voices, key=lambda voice: abs(voice[-1].end - chord.end))
    pitches = tuple(sorted({*voice[-1].pitches, *chord.pitches}))
    voice[-1] = replace(voice[-1], pitches=pitches)


def _in_bars(chord: Chord, bars: Bars) -> Iterable[tuple[int, Symbol]]:
    """The tied symbols of a chord, each with the number of its bar."""
    pieces = []
    onset = chord.onset
    while onset < chord.end:
        bar = int(bars.index_at(np.array(onset)))
        begin = int(bars.onset_ticks[bar])
        end = min(chord.end, begin + int(bars.length_ticks[bar]))
        for value in note_values(onset - begin, end - onset, bars.time_signatures[bars.metre[bar]]):
            pieces.append((bar, onset - begin, value))
            onset += value
    for number, (bar, place, value) in enumerate(pieces):
        yield (
            bar,
            Symbol(
                place, value, chord.pitches, chord.velocity, number > 0, number + 1 < len(pieces)
            ),
        )


def _filled(symbols: list[Symbol], length: int, metre: TimeSignature) -> list[Symbol]:
    """The symbols of a voice with rests in its gaps; one rest for an empty measure."""
    if not symbols:
        return [Symbol(0, length)]
    filled, now = [], 0
    for symbol in [*symbols, Symbol(length, 0)]:
        for value in note_values(now, symbol.onset - now, metre):
            filled.append(Symbol(now, value))
            now += value
        if symbol.duration:
            filled.append(symbol)
        now = symbol.onset + symbol.duration
    return filled
