"""The kinds of constraints, one file each.

`control.constraint` says what a kind may override. Kinds may share a name if their values differ in
form.
"""

from amadeus.control.constraint import Constraint
from amadeus.control.kinds.bars import Length
from amadeus.control.kinds.chords import Chords
from amadeus.control.kinds.density import Density
from amadeus.control.kinds.durations import Durations
from amadeus.control.kinds.end import Ending
from amadeus.control.kinds.form import Form
from amadeus.control.kinds.instruments import Playing
from amadeus.control.kinds.key import InScale
from amadeus.control.kinds.metre import Metre
from amadeus.control.kinds.pitch import PitchRange
from amadeus.control.kinds.repeats import Repeats
from amadeus.control.kinds.tempo import ExactTempo, TempoRange
from amadeus.control.kinds.velocity import Velocities

KINDS: tuple[type[Constraint], ...] = (
    ExactTempo, TempoRange, InScale, Chords, Metre, Playing, PitchRange, Velocities, Durations,
    Density, Repeats, Form, Length, Ending,
)  # fmt: skip
"""All kinds, in the order of the help and of what a prompt states."""
