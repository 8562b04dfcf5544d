"""Whose turn it is: a bounded queue that is fair to those who wait in it."""

from __future__ import annotations

from collections import Counter
from typing import Generic, TypeVar

from amadeus.errors import BusyError

T = TypeVar("T")


class TooMany(BusyError):
    """One client waits for more than one client may."""


class Turns(Generic[T]):
    """Whoever has fewest running goes first, and of these, whoever has waited for longest."""

    def __init__(self, most: int, most_each: int) -> None:
        """most: that wait in all. most_each: of one client."""
        self._most, self._most_each = most, most_each
        self._waiting: list[tuple[str, T]] = []
        self._running: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        return self._running.total()

    def check_room(self, client: str) -> None:
        """Raises TooMany, or BusyError where everybody together has too many."""
        if sum(who == client for who, _ in self._waiting) >= self._most_each:
            raise TooMany(f"{self._most_each} of your jobs are waiting already; let one begin")
        if len(self._waiting) >= self._most:
            raise BusyError(f"{self._most} jobs are waiting already; try again later")

    def add(self, client: str, one: T) -> None:
        """Wait at the end. Raises as `check_room` does."""
        self.check_room(client)
        self._waiting.append((client, one))

    def order(self) -> list[T]:
        """All who wait, in the order in which they would begin if nobody ended or came."""
        ahead = Counter(self._running)
        ranked = []
        for arrival, (client, one) in enumerate(self._waiting):
            ranked.append((ahead[client], arrival, one))
            ahead[client] += 1
        return [one for _, _, one in sorted(ranked, key=lambda rank: rank[:2])]

    def take(self) -> T:
        """The next one, which is running from now on."""
        one = self.order()[0]
        client = self.remove(one)
        self._running[client] += 1
        return one

    def remove(self, one: T) -> str:
        """Wait no longer; returns whose it was."""
        place = next(i for i, (_, other) in enumerate(self._waiting) if other is one)
        return self._waiting.pop(place)[0]

    def end(self, client: str) -> None:
        """One that was running has ended."""
        self._running[client] -= 1
        self._running += Counter()  # forgets clients without any
