"""`repeats`: how often a bar may be repeated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from amadeus.control.constraint import Constraint, Note, Room, Tracker
from amadeus.control.kinds.reading import match
from amadeus.control.scope import Scope
from amadeus.errors import ConfigError
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute


@dataclass(frozen=True, slots=True)
class Repeats(Constraint):
    """How often a bar may be repeated, immediately or later. Empty bars do not count."""

    name: ClassVar[str] = "repeats"
    examples: ClassVar[tuple[str, ...]] = ("none", "at most 2")
    note: ClassVar[str] = "how often a bar may be repeated"

    most: int = 0
    """Repeats of a bar, besides the first time."""

    @classmethod
    def read(cls, value: str, scope: Scope) -> Constraint:
        none, most = match(r"(none)|(?:at most\s+)?(\d{1,4})", value).groups()
        return cls(0 if none else int(most), scope=scope)

    def validate(self) -> None:
        if self.most < 0:
            raise ConfigError(f"repeats: a bar has at least 0 repeats, got {self.most}")

    @property
    def value(self) -> str:
        return f"at most {self.most}" if self.most else "none"

    @property
    def hard(self) -> str:
        bars = f"at most {self.most + 1} bars" if self.most else "no two bars"
        return f"{bars} have the same onsets, instruments and pitches"

    @property
    def needs_end(self) -> bool:
        return True

    def conflict(self, other: Any, bars: Sequence[int], num_bars: int | None) -> str:
        return f"bar {bars[0] + 1} can only have one limit" if bars and self != other else ""

    def refusal_in_edit(self, drawn: frozenset[Attribute]) -> str:
        return "an edit keeps bars and notes, which may repeat; leave this out"

    def check_room(self, rooms: Sequence[int]) -> None:
        for bar, room in enumerate(rooms):
            used = (bar - self.scope.first) // (self.most + 1)
            if self.scope.covers(bar) and 0 < room <= used:
                raise ConfigError(
                    f"{self.described}: the other constraints leave too few notes for bar "
                    f"{bar + 1} to differ from the bars before; allow more"
                )

    def tracker(self) -> Tracker:
        return _UsedBars(self)

    def breaches(self, rows: np.ndarray, bars: np.ndarray, num_bars: int) -> Iterator[str]:
        sound = v.has_sound(rows[:, Attribute.TYPE])
        bars_of: defaultdict[tuple[Note, ...], list[int]] = defaultdict(list)
        for bar in np.unique(bars[sound]).tolist():
            bars_of[tuple(map(_note, rows[sound & (bars == bar)]))].append(bar)
        for first, *others in bars_of.values():
            for bar in others[self.most :]:
                yield f"bar {bar + 1}: it repeats bar {first + 1} and breaks {self.described}"


class _UsedBars(Tracker):
    """The contents of bars that may not occur again.

    A bar may go on like one of these as long as it can still become different: if it may end
    sooner, or if more notes are possible next than there are used bars to tell apart.
    """

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats
        self._counts: Counter[tuple[Note, ...]] = Counter()
        self._used: frozenset[tuple[Note, ...]] = frozenset()
        self._bar = -1
        self._notes: tuple[Note, ...] = ()

    def update(self, row: np.ndarray, bar: int) -> None:
        if v.opens_bar(row[0]):
            self._used = self._used_after()
            self._counts[self._notes] += 1
            self._bar, self._notes = bar, ()
        if v.has_sound(row[0]) and self._repeats.scope.covers(bar):
            self._notes += (_note(row),)

    def _used_after(self) -> frozenset[tuple[Note, ...]]:
        """The contents that are used if the current bar ends here."""
        is_used = self._notes and self._counts[self._notes] >= self._repeats.most
        return self._used | {self._notes} if is_used else self._used

    def may_close(self) -> bool:
        return self._notes not in self._used

    def banned(self, bar: int, room: Callable[[Note], Room]) -> frozenset[Note]:
        used, prefix = (self._used, self._notes) if bar == self._bar else (self._used_after(), ())
        ends: defaultdict[Note, list[tuple[Note, ...]]] = defaultdict(list)
        for notes in used:
            if len(notes) > len(prefix) and notes[: len(prefix)] == prefix:
                ends[notes[len(prefix)]].append(notes[len(prefix) + 1 :])
        return frozenset(note for note in ends if not _can_differ(ends[note], room(note)))


def _can_differ(ends: list[tuple[Note, ...]], room: Room) -> bool:
    """Whether a bar can become different from used ones that go on like this."""
    return (room.may_close and () not in ends) or room.notes > len({end[:1] for end in ends} - {()})


def _note(row: np.ndarray) -> Note:
    return int(row[Attribute.BEAT]), int(row[Attribute.INSTRUMENT]), int(row[Attribute.PITCH])
