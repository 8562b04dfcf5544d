"""Limits the number of open connections; an idle one is closed to make room for a new one."""

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
"""Connections that the event loop accepts per iteration."""
_CLOSE_ITERATIONS = 4
"""Iterations of the event loop until an idle connection has been closed."""
_RESERVE = _CLOSE_ITERATIONS * BATCH + 48
"""Descriptors for connections being closed, and for the database, pipes and imports."""
_DESCRIPTORS_PER_CONNECTION = 2
"""The socket, and the file that is sent over it."""
_MIN_CONNECTIONS = 8
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_LOG_SECONDS = 60.0
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
)
_BUSY_BODY = (
    b'{"error":{"code":"busy","message":"too many connections; try again later","fields":[]}}'
)


def possible_connections(wanted: int) -> int:
    """How many connections the limit on open files allows, at most `wanted`.

    Raises the limit if necessary, as far as the system allows. Raises ConfigError if fewer than
    _MIN_CONNECTIONS are possible.
    """
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return wanted
    needed = _open_files() + _RESERVE + _DESCRIPTORS_PER_CONNECTION * wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        target = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
            soft = target
        except (OSError, ValueError):  # the system has another limit of its own
            pass
    if soft == resource.RLIM_INFINITY:
        return wanted
    possible = min(wanted, (soft - _open_files() - _RESERVE) // _DESCRIPTORS_PER_CONNECTION)
    if possible < _MIN_CONNECTIONS:
        raise ConfigError(
            f"the limit of {soft} open files is too low to accept connections; raise it, for "
            "example with 'ulimit -n 1024'"
        )
    return possible


def _open_files() -> int:
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return _RESERVE


class Connections:
    """The connections of a server. At the limit, a new connection replaces an idle one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.idle: dict[Connection, None] = {}
        """Connections waiting for the head of a request, longest wait first."""

    def create(self, **settings: Any) -> Connection:
        """Protocol factory for uvicorn."""
        return Connection(self, **settings)


class Connection(H11Protocol):
    """Closes if the head of a request does not arrive in time; uvicorn has no such timeout."""

    def __init__(self, pool: Connections, **settings: Any) -> None:
        super().__init__(**settings)
        self._pool = pool
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._pool.limit and not self._close_idle():
            transport.write(_BUSY % (len(_BUSY_BODY), _BUSY_BODY))
            transport.close()
            return
        self._update_idle_timer()

    def _close_idle(self) -> bool:
        """Close the connection that has been idle longest. Returns False if none is idle."""
        oldest = next(iter(self._pool.idle), None)
        if oldest is None:
            return False
        oldest._stop_idle_timer()
        oldest.transport.close()
        return True

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._update_idle_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._update_idle_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_idle_timer()

    def _update_idle_timer(self) -> None:
        """Run the timer while waiting for the head of a request, and only then."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop_idle_timer()
        elif self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self.transport.close)
            self._pool.idle[self] = None

    def _stop_idle_timer(self) -> None:
        self._pool.idle.pop(self, None)
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None


class AcceptErrorHandler:
    """Exception handler of an event loop; logs failures to accept connections once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count, self._last_logged = 0, float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _SCARCE):
            loop.default_exception_handler(context)
            return
        self._count += 1
        if self._clock() - self._last_logged >= _LOG_SECONDS:
            _LOG.error(
                "could not accept %d connections in the last minute: %s",
                self._count, error.strerror,
            )  # fmt: skip
            self._count, self._last_logged = 0, self._clock()
