"""Running the server: from binding its socket to a graceful stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from uvicorn.server import HANDLED_SIGNALS

from amadeus.errors import ConfigError
from amadeus.server.limits import Limits

_CLOSING_SECONDS = 10
"""For answers that are still being sent when every job has ended."""
_PATIENCE = 0.05


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ConfigError where that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(
            f"{host}:{port} cannot be listened on ({error}); choose another --host or --port"
        ) from None
    return listener


class Server(uvicorn.Server):
    """Ends its jobs before it waits for connections, some of which last as long as a job."""

    def __init__(
        self, app: FastAPI, limits: Limits, grace: float, started: Callable[[], None]
    ) -> None:
        """grace: seconds that jobs get to end. started: called when it takes requests."""
        super().__init__(
            uvicorn.Config(
                app, log_level="warning", access_log=False, server_header=False, ws="none",
                lifespan="on", limit_concurrency=limits.connections, timeout_keep_alive=30,
                timeout_graceful_shutdown=_CLOSING_SECONDS, proxy_headers=False,
            )
        )  # fmt: skip
        self._app, self._grace, self._tell = app, grace, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        runner = self._app.state.services.runner
        stopping = asyncio.create_task(runner.stop(self._grace))
        while not (stopping.done() or self.force_exit):  # which a second Ctrl-C sets
            await asyncio.wait([stopping], timeout=_PATIENCE)
        await super().shutdown(sockets)


def serve(server: Server, listener: socket.socket) -> None:
    """Run until SIGTERM or Ctrl-C, and return when everything has been put away."""
    # Uvicorn raises what it caught once more when it is done; that has been answered by then.
    for number in HANDLED_SIGNALS:
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])
