"""Scores to tokens and back.

`encode(decode(tokens)) == tokens` for every piece that the grammar allows, and
`decode(encode(score))` is the score again where it sits on the grid. What is lost otherwise:

- onsets, ends, metres and tempos move to the nearest twelfth of a quarter note;
- notes last 1 to 384 grid steps; velocities fall into 32 bins and tempos into 65;
- a tempo takes effect at the next onset or empty bar, and the bars after the last onset are not
  kept;
- tracks of one instrument become one, and notes of one instrument that share onset and pitch
  become one (the longest of them, at the loudest velocity);
- a metre that has no token is written as another of the same length, or as 4/4 where none is, and
  a bar that is cut off by a new metre becomes a bar of its true length, to a sixteenth note.
"""

from __future__ import annotations

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.chords import estimate_chords
from amadeus.music.grid import GRID, metres_of, quantize, snap
from amadeus.music.score import NOTE_DTYPE, Chord, Score, Tempo, TimeSignature, Track
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index, bar_metres, bar_onsets, row_onsets
from amadeus.tokens.vocabulary import NULL, NUM_ATTRIBUTES, SIZES, Attribute, RowType

TOKEN_DTYPE = np.uint16


def encode(score: Score, end_ticks: int | None = None) -> np.ndarray:
    """Tokens of a whole piece, START and END included. uint16 [N, A].

    end_ticks: the tick after the piece; bars before it are kept even if they come after the last
    onset. By default, the last onset is in the last bar.
    The harmony is `score.chords`, or is estimated where the score has none. Raises ScoreError for a
    score without notes.
    """
    if not score.num_notes:
        raise ScoreError("the score has no notes")
    end = 0 if end_ticks is None else (end_ticks - 1) * GRID // score.ticks_per_quarter + 1
    score = quantize(score)
    onset, instrument, pitch, duration, velocity = _merged_notes(score)  # [N]
    opened, metre = _bars(score, end)  # [M]
    bar = np.searchsorted(opened, onset, side="right") - 1  # [N]

    rows = np.zeros((len(onset), NUM_ATTRIBUTES), dtype=TOKEN_DTYPE)
    first_in_bar = _changes(bar)
    rows[:, Attribute.TYPE] = RowType.NOTE
    rows[first_in_bar, Attribute.TYPE] = v.FIRST_BAR + metre[bar[first_in_bar]]
    rows[:, Attribute.BEAT] = onset - opened[bar] + 1
    rows[:, Attribute.CHORD], rows[:, Attribute.TEMPO] = chords_and_tempos(score, onset)
    rows[:, Attribute.INSTRUMENT] = instrument
    rows[:, Attribute.PITCH] = pitch
    rows[:, Attribute.DURATION] = duration
    rows[:, Attribute.VELOCITY] = v.velocity_values(velocity)

    empty = np.flatnonzero(np.bincount(bar, minlength=len(metre)) == 0)
    rests = np.zeros((len(empty), NUM_ATTRIBUTES), dtype=TOKEN_DTYPE)
    rests[:, Attribute.TYPE] = v.FIRST_REST + metre[empty]
    rests[:, Attribute.TEMPO] = _tempo_values(score, opened[empty])

    order = np.argsort(np.concatenate([bar, empty]), kind="stable")
    body = np.concatenate([rows, rests])[order]
    return np.concatenate([mark(RowType.START), body, mark(RowType.END)])


def chords_and_tempos(score: Score, ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of `chord` and `tempo` in force at positions in grid steps. Same shape, each.

    The harmony is the score's, or is estimated where it has none.
    """
    score = quantize(score)
    chords = score.chords or estimate_chords(score)
    return _chord_values(chords, ticks), _tempo_values(score, ticks)


def rows_of_notes(score: Score, tokens: np.ndarray) -> list[np.ndarray]:
    """The row of tokens [N, A] that each note of the score became: int64 [N] of every track.

    tokens: `encode(score)`.
    """
    tokens = np.asarray(tokens).astype(np.int64)
    types = tokens[:, Attribute.TYPE]
    rows = np.flatnonzero(v.has_sound(types))
    # Marks come before the first bar line, and have no onset.
    onset = bar_onsets(tokens)[bar_index(tokens)[rows]] + tokens[rows, Attribute.BEAT] - 1
    places = _place(onset, tokens[rows, Attribute.INSTRUMENT], tokens[rows, Attribute.PITCH])
    found = []
    for track in score.tracks:
        onset = snap(track.notes["onset_ticks"], score.ticks_per_quarter)
        instrument = np.full(len(onset), v.instrument_value(track.instrument))
        pitch = track.notes["pitch"] + v.first_pitch(instrument)
        found.append(rows[np.searchsorted(places, _place(onset, instrument, pitch))])
    return found


def _place(onset: np.ndarray, instrument: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Where a note stands among all others, as one number: it sorts faster than three."""
    return (onset * SIZES[Attribute.INSTRUMENT] + instrument) * SIZES[Attribute.PITCH] + pitch


def mark(row_type: RowType) -> np.ndarray:
    """A row without sound, such as START or END. uint16 [1, A]."""
    row = np.full((1, NUM_ATTRIBUTES), NULL, dtype=TOKEN_DTYPE)
    row[0, Attribute.TYPE] = row_type
    return row


def decode(tokens: np.ndarray) -> Score:
    """The music that tokens stand for, GRID ticks to the quarter note. tokens: [N, A].

    Marks other than empty bars are skipped, so a piece that is still being written decodes too.
    """
    tokens = np.asarray(tokens)
    tokens = tokens[tokens[:, Attribute.TYPE] >= RowType.NOTE].astype(np.int64)
    types = tokens[:, Attribute.TYPE]
    opens = v.opens_bar(types)
    if len(tokens) and not opens[0]:
        raise ScoreError(f"a piece begins with a bar, not with row type {types[0]}")
    metres, starts, onset = bar_metres(tokens), bar_onsets(tokens), row_onsets(tokens)
    sound = v.has_sound(types)
    notes, note_onset = tokens[sound], onset[sound]
    return Score(
        ticks_per_quarter=GRID,
        tracks=_tracks(notes, note_onset),
        tempos=tuple(
            # The first tempo holds from the very start, before the first onset too.
            Tempo(int(onset[i]) if i else 0, float(v.TEMPOS[tokens[i, Attribute.TEMPO] - 1]))
            for i in _changes(tokens[:, Attribute.TEMPO])
        ),
        time_signatures=tuple(
            TimeSignature(int(starts[i]), *v.METRES[metres[i]]) for i in _changes(metres)
        ),
        chords=tuple(
            Chord(int(note_onset[i]), *v.chord_of(int(notes[i, Attribute.CHORD])))
            for i in _changes(notes[:, Attribute.CHORD])
        ),
    )


def _changes(values: np.ndarray) -> np.ndarray:
    """Positions where a value, none negative, differs from the one before or is first. int [K]."""
    return np.flatnonzero(np.diff(values, prepend=-1))


def _tracks(rows: np.ndarray, onset: np.ndarray) -> tuple[Track, ...]:
    """One track per instrument, in the order of their values. rows: [N, A], onset: [N]."""
    instrument = rows[:, Attribute.INSTRUMENT]
    notes = np.empty(len(rows), dtype=NOTE_DTYPE)
    notes["onset_ticks"] = onset
    notes["duration_ticks"] = rows[:, Attribute.DURATION]
    notes["pitch"] = rows[:, Attribute.PITCH] - v.first_pitch(instrument)
    notes["velocity"] = v.velocity_of(rows[:, Attribute.VELOCITY])
    return tuple(
        Track(
            program=0 if value == v.DRUMS else v.program_of(value),
            notes=notes[instrument == value],
            is_drum=value == v.DRUMS,
        )
        for value in np.flatnonzero(np.bincount(instrument)).tolist()
    )


def _merged_notes(score: Score) -> tuple[np.ndarray, ...]:
    """Onset, instrument, pitch, duration, velocity of all notes, in token order, unisons merged.

    Five columns, [N] each.
    """
    notes = np.concatenate([track.notes for track in score.tracks], dtype=NOTE_DTYPE)
    instrument = np.repeat(
        [v.instrument_value(track.instrument) for track in score.tracks],
        [len(track.notes) for track in score.tracks],
    )
    pitch = notes["pitch"] + v.first_pitch(instrument)
    duration = np.minimum(notes["duration_ticks"], v.MAX_DURATION_TICKS)
    place = _place(notes["onset_ticks"], instrument, pitch)
    order = np.argsort(place, kind="stable")
    starts = _changes(place[order])
    first = order[starts]
    return (
        notes["onset_ticks"][first],
        instrument[first],
        pitch[first],
        np.maximum.reduceat(duration[order], starts),
        np.maximum.reduceat(notes["velocity"][order], starts),
    )


def _in_force(onsets: list[int], ticks: np.ndarray) -> np.ndarray:
    """Index of the event in force at each position; the first one also before it begins."""
    return np.maximum(np.searchsorted(np.array(onsets), ticks, side="right") - 1, 0)


def _tempo_values(score: Score, ticks: np.ndarray) -> np.ndarray:
    tempos = score.tempos or (Tempo(0, 120.0),)
    bpm = np.array([t.bpm for t in tempos])
    if tempos[0].onset_ticks > 0:  # MIDI's default holds until the first tempo
        tempos, bpm = (Tempo(0, 120.0), *tempos), np.concatenate([[120.0], bpm])
    return v.tempo_values(bpm)[_in_force([t.onset_ticks for t in tempos], ticks)]


def _chord_values(chords: tuple[Chord, ...], ticks: np.ndarray) -> np.ndarray:
    values = np.array([v.chord_value(c.root, c.quality) for c in chords])
    return values[_in_force([c.onset_ticks for c in chords], ticks)]


def _bars(score: Score, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Bars up to the last onset, or the tick before `end`, cut-off bars included.

    Each has a metre that has a token.
    Returns their onsets in ticks and their indices into METRES, int64 [M] each.
    """
    last = max(int(t.notes["onset_ticks"][-1]) for t in score.tracks if len(t.notes))
    end = max(end, last + 1)
    given = metres_of(score)
    onsets: list[np.ndarray] = []
    metres: list[np.ndarray] = []
    position = 0
    for i, signature in enumerate(given):
        metre = _metre_for(signature)
        length = int(v.METRE_TICKS[metre])
        is_last = i + 1 == len(given)
        stop = end if is_last else min(given[i + 1].onset_ticks, end)
        if stop <= position:
            continue
        whole, remainder = divmod(stop - position, length)
        cut = _metre_of_length(remainder, signature.denominator)
        if stop == end or v.METRE_TICKS[cut] >= length:  # the piece ends, or nothing is cut off
            whole, remainder = whole + (remainder > 0), 0
        if remainder < v.METRE_TICKS.min():
            remainder = 0
        indices = np.full(whole, metre) if not remainder else np.append(np.full(whole, metre), cut)
        lengths = v.METRE_TICKS[indices]
        onsets.append(position + np.cumsum(lengths) - lengths)
        metres.append(indices)
        position += int(lengths.sum())
    return np.concatenate(onsets), np.concatenate(metres)


def _metre_for(signature: TimeSignature) -> int:
    """Index into METRES: the signature itself, one of equal length, or 4/4."""
    metre = (signature.numerator, signature.denominator)
    if metre in v.METRES:
        return v.metre_index(*metre)
    length = GRID * 4 * signature.numerator / signature.denominator
    if length in v.METRE_TICKS:
        return _metre_of_length(int(length), signature.denominator)
    return v.metre_index(4, 4)


def _metre_of_length(length_ticks: int, denominator: int) -> int:
    """Index of the metre nearest in length; of several, that of this denominator, else quarters."""
    distance = np.abs(v.METRE_TICKS - length_ticks)
    nearest = np.flatnonzero(distance == distance.min())
    return int(min(nearest, key=lambda i: (v.METRES[i][1] != denominator, v.METRES[i][1] != 4, i)))
