"""What the endpoints work with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from amadeus.inference.composer import Composer
from amadeus.profile import Profile
from amadeus.server import making, models
from amadeus.server.errors import HttpError
from amadeus.server.files import Files
from amadeus.server.limits import Limits
from amadeus.server.metrics import Metrics
from amadeus.server.runner import Runner
from amadeus.server.store import Store
from amadeus.server.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Services:
    """Made when the server begins."""

    model: str
    """Its name."""
    composer: Composer
    limits: Limits
    metrics: Metrics
    store: Store
    workshop: Workshop
    files: Files
    runner: Runner
    is_private: bool
    """Whether nobody but this machine can ask."""

    def piece(self, id: str) -> models.Piece:
        """Raises HttpError where there is none."""
        if (piece := self.store.get(id)) is None:
            raise HttpError(404, "not_found", f"there is no piece {id}")
        return piece

    def midi(self, id: str) -> bytes:
        """The bytes of a piece's MIDI file. Raises HttpError where there is none."""
        if (midi := self.store.midi(id)) is None:
            raise HttpError(404, "not_found", f"there is no piece {id}")
        return midi

    async def profile_like(self, id: str | None) -> Profile | None:
        """The profile of a piece that another one should be like.

        Raises HttpError where there is none, ScoreError where it has no notes.
        """
        if id is None:
            return None
        midi = await asyncio.to_thread(self.midi, id)
        return await self.workshop.make(making.profile, midi)


def _services(request: Request) -> Services:
    return request.app.state.services


Using = Annotated[Services, Depends(_services)]


def _client(
    request: Request,
    using: Using,
    x_amadeus_client: Annotated[
        str | None,
        Header(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            description="Which program of this machine asks; elsewhere, addresses tell.",
        ),
    ] = None,
) -> str:
    """Whose turn a job takes."""
    # Who is somewhere else could bring a new name with every job, and with it another turn.
    named = x_amadeus_client if using.is_private else None
    return named or (request.client.host if request.client else "")


Client = Annotated[str, Depends(_client)]
