"""Running the server: from binding its socket to a graceful stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI
from uvicorn.server import HANDLED_SIGNALS

from amadeus.errors import ConfigError, ServerError
from amadeus.server.connections import BATCH, Complaints, Connections, possible_connections
from amadeus.server.limits import Limits

_CLOSING_SECONDS = 10
"""For answers that are still being sent when every job has ended."""
_PATIENCE = 0.05
_QUEUE = 1024
"""Connections that the system holds until they are accepted."""


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
        self,
        app: FastAPI,
        limits: Limits,
        grace: float,
        started: Callable[[], None],
        proxies: Sequence[str] = (),
    ) -> None:
        """grace: seconds that jobs get to end. started: called when it takes requests.

        proxies: addresses of proxies, who are believed about whom they speak for.
        Raises ConfigError where too few files may be open.
        """
        connections = Connections(possible_connections(limits.connections))
        super().__init__(
            uvicorn.Config(
                app, http=connections.make,  # type: ignore[arg-type]
                loop="asyncio", log_level="warning", access_log=False, server_header=False,
                ws="none", lifespan="on", backlog=BATCH,
                timeout_keep_alive=limits.body_seconds, proxy_headers=bool(proxies),
                timeout_graceful_shutdown=_CLOSING_SECONDS, forwarded_allow_ips=[*proxies],
            )
        )  # fmt: skip
        self._app, self._grace, self._tell = app, grace, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(Complaints())
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_QUEUE)  # asyncio takes one number for this and for its batches
        if self.started:
            self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        runner = self._app.state.services.runner
        stopping = asyncio.create_task(runner.stop(self._grace))
        while not (stopping.done() or self.force_exit):  # which a second Ctrl-C sets
            await asyncio.wait([stopping], timeout=_PATIENCE)
        await super().shutdown(sockets)


def serve(server: Server, listener: socket.socket) -> None:
    """Run until SIGTERM or Ctrl-C, and return when everything has been put away.

    Raises ServerError if it cannot begin.
    """
    # Uvicorn raises what it caught once more when it is done; that has been answered by then.
    for number in HANDLED_SIGNALS:
        signal.signal(number, lambda *_: None)
    with listener:
        server.run(sockets=[listener])
    if not server.started:  # of which uvicorn of late makes an exit of its own
        raise ServerError("the server could not begin; what it said above tells why")
