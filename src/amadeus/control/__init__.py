"""Control: what the music must be, as exact masks on what the model may draw. No retraining.

rules, structure   the constraints, one class each
scope              the bars and instruments that one holds for
parse              constraints as text
plan               every bar of a piece as a union of products; conflicts and casting are part of it
engine             the plan applied row by row; soft_constraints and tonality are its soft side
check              where a piece breaks a constraint
edit, selection    what is to change about a piece that is given, and which rows that is
note_range         single notes, named by pitch, instrument and place
passage, revision  the rows that stay and those that are drawn anew, and what holds for these
"""

from amadeus.control.check import violations
from amadeus.control.constraints import Constraints
from amadeus.control.engine import Control
from amadeus.control.parse import parse_constraint
from amadeus.control.plan import Plan
from amadeus.control.rules import Constraint, Durations, InScale, PitchRange, Velocities
from amadeus.control.scope import Scope
from amadeus.control.structure import (
    Chords,
    Density,
    Ending,
    ExactTempo,
    Length,
    Metre,
    Playing,
    TempoRange,
)

__all__ = [
    "Chords",
    "Constraint",
    "Constraints",
    "Control",
    "Density",
    "Durations",
    "Ending",
    "ExactTempo",
    "InScale",
    "Length",
    "Metre",
    "PitchRange",
    "Plan",
    "Playing",
    "Scope",
    "TempoRange",
    "Velocities",
    "parse_constraint",
    "violations",
]
