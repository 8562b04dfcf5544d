"""A job and its events, which any number of clients may follow, from the beginning or later."""

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
    """An identifier that nobody can guess."""
    return secrets.token_hex(8)


def now() -> str:
    """The time, to the millisecond, as ISO 8601 has it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Job:
    """Belongs to the event loop, but for `claim`."""

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
        """How many there have been, which is the number of the last one."""
        return self._dropped + len(self._events)

    def claim(self) -> bool:
        """Whether its end is the caller's to decide: the first one to ask decides it."""
        return self._claim.acquire(blocking=False)

    def set_state(self, state: State, position: int = 0) -> None:
        """Enter a state, and tell the followers."""
        self.state = state
        self.publish(state if self.has_ended else "state", self.describe(position).model_dump())

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Tell the followers of something, in the wire format of server-sent events."""
        number = self.num_events + 1
        text = json.dumps(data, separators=(",", ":"))
        self._events.append(f"id: {number}\nevent: {event}\ndata: {text}\n\n".encode())
        for follower in self.followers:
            follower.set()

    def forget(self) -> None:
        """Keep the last event only."""
        self._dropped += len(self._events) - 1
        del self._events[:-1]

    async def follow(self, last: int = 0) -> AsyncGenerator[bytes, None]:
        """Its events after number `last`, until it ends."""
        news = asyncio.Event()
        self.followers.add(news)
        last = min(last, self.num_events)
        try:
            while True:
                news.clear()
                fresh = self._events[max(0, last - self._dropped) :]
                if fresh:
                    last = self.num_events
                    yield b"".join(fresh)
                elif self.has_ended:
                    return
                else:
                    try:
                        await asyncio.wait_for(news.wait(), PING_SECONDS)
                    except asyncio.TimeoutError:
                        yield _PING
        finally:
            self.followers.discard(news)

    def describe(self, position: int = 0) -> models.Job:
        """What clients are told. position: jobs that begin before it."""
        return models.Job(
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
