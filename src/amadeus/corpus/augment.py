"""Changes that make another true example out of one: transposition, excerpts, rearrangement."""

from __future__ import annotations

import numpy as np

from amadeus.music.chords import QUALITIES
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import (
    DRUMS,
    NO_CHORD,
    NULL,
    Attribute,
    RowType,
    has_sound,
    opens_bar,
)


def transpose(tokens: np.ndarray, semitones: int) -> np.ndarray:
    """Move pitches and chords; drums keep their pitch, because pitch selects the drum.

    tokens: [N, A]. Returns a copy. The caller keeps within `transposable`.
    """
    tokens = tokens.copy()
    pitched = _is_pitched(tokens)
    pitch = tokens[:, Attribute.PITCH]
    pitch[pitched] = pitch[pitched].astype(np.int64) + semitones
    chord = tokens[:, Attribute.CHORD]
    has_chord = chord > NO_CHORD
    first = NO_CHORD + 1
    root, quality = np.divmod(chord[has_chord].astype(np.int64) - first, len(QUALITIES))
    chord[has_chord] = first + (root + semitones) % 12 * len(QUALITIES) + quality
    return tokens


def transposable(tokens: np.ndarray) -> tuple[int, int]:
    """Lowest and highest shift in semitones, from -6 to 6, that keeps every pitch within MIDI's."""
    pitches = tokens[_is_pitched(tokens), Attribute.PITCH].astype(np.int64) - 1
    if not len(pitches):
        return 0, 0
    return max(-6, -int(pitches.min())), min(6, 127 - int(pitches.max()))


def excerpt(tokens: np.ndarray, first_row: int, num_rows: int) -> np.ndarray:
    """At most `num_rows` rows from the bar that begins at `first_row`, RESUME before it.

    With first_row 0 it is the beginning of the piece, START included.
    """
    if first_row == 0:
        return tokens[:num_rows]
    return np.concatenate([mark(RowType.RESUME), tokens[first_row : first_row + num_rows - 1]])


def rearrange(tokens: np.ndarray, begin: int, end: int) -> np.ndarray:
    """What follows a passage, put before everything: the causal model then writes towards it.

    tokens: an excerpt [N, A] of which rows begin..end-1, both at bar lines, are the passage.
    Returns FUTURE, rows from `end` on, START or RESUME, rows up to `end`, JOIN.
    """
    return np.concatenate(
        [mark(RowType.FUTURE), tokens[end:], tokens[:begin], tokens[begin:end], mark(RowType.JOIN)]
    )


def bar_rows(tokens: np.ndarray) -> np.ndarray:
    """Rows at which bars begin. int [M]."""
    return np.flatnonzero(opens_bar(tokens[:, Attribute.TYPE]))


def _is_pitched(tokens: np.ndarray) -> np.ndarray:
    instrument = tokens[:, Attribute.INSTRUMENT]
    return has_sound(tokens[:, Attribute.TYPE]) & (instrument != DRUMS) & (instrument != NULL)
