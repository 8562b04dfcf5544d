"""The kinds of constraints, one file each.

A file holds the class of a kind, or two, and its `Kind`. What a class may override, and when that
is used, is in `control.constraint`.
"""

from amadeus.control.kinds.bars import BARS, Length
from amadeus.control.kinds.chords import CHORDS, Chords
from amadeus.control.kinds.density import DENSITY, Density
from amadeus.control.kinds.durations import DURATIONS, Durations
from amadeus.control.kinds.end import END, Ending
from amadeus.control.kinds.instruments import INSTRUMENTS, Playing
from amadeus.control.kinds.key import KEY, InScale
from amadeus.control.kinds.kind import Kind
from amadeus.control.kinds.metre import METRE, Metre
from amadeus.control.kinds.pitch import PITCH, PitchRange
from amadeus.control.kinds.repeats import REPEATS, Repeats
from amadeus.control.kinds.tempo import TEMPO, ExactTempo, TempoRange
from amadeus.control.kinds.velocity import VELOCITY, Velocities

KINDS = (
    KEY, PITCH, INSTRUMENTS, TEMPO, METRE, CHORDS, VELOCITY, DURATIONS, DENSITY, REPEATS, BARS, END,
)  # fmt: skip
"""All kinds, in the order of the help."""

__all__ = [
    "KINDS",
    "Chords",
    "Density",
    "Durations",
    "Ending",
    "ExactTempo",
    "InScale",
    "Kind",
    "Length",
    "Metre",
    "PitchRange",
    "Playing",
    "Repeats",
    "TempoRange",
    "Velocities",
]
