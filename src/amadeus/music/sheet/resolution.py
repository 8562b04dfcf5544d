"""The time unit of sheet music, in which 64ths and tuplets are all whole numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from amadeus.music.grid import Bars, bars_of, quantize
from amadeus.music.score import Score, TimeSignature

QUARTER = 1680
"""Units per quarter note: 16 x 3 x 5 x 7, so 64ths, triplets, quintuplets and septuplets divide."""
SIXTY_FOURTH = QUARTER // 16
EIGHTH, SIXTEENTH = QUARTER // 2, QUARTER // 4
TOLERANCE = SIXTY_FOURTH // 2
"""How far an onset may move: to its nearest 64th."""


@dataclass(frozen=True, slots=True)
class Grace:
    """A grace note, written before a main note and played as a 64th."""

    pitch: int
    velocity: int
    is_on_beat: bool = False
    """Whether it is played on the beat and delays its main note, or before the beat."""


@dataclass(frozen=True, slots=True)
class StaffNote:
    """A note as it is written on a staff. Times are units from the start of the piece."""

    onset: int
    end: int
    pitch: int
    velocity: int
    graces: tuple[Grace, ...] = ()
    is_rolled: bool = False
    """Whether it belongs to a rolled chord."""
    delay: int = 0
    """How much later than written it is played: in a rolled chord, or after a grace note."""


def in_units(score: Score) -> Score:
    """The score in units of sheet music; time signatures move to the nearest 64th."""
    fine = quantize(score, QUARTER)
    moved = (replace(t, onset_ticks=nearest(t.onset_ticks)) for t in fine.time_signatures)
    return replace(fine, time_signatures=tuple({t.onset_ticks: t for t in moved}.values()))


def nearest(units: int, grid: int = SIXTY_FOURTH) -> int:
    """The nearest multiple of the grid."""
    return (2 * units + grid) // (2 * grid) * grid


def sheet_bars(score: Score) -> Bars:
    """The bars of a score in units, up to one quarter after its end."""
    return bars_of(score, score.end_ticks + QUARTER)


def has_pickup(bars: Bars) -> bool:
    """Whether the first bar is a short one with a time signature of its own."""
    first = bars.time_signatures[0].bar_ticks(QUARTER)
    return len(bars) > 1 and bool(bars.metre[1] == 1) and bool(bars.length_ticks[1] > first)


def shown_metre(bars: Bars, bar: int) -> TimeSignature:
    """The time signature that a bar is counted in; a pickup is counted in that of the next bar."""
    bar = 1 if bar == 0 and has_pickup(bars) else bar
    return bars.time_signatures[bars.metre[bar]]


def is_compound(metre: TimeSignature) -> bool:
    """Whether three eighths make a beat."""
    return metre.denominator == 8 and metre.numerator % 3 == 0
