"""Note values: the symbols, tied together, for a stretch of time."""

from __future__ import annotations

from dataclasses import dataclass

from amadeus.music.score import TimeSignature
from amadeus.music.sheet.resolution import QUARTER, SIXTY_FOURTH, is_compound

_NAMES = ("whole", "half", "quarter", "eighth", "16th", "32nd", "64th")
_WHOLE = 4 * QUARTER
_DOTTED_QUARTER = 3 * QUARTER // 2
_DOTS = {1: 0, 3: 1, 7: 2}


@dataclass(frozen=True, slots=True)
class Value:
    """The duration of one symbol, and its appearance."""

    duration: int
    """In units."""
    name: str
    dots: int = 0
    tuplet: tuple[int, int] | None = None
    """Number of notes, and of the normal notes that last as long, such as (3, 2)."""

    @property
    def num_flags(self) -> int:
        return max(0, _NAMES.index(self.name) - 2)


def _values() -> tuple[Value, ...]:
    """All values without tuplets, the longest first."""
    found = []
    for number, name in enumerate(_NAMES):
        for factor, dots in _DOTS.items():
            duration, rest = divmod(factor * (_WHOLE >> number), (factor + 1) // 2)
            if not rest and duration % SIXTY_FOURTH == 0:
                found.append(Value(duration, name, dots))
    return tuple(sorted(found, key=lambda value: -value.duration))


_ALL = _values()
_BY_DURATION = {value.duration: value for value in _ALL}


def note_values(onset: int, duration: int, metre: TimeSignature) -> list[Value]:
    """The values that last from an onset in a measure so that its beats stay visible.

    Both are multiples of a 64th.
    """
    values, end = [], onset + duration
    while onset < end:
        value = next(v for v in _ALL if onset + v.duration <= end and _is_readable(onset, v, metre))
        values.append(value)
        onset += value.duration
    return values


def tuplet_values(count: int, length: int, actual: int) -> list[Value]:
    """The values of `count` of the `actual` equal parts of a stretch of time."""
    normal = 1 << (actual.bit_length() - 1)
    values = []
    while count:
        parts = next(
            p for p in (16, 12, 8, 6, 4, 3, 2, 1) if p <= count and _has_name(p, length, normal)
        )
        look = _BY_DURATION[parts * length // normal]
        values.append(Value(parts * length // actual, look.name, look.dots, (actual, normal)))
        count -= parts
    return values


def _has_name(parts: int, length: int, normal: int) -> bool:
    return parts * length % normal == 0 and parts * length // normal in _BY_DURATION


def _is_readable(onset: int, value: Value, metre: TimeSignature) -> bool:
    """Whether a symbol may stand there: it fits its beat, or begins and ends with beats."""
    stop = onset + value.duration
    beat = _DOTTED_QUARTER if is_compound(metre) else QUARTER
    if value.duration == SIXTY_FOURTH:
        return True
    if onset // beat == (stop - 1) // beat:
        unit = value.duration // ((2, 3, 7)[value.dots])
        offset = onset % beat
        if value.dots == 2:
            return offset % (8 * unit) in (0, unit)
        return offset % unit == 0
    if is_compound(metre):
        return onset % beat == 0 and value.duration in (beat, 2 * beat, 4 * beat)
    if onset % QUARTER == QUARTER // 2 and value.duration in (QUARTER, _DOTTED_QUARTER):
        # Syncopations are written as such, but the middle of a bar is not hidden.
        half = metre.bar_ticks(QUARTER) // 2
        return not onset < half < stop
    if value.duration == _WHOLE and metre.bar_ticks(QUARTER) == _WHOLE:
        return onset == 0
    is_whole = value.duration % QUARTER == 0 or value.duration == _DOTTED_QUARTER
    return onset % beat == 0 and is_whole and value.dots < 2
