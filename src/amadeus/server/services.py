"""The objects that the endpoints share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from amadeus.inference.composer import Composer
from amadeus.profile import Profile
from amadeus.server import models, worker_functions
from amadeus.server.errors import HttpError
from amadeus.server.file_cache import FileCache
from amadeus.server.limits import Limits
from amadeus.server.metrics import Metrics
from amadeus.server.scheduler import Scheduler
from amadeus.server.store import Store
from amadeus.server.worker_process import WorkerProcess


@dataclass(frozen=True, slots=True)
class Services:
    """Created when the server starts."""

    model: str
    """Name of the model."""
    composer: Composer
    limits: Limits
    metrics: Metrics
    store: Store
    worker: WorkerProcess
    files: FileCache
    scheduler: Scheduler
    is_private: bool
    """Whether only this machine can reach the server."""

    def piece(self, id: str) -> models.Piece:
        """Raises HttpError if there is no such piece."""
        if (piece := self.store.get(id)) is None:
            raise HttpError(404, "not_found", f"there is no piece {id}")
        return piece

    def midi(self, id: str) -> bytes:
        """The bytes of a piece's MIDI file. Raises HttpError if there is no such piece."""
        if (midi := self.store.midi(id)) is None:
            raise HttpError(404, "not_found", f"there is no piece {id}")
        return midi

    async def profile_like(self, id: str | None) -> Profile | None:
        """The profile of a piece that a new piece should resemble; None without an id.

        Raises HttpError if there is no such piece, ScoreError if it has no notes.
        """
        if id is None:
            return None
        midi = await asyncio.to_thread(self.midi, id)
        return await self.worker.run(worker_functions.profile, midi)


def _services(request: Request) -> Services:
    return request.app.state.services


ServicesDep = Annotated[Services, Depends(_services)]


def _client(
    request: Request,
    services: ServicesDep,
    x_amadeus_client: Annotated[
        str | None,
        Header(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            description="Name of a program on the server's own machine. Other clients are "
            "identified by their address.",
        ),
    ] = None,
) -> str:
    """The client that a job is counted for."""
    # Remote clients could evade the limits by sending a new name with every job.
    name = x_amadeus_client if services.is_private else None
    return name or (request.client.host if request.client else "")


Client = Annotated[str, Depends(_client)]
