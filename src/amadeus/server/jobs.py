"""A job and its events, which several clients may follow, from the beginning or a later event."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import AsyncGenerator
from datetime import datetime, timezone
from typing import Any, Literal

from amadeus.server import models
from amadeus.server.tasks import Task

PING_SECONDS = 15.0
_PING = b": still here\n\n"

State = Literal["queued", "running", "done", "failed", "cancelled"]


def new_id() -> str:
    """A random identifier that cannot be guessed."""
    return secrets.token_hex(8)


def now() -> str:
    """The current time in ISO 8601 format, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Job:
    """Used on the event loop only, except for `claim`, which is thread-safe."""

    def __init__(self, task: Task, client: str) -> None:
        self.id, self.created = new_id(), now()
        self.began = time.monotonic()
        self.task, self.client = task, client
        self.state: State = "queued"
        self.progress = models.Progress(of_bars=task.of_bars)
        self.piece: str | None = None
        self.error: models.Fault | None = None
        self.followers: set[asyncio.Event] = set()
        self._events: list[bytes] = []
        self._dropped = 0
        self._claim = threading.Lock()

    @property
    def has_ended(self) -> bool:
        return self.state not in ("queued", "running")

    @property
    def num_events(self) -> int:
        """Number of events so far, which is also the number of the last event."""
        return self._dropped + len(self._events)

    def claim(self) -> bool:
        """Whether the caller may decide how the job ends: true for the first call only."""
        return self._claim.acquire(blocking=False)

    def set_state(self, state: State, position: int = 0) -> None:
        """Change the state, and publish the change."""
        self.state = state
        self.publish(state if self.has_ended else "state", self.describe(position).model_dump())

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Send an event to the followers, in the wire format of server-sent events."""
        number = self.num_events + 1
        text = json.dumps(data, separators=(",", ":"))
        self._events.append(f"id: {number}\nevent: {event}\ndata: {text}\n\n".encode())
        for follower in self.followers:
            follower.set()

    def discard_history(self) -> None:
        """Drop all events but the last."""
        self._dropped += len(self._events) - 1
        del self._events[:-1]

    async def follow(self, last: int = 0) -> AsyncGenerator[bytes, None]:
        """Yields the events after number `last`, until the job ends."""
        wakeup = asyncio.Event()
        self.followers.add(wakeup)
        last = min(last, self.num_events)
        try:
            while True:
                wakeup.clear()
                new_events = self._events[max(0, last - self._dropped) :]
                if new_events:
                    last = self.num_events
                    yield b"".join(new_events)
                elif self.has_ended:
                    return
                else:
                    try:
                        await asyncio.wait_for(wakeup.wait(), PING_SECONDS)
                    except asyncio.TimeoutError:
                        yield _PING
        finally:
            self.followers.discard(wakeup)

    def describe(self, position: int = 0) -> models.JobStatus:
        """The job's status for clients. position: number of jobs that start before it."""
        return models.JobStatus(
            id=self.id,
            kind=self.task.kind,
            state=self.state,
            created=self.created,
            position=position,
            progress=self.progress,
            seed=self.task.seed,
            understood=self.task.understood,
            explained=self.task.explained,
            profile=self.task.profile,
            changes=self.task.changes,
            piece=self.piece,
            error=self.error,
        )
