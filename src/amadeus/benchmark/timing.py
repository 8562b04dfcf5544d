"""Timing several systems fairly on a machine that does other work as well.

They take turns, round by round, so that a busy minute slows all of them; what is compared is
compared within a round; and the median and the spread of the rounds are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

Tick = Callable[[], None]
Progress = Callable[[str, int, int], None]
"""Called with what is timed, and the takes done and all of them."""
_FEWEST, _MOST = 3, 256


@dataclass(frozen=True, slots=True)
class Load:
    """What a system is asked to do."""

    batch: int = 1
    """Pieces at once."""
    steps: int = 8
    """Predictions a note."""
    context: int = 256
    """Rows that are given before the first note."""


class Axis(NamedTuple):
    """One thing about the load that varies."""

    title: str
    of: Callable[[Load], int]


AXES = {
    "batch": Axis("pieces at once", lambda load: load.batch),
    "steps": Axis("steps a note", lambda load: load.steps),
    "contexts": Axis("rows that went before", lambda load: load.context),
}


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Something that composes."""

    name: str
    parameters: int
    play: Callable[[Load, int, Tick], None]
    """play(load, events, tick) composes, and calls tick whenever all pieces have one event more."""
    events_per_note: float = 1.0
    """An event is a note, or a token of one."""
    at_once: int = 1
    """Events that come together; a take is a multiple of them."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of every round."""

    rounds: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.rounds)

    def __str__(self) -> str:
        low, high = min(self.rounds), max(self.rounds)
        return f"{short(self.median)} ({short(low)} to {short(high)})"

    def to_dict(self) -> dict[str, Any]:
        return {
            "median": self.median,
            "low": min(self.rounds),
            "high": max(self.rounds),
            "rounds": list(self.rounds),
        }


def short(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A system under a load, over all rounds."""

    system: System
    load: Load
    events: int
    """Events in a take."""
    notes_per_second: Spread
    """Of all pieces together, the first note of each left out, and what comes with it."""
    first_ms: Spread
    """Milliseconds until the first event of every piece, the given rows read."""

    def times_as_fast_as(self, other: Measured) -> Spread:
        """The ratio in every round."""
        pairs = zip(self.notes_per_second.rounds, other.notes_per_second.rounds, strict=True)
        return Spread([mine / yours for mine, yours in pairs])

    @property
    def ms_per_note(self) -> float:
        """Milliseconds that a note takes, of as many at once as there are pieces."""
        return 1000 * self.load.batch / self.notes_per_second.median

    def to_dict(self) -> dict[str, Any]:
        return {
            "system": self.system.name,
            "parameters": self.system.parameters,
            "batch": self.load.batch,
            "steps": self.load.steps,
            "context": self.load.context,
            "events_per_note": self.system.events_per_note,
            "events_in_a_take": self.events,
            "notes_per_second": self.notes_per_second.to_dict(),
            "ms_per_note": self.ms_per_note,
            "first_event_ms": self.first_ms.to_dict(),
        }


def by_system(measured: Sequence[Measured]) -> dict[str, list[Measured]]:
    """What was measured of each system, in order."""
    systems: dict[str, list[Measured]] = {}
    for one in measured:
        systems.setdefault(one.system.name, []).append(one)
    return systems


def measure(
    pairs: Sequence[tuple[System, Load]], *, rounds: int, seconds: float, progress: Progress
) -> list[Measured]:
    """Time every system under its load, in turns; a take lasts about `seconds`."""
    total = len(pairs) * (rounds + 1)
    events = []
    for done, (system, load) in enumerate(pairs):
        progress(system.name, done, total)
        at_once = system.at_once
        _, event_s = _take(system, load, _FEWEST * at_once)  # warms up as well
        asked = min(_MOST, round(seconds / event_s)) // at_once
        events.append(max(_FEWEST, asked) * at_once)
    takes: list[dict[int, tuple[float, float]]] = []
    for turn in range(rounds):
        takes.append({})
        places = range(len(pairs))
        # Every other round in reverse order, so that no system always follows the same one.
        for place in reversed(places) if turn % 2 else places:
            system, load = pairs[place]
            progress(system.name, (turn + 1) * len(pairs) + len(takes[-1]), total)
            takes[-1][place] = _take(system, load, events[place])
    return [
        Measured(
            system, load, events[place],
            Spread([load.batch / (t[place][1] * system.events_per_note) for t in takes]),
            Spread([1000 * t[place][0] for t in takes]),
        )
        for place, (system, load) in enumerate(pairs)
    ]  # fmt: skip


def _take(system: System, load: Load, events: int) -> tuple[float, float]:
    """Seconds until the first event, and seconds for each of those that come after it."""
    times = [perf_counter()]
    system.play(load, events, lambda: times.append(perf_counter()))
    first = system.at_once
    return times[1] - times[0], (times[events] - times[first]) / (events - first)
