"""The profile of a piece or an excerpt, and the ranges that its measures are divided into."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from amadeus.errors import ConfigError
from amadeus.music.keys import Key

MAX_PARTS = 8
"""Most instruments that a profile lists: the ones with the most notes."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number measured from the notes, and the ranges it is divided into."""

    name: str
    """The field of `Profile`."""
    title: str
    """How musicians would call it."""
    edges: tuple[float, ...]
    """Where one range ends and the next begins; there is one range more than edges."""
    words: tuple[str, str]
    """What a low and a high value is called."""
    unit: str = ""

    def range_of(self, value: float) -> int:
        """The range that a value falls into, from 0 to len(edges)."""
        return bisect_right(self.edges, value)


MEASURES: tuple[Measure, ...] = (
    Measure(
        "notes_per_bar", "notes per bar", (2, 4, 6, 8, 11, 15, 20, 28, 40, 60), ("sparse", "busy")
    ),
    Measure(
        "chord_size", "chord size", (1.05, 1.25, 1.5, 1.8, 2.2, 2.8, 3.5),
        ("single notes", "full chords"), "notes",
    ),
    Measure(
        "register", "register", (45, 50, 54, 58, 61, 64, 67, 71, 76), ("low", "high"), "MIDI pitch"
    ),
    Measure(
        "loudness", "loudness", (40, 52, 60, 68, 76, 84, 92, 100, 110), ("soft", "loud"),
        "MIDI velocity",
    ),
    Measure(
        "velocity_spread", "spread of velocities", (0.5, 3, 6, 9, 12, 16, 21), ("flat", "wide"),
        "standard deviation",
    ),
    Measure(
        "duration_variety", "variety of durations", (0.3, 0.7, 1.1, 1.5, 1.9, 2.3, 2.7, 3.2),
        ("uniform", "varied"), "bits",
    ),
    Measure(
        "chord_changes", "chord changes per bar", (0.1, 0.25, 0.45, 0.65, 0.85, 1.1, 1.6, 2.4),
        ("static", "changing"),
    ),
    Measure(
        "repetition", "repeated bars", (0.02, 0.12, 0.25, 0.4, 0.55, 0.7, 0.85),
        ("through-composed", "looping"), "share",
    ),
)  # fmt: skip
"""In the order in which the network reads them."""

MAIN, SECOND, SMALL = "main", "second", "small"
SHARES: tuple[str, ...] = (MAIN, SECOND, SMALL)
"""Rough shares of the notes: 40 % and more, 15 % and more, and less."""
_SHARE_EDGES = (0.15, 0.4)


@dataclass(frozen=True, slots=True)
class Part:
    """An instrument of a profile."""

    instrument: int
    """Value of the attribute `instrument`: a General MIDI program from 0, plus 1, or DRUMS."""
    share: float | None = None
    """Share of all notes, 0 to 1; None where it is open."""

    @property
    def rough_share(self) -> str | None:
        """One of SHARES."""
        return None if self.share is None else SHARES[2 - bisect_right(_SHARE_EDGES, self.share)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What can be said of a piece or an excerpt. None and empty tuples mean: left open."""

    key: Key | None = None
    bpm: float | None = None
    """Tempo at the first note, in quarter notes a minute."""
    time_signature: str | None = None
    """The metre of the greatest total length: "3/4"."""
    parts: tuple[Part, ...] = ()
    """Instruments, the one with the most notes first, MAX_PARTS at most."""
    num_parts: int | None = None
    """How many instruments play, those that `parts` does not list included."""
    notes_per_bar: float | None = None
    chord_size: float | None = None
    """Notes that one instrument begins at once, drums left out: 1 in a melody."""
    register: float | None = None
    """Median MIDI pitch, drums left out."""
    loudness: float | None = None
    """Mean MIDI velocity."""
    velocity_spread: float | None = None
    """Standard deviation of MIDI velocities; 0 where all are equal."""
    duration_variety: float | None = None
    """Entropy of the durations in bits, drums left out where there is anything else."""
    chord_changes: float | None = None
    """Changes of harmony per bar."""
    repetition: float | None = None
    """Share of the bars with notes that repeat an earlier bar exactly."""
    genres: tuple[str, ...] = ()
    """Labelled, as in `labels.GENRES`."""
    forms: tuple[str, ...] = ()
    """Labelled, as in `labels.FORMS`."""
    moods: tuple[str, ...] = ()
    """Labelled, as in `labels.MOODS`."""
    from_start: bool | None = None
    """Whether it begins where the piece begins."""
    bars_left: int | None = None
    """Bars from its first one to the end of the piece."""

    @property
    def stated(self) -> dict[str, Any]:
        """The values that are not left open, by field."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {
            name: value
            for name, value in values.items()
            if not (value is None or (isinstance(value, tuple) and not value))
        }

    def with_values_of(self, other: Profile) -> Profile:
        """This profile, where the values that another one states outweigh its own."""
        return replace(self, **other.stated)

    def without(self, fields: Iterable[str]) -> Profile:
        """This profile with some values left open. Raises ConfigError for an unknown field."""
        fields = tuple(fields)
        for name in fields:
            if name not in FIELDS:
                raise ConfigError(
                    f"{name!r} is no value of a profile; choose from {', '.join(FIELDS)}"
                )
        return replace(self, **{name: getattr(Profile(), name) for name in fields})


FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Profile))
"""The names of the values, in the order in which the network reads them."""
