"""Connections: how many there may be at once, and which one makes room for another."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import time
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from amadeus.errors import ConfigError

_LOG = logging.getLogger(__name__)
BATCH = 16
"""Connections that the event loop accepts in one of its turns."""
_TURNS = 4
"""Turns until an idle connection that makes room for an accepted one has been closed."""
_RESERVE = _TURNS * BATCH + 48
"""Descriptors for these, and for the database, pipes and imports."""
_EACH = 2
"""Descriptors a connection takes: the socket, and the file that is sent over it."""
_FEWEST = 8
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_COMPLAINT_SECONDS = 60.0
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
)
_BUSY_BODY = (
    b'{"error":{"code":"busy","message":"too many are connected; try again later","fields":[]}}'
)


def possible_connections(most: int) -> int:
    """How many connections there may be, at most `most`, by the limit on open files.

    Raises that limit as far as it is needed and the system allows. Raises ConfigError where too
    few are left.
    """
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return most
    needed = _open_files() + _RESERVE + _EACH * most
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):  # the system has another limit of its own
            pass
    if soft == resource.RLIM_INFINITY:
        return most
    possible = min(most, (soft - _open_files() - _RESERVE) // _EACH)
    if possible < _FEWEST:
        raise ConfigError(
            f"the limit of {soft} open files leaves no room for connections; raise it, as with "
            "'ulimit -n 1024'"
        )
    return possible


def _open_files() -> int:
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return _RESERVE


class Connections:
    """The connections of a server. Beyond the limit, one that is idle makes room for a new one."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.idle: dict[Connection, None] = {}
        """Those that await the head of a request, the one that has waited longest first."""

    def make(self, **given: Any) -> Connection:
        """A protocol for a new connection, as uvicorn asks for it."""
        return Connection(self, **given)


class Connection(H11Protocol):
    """Closed where the head of a request does not come, for which uvicorn waits without end."""

    def __init__(self, others: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._others = others
        self._closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._others.most and not self._make_room():
            transport.write(_BUSY % (len(_BUSY_BODY), _BUSY_BODY))
            transport.close()
            return
        self._watch()

    def _make_room(self) -> bool:
        """Close the connection that has been idle longest; returns whether there was one."""
        oldest = next(iter(self._others.idle), None)
        if oldest is None:
            return False
        oldest._relax()
        oldest.transport.close()
        return True

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._relax()

    def _watch(self) -> None:
        """Set a time as soon as a head is awaited, and only then."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._relax()
        elif self._closing is None:
            self._closing = self.loop.call_later(self.timeout_keep_alive, self.transport.close)
            self._others.idle[self] = None

    def _relax(self) -> None:
        self._others.idle.pop(self, None)
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None


class Complaints:
    """Handles errors of an event loop, and says once a minute that nothing can be accepted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count, self._said = 0, float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _SCARCE):
            loop.default_exception_handler(context)
            return
        self._count += 1
        if self._clock() - self._said >= _COMPLAINT_SECONDS:
            _LOG.error(
                "no connection could be accepted, %d times in the last minute: %s",
                self._count, error.strerror,
            )  # fmt: skip
            self._count, self._said = 0, self._clock()
