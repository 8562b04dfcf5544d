"""The vocabulary: what each value of each of the 8 attributes of a row means.

It is written down here, not collected from data, so that every checkpoint means the same. In every
attribute but `type`, value 0 says "does not apply" (a mark has no pitch).

    type        marks, a note in the bar at hand, or the first note of a new bar and its metre
    beat        position in the bar, in grid steps of a twelfth of a quarter note
    chord       harmony in force: root x quality, or none
    tempo       16 bins to the octave, centred on 120 BPM
    instrument  128 General MIDI programs, and drums
    pitch       128 pitches, and 128 drum sounds of their own
    duration    grid steps, 1 to 384 (32 quarters)
    velocity    32 bins of 4
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Any

import numpy as np

from amadeus.errors import VocabularyError
from amadeus.music.chords import QUALITIES
from amadeus.music.grid import GRID


class Attribute(IntEnum):
    """Column of each attribute in a token array, [N, A]."""

    TYPE = 0
    BEAT = 1
    CHORD = 2
    TEMPO = 3
    INSTRUMENT = 4
    PITCH = 5
    DURATION = 6
    VELOCITY = 7


ATTRIBUTES = tuple(a.name.lower() for a in Attribute)
NUM_ATTRIBUTES = len(ATTRIBUTES)
NULL = 0


class RowType(IntEnum):
    """Values of `type` below FIRST_BAR; from there on see `bar_type` and `rest_type`."""

    PAD = 0
    START = 1
    """The piece begins."""
    RESUME = 2
    """An excerpt begins at a bar line inside the piece."""
    FUTURE = 3
    """What follows, up to START or RESUME, sounds after the passage to be written."""
    JOIN = 4
    """The passage has reached the bars given after FUTURE."""
    END = 5
    """The piece ends with the bar at hand."""
    NOTE = 6
    """A note in the bar at hand."""


# Metres whose bars fit on the grid, up to 32 quarters: (numerator, denominator).
METRES: tuple[tuple[int, int], ...] = tuple(
    (numerator, denominator)
    for denominator, most in ((1, 4), (2, 8), (4, 32), (8, 32), (16, 32))
    for numerator in range(1, most + 1)
)
METRE_TICKS = np.array([4 * GRID * n // d for n, d in METRES], dtype=np.int64)
"""Bar length of each metre in grid steps, [len(METRES)]."""
_METRE_INDEX = {metre: i for i, metre in enumerate(METRES)}

FIRST_BAR = len(RowType)
FIRST_REST = FIRST_BAR + len(METRES)
MAX_BAR_TICKS = int(METRE_TICKS.max())
MAX_DURATION_TICKS = 32 * GRID

_TEMPOS_PER_OCTAVE = 16
_LOWEST_TEMPO = -40
TEMPOS = 120.0 * 2.0 ** (np.arange(_LOWEST_TEMPO, 25) / _TEMPOS_PER_OCTAVE)
"""Centre of each tempo bin in BPM, from 21.2 to 339.4; value v of `tempo` is TEMPOS[v - 1]."""

NO_CHORD = 1
DRUMS = 129
"""Value of `instrument` for drums."""
FIRST_DRUM_PITCH = 129
"""Value of `pitch` for drum sound 0."""
VELOCITY_BIN = 4

SIZES: tuple[int, ...] = (
    FIRST_REST + len(METRES),
    1 + MAX_BAR_TICKS,
    2 + 12 * len(QUALITIES),
    1 + len(TEMPOS),
    1 + DRUMS,
    1 + 256,
    1 + MAX_DURATION_TICKS,
    1 + 128 // VELOCITY_BIN,
)
"""Number of values of each attribute, in the order of `Attribute`."""


def bar_type(metre: int) -> int:
    """Value of `type` for the first note of a bar in METRES[metre]."""
    return FIRST_BAR + metre


def rest_type(metre: int) -> int:
    """Value of `type` for a bar of METRES[metre] in which no note begins."""
    return FIRST_REST + metre


def is_bar(types: Any) -> Any:
    """Whether each row opens a bar with a note. types: numbers or an array. Same shape."""
    return (types >= FIRST_BAR) & (types < FIRST_REST)


def is_rest(types: Any) -> Any:
    """Whether each row is an empty bar. Same shape as `types`."""
    return types >= FIRST_REST


def has_sound(types: Any) -> Any:
    """Whether each row is a note. Same shape as `types`."""
    return (types == RowType.NOTE) | is_bar(types)


def opens_bar(types: np.ndarray) -> np.ndarray:
    """Whether each row begins a bar, empty or not. Same shape as `types`."""
    return types >= FIRST_BAR


def is_predicted(types: Any) -> Any:
    """Whether rows of these types are ever composed: notes, empty bars and ends.

    types: an array or a tensor. Same shape.
    """
    return types >= RowType.JOIN


def instrument_value(program: int) -> int:
    """Value of `instrument` for a General MIDI program from 0, or for the drum kit, 128."""
    return program + 1


def program_of(instrument: int) -> int:
    """The program of a value of `instrument`; 128 for the drum kit."""
    return instrument - 1


def first_pitch(instrument: Any) -> Any:
    """Value of `pitch` for MIDI pitch, or drum sound, 0. instrument: values. Same shape."""
    return np.where(np.asarray(instrument) == DRUMS, FIRST_DRUM_PITCH, 1)


def metre_of(types: Any) -> Any:
    """Index into METRES of each row that opens a bar. Same shape as `types`."""
    return np.where(is_rest(types), types - FIRST_REST, types - FIRST_BAR)


def metre_index(numerator: int, denominator: int) -> int:
    """Index into METRES.

    Raises VocabularyError for a metre that has no token.
    """
    try:
        return _METRE_INDEX[numerator, denominator]
    except KeyError:
        raise VocabularyError(
            f"time signature {numerator}/{denominator} has no token; "
            "denominators are 1, 2, 4, 8 and 16, and a bar lasts at most 32 quarters"
        ) from None


def tempo_values(bpm: np.ndarray) -> np.ndarray:
    """Value of `tempo` nearest to each tempo in BPM (clipped to the ends). Same shape."""
    steps = np.round(_TEMPOS_PER_OCTAVE * np.log2(np.asarray(bpm, dtype=np.float64) / 120.0))
    return np.clip(steps.astype(np.int64) - _LOWEST_TEMPO, 0, len(TEMPOS) - 1) + 1


def velocity_values(velocity: np.ndarray) -> np.ndarray:
    """Value of `velocity` for MIDI velocities 1-127. Same shape."""
    return np.clip(velocity, 1, 127) // VELOCITY_BIN + 1


def velocity_of(values: np.ndarray) -> np.ndarray:
    """MIDI velocity in the middle of each bin. Same shape."""
    return np.minimum((values - 1) * VELOCITY_BIN + VELOCITY_BIN // 2, 127)


def chord_value(root: int | None, quality: str) -> int:
    """Value of `chord`; root 0 is C, None is no harmony.

    Raises VocabularyError for a quality that has no token.
    """
    if root is None:
        return NO_CHORD
    if quality not in QUALITIES:
        raise VocabularyError(f"chord quality {quality!r} has no token; choose one of {QUALITIES}")
    return 2 + (root % 12) * len(QUALITIES) + QUALITIES.index(quality)


def chord_of(value: int) -> tuple[int | None, str]:
    """Root and quality of a value of `chord`."""
    if value <= NO_CHORD:
        return None, ""
    root, quality = divmod(value - 2, len(QUALITIES))
    return root, QUALITIES[quality]


def fingerprint() -> str:
    """Hash of everything above that gives tokens their meaning; saved with weights and shards."""
    text = repr((ATTRIBUTES, SIZES, list(RowType), METRES, QUALITIES, TEMPOS.round(6).tolist()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
