"""Faults: what makes a musician throw a piece away, whatever the style.

Real pieces have them as well, but rarely. They are counted by `amadeus evaluate`, and count against
a candidate while a piece is composed.
"""

from __future__ import annotations

import numpy as np

from amadeus.critic.bars import Bars
from amadeus.critic.harmony import longest_chord
from amadeus.critic.melody import bars_on_one_pitch
from amadeus.critic.registers import semitones_outside

MOST_BARS = 8
"""A pitch or a chord may go on for this many bars."""
_OUTSIDE = 0.1
"""The share of its notes that a part may have outside the register of its instrument."""

STUCK = f"one pitch for more than {MOST_BARS} bars"
REGISTER = "a part out of its register"
CHORD = f"one chord for more than {MOST_BARS} bars"
METRES = "several time signatures"
FAULTS = (STUCK, REGISTER, CHORD, METRES)


def find_faults(rows: np.ndarray) -> tuple[str, ...]:
    """Which of FAULTS a piece has. rows: tokens [N, A]."""
    bars = Bars.of(rows)
    pitched = bars.pitched
    present = {
        STUCK: any(bars_on_one_pitch(part) > MOST_BARS for part in pitched.parts),
        REGISTER: any((semitones_outside(p) > 0).mean() > _OUTSIDE for p in pitched.parts),
        CHORD: longest_chord(rows, pitched) > MOST_BARS,
        METRES: len(np.unique(bars.metres)) > 1,
    }
    return tuple(name for name in FAULTS if present[name])
