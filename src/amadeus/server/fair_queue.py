"""A bounded queue that shares the server fairly among its clients."""

from __future__ import annotations

from collections import Counter
from typing import Generic, TypeVar

from amadeus.errors import BusyError

T = TypeVar("T")


class TooManyJobs(BusyError):
    """A client has as many jobs waiting as one client may have."""


class FairQueue(Generic[T]):
    """Serves the client with the fewest running jobs first; ties go to the longest wait."""

    def __init__(self, max_waiting: int, max_per_client: int) -> None:
        """Limits on the number of waiting jobs, in total and per client."""
        self._max_waiting, self._max_per_client = max_waiting, max_per_client
        self._waiting: list[tuple[str, T]] = []
        self._running: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        return self._running.total()

    def check_capacity(self, client: str) -> None:
        """Raises TooManyJobs if the client has too many jobs waiting, BusyError if all do."""
        if sum(owner == client for owner, _ in self._waiting) >= self._max_per_client:
            raise TooManyJobs(
                f"{self._max_per_client} of your jobs are already waiting; wait until one starts"
            )
        if len(self._waiting) >= self._max_waiting:
            raise BusyError(f"{self._max_waiting} jobs are already waiting; try again later")

    def add(self, client: str, job: T) -> None:
        """Append a job. Raises the errors of `check_capacity`."""
        self.check_capacity(client)
        self._waiting.append((client, job))

    def order(self) -> list[T]:
        """The waiting jobs in the order in which they would start if none ended or arrived."""
        ahead = Counter(self._running)
        ranked = []
        for arrival, (client, job) in enumerate(self._waiting):
            ranked.append((ahead[client], arrival, job))
            ahead[client] += 1
        return [job for _, _, job in sorted(ranked, key=lambda rank: rank[:2])]

    def take(self) -> T:
        """Remove the next job from the queue and count it as running."""
        job = self.order()[0]
        client = self.remove(job)
        self._running[client] += 1
        return job

    def remove(self, job: T) -> str:
        """Remove a waiting job; returns its client."""
        index = next(i for i, (_, other) in enumerate(self._waiting) if other is job)
        return self._waiting.pop(index)[0]

    def end(self, client: str) -> None:
        """A running job of this client has ended."""
        self._running[client] -= 1
        self._running += Counter()  # drops clients whose count is 0
