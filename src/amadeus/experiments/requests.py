"""Requests: for every control, a randomly drawn constraint that a musician might set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from zlib import crc32

import numpy as np

from amadeus.control import (
    Chords,
    Constraint,
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
from amadeus.errors import ConfigError
from amadeus.experiments import hearing
from amadeus.music.chords import chord_name, parse_chord
from amadeus.music.keys import MAJOR_TONICS, Key
from amadeus.music.scales import SCALES
from amadeus.music.score import Chord, Score
from amadeus.tokens.vocabulary import Attribute

Draw = Callable[[np.random.Generator, int], Constraint]
"""(random generator, bars of the piece) -> the constraint."""

INSTRUMENTS = (
    "piano", "organ", "acoustic guitar", "electric guitar", "bass", "violin", "cello", "strings",
    "choir", "harp", "trumpet", "trombone", "french horn", "alto saxophone", "tenor saxophone",
    "oboe", "clarinet", "flute", "vibraphone", "drums",
)  # fmt: skip
"""Common instruments; no two share a program."""
_MODES = ("dorian", "phrygian", "lydian", "mixolydian", "harmonic minor", "major pentatonic",
          "minor pentatonic", "blues", "whole tone")  # fmt: skip
_METRES = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "9/8", "12/8")
_NOTE_VALUES = ("1/2", "1/4", "1/8", "1/16", "1/4.", "1/8.", "1/8t")
_PROGRESSIONS = ("C G Am F", "Am F C G", "C Am F G", "Dm7 G7 Cmaj7 Am7", "Am G F E", "Cm Fm Bb Eb",
                 "C F Dm G", "Am Dm E7 Am")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ControlKind:
    """A kind of constraint, and how to measure whether it holds."""

    name: str
    drawn: str
    """The values that are drawn, in words."""
    draw: Draw
    hear: Callable[[Score, Any], hearing.Measures]
    speaks_of: frozenset[Attribute]
    """Attributes that it limits or favours; the others are free."""
    pairs: Callable[[Score, Any], hearing.Pairs] | None = None
    """Requested and obtained values, where they are numbers."""
    unit: str = ""
    """Of these numbers."""
    is_hard: bool = True

    @property
    def free(self) -> tuple[Attribute, ...]:
        return tuple(a for a in Attribute if a not in self.speaks_of)

    def requests(self, count: int, bars: int, seed: int) -> list[Constraint]:
        """One for each of `count` seeds from `seed` on.

        They depend only on the seed, the control and the number of bars.
        """
        rngs = (np.random.default_rng([seed + i, crc32(self.name.encode())])
                   for i in range(count))  # fmt: skip
        return [self.draw(rng, bars) for rng in rngs]


def find_controls(names: Sequence[str] | None = None) -> list[ControlKind]:
    """The controls of these names, in the order of CONTROLS; all by default.

    Raises ConfigError, with the closest name, for an unknown one.
    """
    for name in names or ():
        if name not in CONTROLS:
            close = get_close_matches(name, CONTROLS, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ConfigError(
                f"there is no control {name!r}; {hint}"
                f"{'Names' if hint else 'names'} are {', '.join(CONTROLS)}"
            )
    return [control for name, control in CONTROLS.items() if names is None or name in names]


def _tempo_curve(rng: np.random.Generator, _: int) -> Constraint:
    first, last = rng.choice(np.arange(50, 201), size=2, replace=False).tolist()
    return ExactTempo(float(first), float(last))


def _key(rng: np.random.Generator, _: int) -> Constraint:
    return InScale(str(Key(int(rng.integers(12)), "major" if rng.random() < 0.5 else "minor")))


def _scale(rng: np.random.Generator, _: int) -> Constraint:
    tonic, steps = int(rng.integers(12)), SCALES[str(rng.choice(_MODES))]
    return InScale(" ".join(MAJOR_TONICS[(tonic + step) % 12] for step in steps))


def _instruments(rng: np.random.Generator, _: int) -> Constraint:
    names = rng.choice(INSTRUMENTS, size=int(rng.integers(2, 5)), replace=False)
    return Playing(tuple(names.tolist()))


def _pitch(rng: np.random.Generator, _: int) -> Constraint:
    low = int(rng.integers(36, 67))
    return PitchRange(low, low + int(rng.integers(12, 30)))


def _velocity(rng: np.random.Generator, _: int) -> Constraint:
    low = int(rng.integers(16, 97))
    return Velocities(low, low + int(rng.integers(10, 31)))


def _velocity_curve(rng: np.random.Generator, _: int) -> Constraint:
    first, last = int(rng.integers(16, 46)), int(rng.integers(80, 108))
    first, last = (first, last) if rng.random() < 0.5 else (last, first)
    return Velocities(first, first + 15, (last, last + 15))


def _durations(rng: np.random.Generator, _: int) -> Constraint:
    values = rng.choice(_NOTE_VALUES, size=int(rng.integers(2, 5)), replace=False)
    return Durations(tuple(values.tolist()))


def _length(rng: np.random.Generator, bars: int) -> Constraint:
    return Length(int(rng.integers(max(1, bars // 2), bars + bars // 2 + 1)))


def _transposed(rng: np.random.Generator, names: str) -> str:
    """The chords in a random key."""
    semitones = int(rng.integers(12))
    chords = [parse_chord(name) for name in names.split()]
    moved = [Chord(0, ((root or 0) + semitones) % 12, quality) for root, quality in chords]
    return " ".join(map(chord_name, moved))


_HARMONY = frozenset({Attribute.PITCH, Attribute.CHORD})
_TEMPO, _INSTRUMENT, _VELOCITY, _TYPE, _PITCH, _DURATION = (
    frozenset({attribute})
    for attribute in (
        Attribute.TEMPO, Attribute.INSTRUMENT, Attribute.VELOCITY, Attribute.TYPE, Attribute.PITCH,
        Attribute.DURATION,
    )
)  # fmt: skip
_ONSETS = frozenset({Attribute.TYPE, Attribute.BEAT})

_KINDS = (
    ControlKind("tempo", "whole numbers from 50 to 200 BPM",
                lambda rng, _: ExactTempo(float(rng.integers(50, 201))), hearing.tempo, _TEMPO,
                hearing.tempo_pairs, "BPM"),
    ControlKind("tempo curve", "two different ones, for the first bar and the last", _tempo_curve,
                hearing.tempo_curve, _TEMPO),
    ControlKind("key", "the 24 major and minor keys", _key, hearing.key, _HARMONY),
    ControlKind("scale", f"the notes of these scales, on any tonic: {', '.join(_MODES)}", _scale,
                hearing.scale, _HARMONY),
    ControlKind("metre", ", ".join(_METRES), lambda rng, _: Metre(str(rng.choice(_METRES))),
                hearing.metre, _TYPE),
    ControlKind("instruments", f"two to four of these, and no other: {', '.join(INSTRUMENTS)}",
                _instruments, hearing.instruments, _INSTRUMENT),
    ControlKind("instrument", "one of these, and no other",
                lambda rng, _: Playing((str(rng.choice(INSTRUMENTS)),)), hearing.instruments,
                _INSTRUMENT),
    ControlKind("pitch", "12 to 29 semitones upwards from a pitch of 36 to 66", _pitch,
                hearing.pitch, _PITCH),
    ControlKind("velocity", "ranges of 10 to 30 upwards from 16 to 96", _velocity,
                hearing.velocity, _VELOCITY),
    ControlKind("velocity curve", "a range of 15 upwards from 16-45 to one from 80-107, or back",
                _velocity_curve, hearing.velocity_curve, _VELOCITY, hearing.velocity_pairs,
                "velocity"),
    ControlKind("durations", f"two to four of {', '.join(_NOTE_VALUES)}", _durations,
                hearing.durations, _DURATION),
    ControlKind("chords", f"these, one chord per bar, in any key: {'; '.join(_PROGRESSIONS)}",
                lambda rng, _: Chords(_transposed(rng, str(rng.choice(_PROGRESSIONS)))),
                hearing.chords, _HARMONY),
    ControlKind("density", "3 to 24 notes per bar",
                lambda rng, _: Density(int(rng.integers(3, 25))), hearing.density, _ONSETS,
                hearing.density_pairs, "notes per bar", is_hard=False),
    ControlKind("bars", "half to one and a half times the usual number", _length, hearing.length,
                _TYPE),
    ControlKind("ending", "the major and minor triads",
                lambda rng, _: Ending(_transposed(rng, "C" if rng.random() < 0.5 else "Cm")),
                hearing.ending, _HARMONY),
)  # fmt: skip
CONTROLS: dict[str, ControlKind] = {kind.name: kind for kind in _KINDS}
"""Every control by name, in the order of the report."""
