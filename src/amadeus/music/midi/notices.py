"""Notices: what was repaired or passed over in reading a file, counted, with the first place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of repair."""

    text: str
    """What was found and what was done about it."""
    count: int
    """How often."""
    track: int | None = None
    """The track of the first occurrence, counted from 1."""
    tick: int | None = None
    """The tick of the first occurrence."""

    def __str__(self) -> str:
        places = [
            f"{name} {value}"
            for name, value in (("track", self.track), ("tick", self.tick))
            if value is not None
        ]
        first = "first at " if self.count > 1 else ""
        place = f" ({first}{', '.join(places)})" if places else ""
        return f"{self.text}{f', {self.count:,} times' if self.count > 1 else ''}{place}"


class Notices:
    """Collects notices; occurrences of one kind are counted together."""

    def __init__(self) -> None:
        self._found: dict[str, Notice] = {}

    def add(
        self, text: str, track: int | None = None, tick: int | None = None, count: int = 1
    ) -> None:
        """track: counted from 0; None where there is none."""
        before = self._found.get(text)
        if before is None:
            place = None if track is None else track + 1
            self._found[text] = Notice(text, count, place, tick)
        else:
            self._found[text] = Notice(text, before.count + count, before.track, before.tick)

    def extend(self, others: Notices) -> None:
        """Add notices of other kinds."""
        self._found.update(others._found)

    def __iter__(self) -> Iterator[Notice]:
        return iter(self._found.values())
