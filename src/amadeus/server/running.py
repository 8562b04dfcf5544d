"""Runs the server, from binding its socket to graceful shutdown."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI
from uvicorn.server import HANDLED_SIGNALS

from amadeus.errors import ConfigError, ServerError
from amadeus.server.connections import BATCH, AcceptErrorHandler, Connections, possible_connections
from amadeus.server.limits import Limits

_CLOSE_SECONDS = 10
"""Time to finish sending responses after all jobs have ended."""
_POLL_SECONDS = 0.05
_QUEUE = 1024
"""Connections that the system queues until they are accepted."""


def bind(host: str, port: int) -> socket.socket:
    """A bound socket. Raises ConfigError if the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host}:{port} ({error}); choose another --host or --port"
        ) from None
    return listener


class Server(uvicorn.Server):
    """Ends its jobs before waiting for connections to close, as some last as long as a job."""

    def __init__(
        self,
        app: FastAPI,
        limits: Limits,
        grace: float,
        on_started: Callable[[], None],
        proxies: Sequence[str] = (),
    ) -> None:
        """grace: seconds for jobs to end. on_started: called when the server accepts requests.

        proxies: addresses of proxies whose forwarding headers are trusted.
        Raises ConfigError if the limit on open files is too low.
        """
        connections = Connections(possible_connections(limits.connections))
        super().__init__(
            uvicorn.Config(
                app, http=connections.create,  # type: ignore[arg-type]
                loop="asyncio", log_level="warning", access_log=False, server_header=False,
                ws="none", lifespan="on", backlog=BATCH,
                timeout_keep_alive=limits.body_seconds, proxy_headers=bool(proxies),
                timeout_graceful_shutdown=_CLOSE_SECONDS, forwarded_allow_ips=[*proxies],
            )
        )  # fmt: skip
        self._app, self._grace, self._on_started = app, grace, on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(AcceptErrorHandler())
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_QUEUE)  # asyncio sets the queue to its batch size
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        scheduler = self._app.state.services.scheduler
        stopping = asyncio.create_task(scheduler.stop(self._grace))
        while not (stopping.done() or self.force_exit):  # set by a second Ctrl-C
            await asyncio.wait([stopping], timeout=_POLL_SECONDS)
        await super().shutdown(sockets)


def serve(server: Server, listener: socket.socket) -> None:
    """Run until SIGTERM or Ctrl-C; returns after a clean shutdown.

    Raises ServerError if the server cannot start.
    """
    # Uvicorn raises the signals it caught again after shutdown, when they have been handled.
    for number in HANDLED_SIGNALS:
        signal.signal(number, lambda *_: None)
    with listener:
        server.run(sockets=[listener])
    if not server.started:  # older versions of uvicorn return instead of exiting
        raise ServerError("the server could not start; see the messages above")
