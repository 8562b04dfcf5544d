"""Control: constraints and edits as exact masks on what the model may draw. No retraining.

constraint         what every constraint can do
kinds              the kinds of constraints, one file each
scope              the bars and instruments that a constraint applies to
parse              constraints as text; the list of kinds for help and manual
plan               every bar of a piece as a union of products; conflicts and casting are part of it
engine             the plan applied row by row
recall             bars that return, as the form of a piece asks
ending             what the last bar prefers
soft_constraints   the logit biases; tonality is that of a key
check              where a piece breaks a constraint
edit, selection    what is to change about a piece that is given, and which rows that is
note_range         single notes, named by pitch, instrument and place
passage, revision  the rows that stay and those that are drawn anew, and their constraints
"""

from amadeus.control.check import violations
from amadeus.control.constraint import Constraint
from amadeus.control.constraints import Constraints
from amadeus.control.engine import Control
from amadeus.control.kinds import (
    Chords,
    Density,
    Durations,
    Ending,
    ExactTempo,
    Form,
    InScale,
    Length,
    Metre,
    PitchRange,
    Playing,
    Repeats,
    TempoRange,
    Velocities,
)
from amadeus.control.parse import parse_constraint
from amadeus.control.plan import Plan
from amadeus.control.scope import Scope

__all__ = [
    "Chords", "Constraint", "Constraints", "Control", "Density", "Durations", "Ending",
    "ExactTempo", "Form", "InScale", "Length", "Metre", "PitchRange", "Plan", "Playing", "Repeats",
    "Scope", "TempoRange", "Velocities", "parse_constraint", "violations",
]  # fmt: skip
