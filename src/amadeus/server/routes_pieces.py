"""The endpoints of pieces, and of the files and facts derived from them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse

from amadeus.profile.wording import describe
from amadeus.server import models, requests, worker_functions
from amadeus.server.errors import HttpError, documented
from amadeus.server.file_cache import DeletableFileResponse
from amadeus.server.jobs import new_id, now
from amadeus.server.services import Services, ServicesDep

router = APIRouter(prefix="/api/v1/pieces", tags=["pieces"])

PieceId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
MIDI_TYPE = "audio/midi"
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
_MIDI = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD_TYPES = (MIDI_TYPE, "application/octet-stream")
_UPLOAD: dict[str, Any] = {
    "requestBody": {"required": True, "content": dict.fromkeys(_UPLOAD_TYPES, _MIDI)}
}


def _binary(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": content}, **documented(404)}


@router.get("", responses=documented(), summary="All pieces, newest first")
async def list_pieces(
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[
        int | None, Query(ge=1, lt=2**53, description="`next` of the previous page.")
    ] = None,
    starred: bool | None = None,
    search: Annotated[str, Query(max_length=200, description="Text to find in titles.")] = "",
) -> models.Pieces:
    return await asyncio.to_thread(
        services.store.page, limit=limit, before=before, starred=starred, search=search
    )


@router.post(
    "",
    status_code=201,
    responses=documented(415, 507),
    openapi_extra=_UPLOAD,
    operation_id="take_in",
    summary="Import a MIDI file",
)
async def import_piece(
    request: Request,
    services: ServicesDep,
    title: Annotated[str, Query(min_length=1, max_length=requests.MAX_TITLE)] = "A MIDI file",
) -> models.Piece:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _UPLOAD_TYPES:
        raise HttpError(415, "unsupported", f"send a MIDI file with content type {MIDI_TYPE}")
    limits = services.limits
    midi, summary = await services.worker.run(
        worker_functions.import_midi, await request.body(), limits.midi_notes, limits.midi_seconds
    )
    return await asyncio.to_thread(
        services.store.add, id=new_id(), created=now(), title=title, kind="import", settings={},
        summary=summary, midi=midi,
    )  # fmt: skip


@router.get("/{id}", responses=documented(404), summary="A piece")
async def get_piece(id: PieceId, services: ServicesDep) -> models.Piece:
    return await asyncio.to_thread(services.piece, id)


@router.patch("/{id}", responses=documented(404, 507), summary="Rename or star a piece")
async def change_piece(
    id: PieceId, change: requests.PieceChange, services: ServicesDep
) -> models.Piece:
    await asyncio.to_thread(services.store.change, id, change.title, change.starred)
    return await asyncio.to_thread(services.piece, id)


@router.delete(
    "/{id}",
    status_code=204,
    responses=documented(404, 507),
    summary="Delete a piece, but not its takes",
)
async def delete_piece(id: PieceId, services: ServicesDep) -> None:
    if not await asyncio.to_thread(services.store.delete, id):
        raise HttpError(404, "not_found", f"there is no piece {id}")
    services.files.delete(id)


@router.get(
    "/{id}/takes",
    responses=documented(404),
    summary="All takes of a piece, oldest first",
)
async def list_takes(id: PieceId, services: ServicesDep) -> models.Pieces:
    piece = await asyncio.to_thread(services.piece, id)
    return models.Pieces(pieces=await asyncio.to_thread(services.store.takes, piece.root))


@router.get(
    "/{id}/notes",
    responses={200: {"model": models.PieceNotes}, **documented(404)},
    summary="The notes of a piece, for drawing and playing",
)
async def get_notes(id: PieceId, services: ServicesDep) -> Response:
    midi = await _midi(id, services)
    text = await services.worker.run(worker_functions.notes_json, id, midi)
    return Response(text, media_type="application/json", headers=_FOREVER)


@router.get(
    "/{id}/midi",
    responses=_binary(MIDI_TYPE, "The MIDI file."),
    response_class=Response,
    summary="The MIDI file",
)
async def get_midi(id: PieceId, services: ServicesDep) -> Response:
    midi = await _midi(id, services)
    headers = {**_FOREVER, "content-disposition": f'attachment; filename="{id}.mid"'}
    return Response(midi, media_type=MIDI_TYPE, headers=headers)


@router.get("/{id}/profile", responses=documented(404), summary="The measured profile of a piece")
async def profile(id: PieceId, services: ServicesDep) -> models.MeasuredProfile:
    measured = await services.worker.run(worker_functions.profile, await _midi(id, services))
    return models.MeasuredProfile(profile=describe(measured))


@router.get("/{id}/caption", responses=documented(404), summary="Captions of a piece")
async def caption(
    id: PieceId,
    services: ServicesDep,
    count: Annotated[int, Query(ge=1, le=10)] = 1,
    seed: Annotated[int, Query(ge=0, lt=2**53)] = 0,
) -> models.Captions:
    midi = await _midi(id, services)
    return await services.worker.run(worker_functions.caption, midi, count, seed)


@router.get("/{id}/evaluation", responses=documented(404), summary="Metrics of a piece")
async def evaluate(id: PieceId, services: ServicesDep) -> models.Evaluation:
    piece = await asyncio.to_thread(services.piece, id)
    prompt = str(piece.settings.get("prompt", ""))
    return await services.worker.run(worker_functions.evaluate, await _midi(id, services), prompt)


async def _midi(id: str, services: Services) -> bytes:
    return await asyncio.to_thread(services.midi, id)


def _add_file_endpoint(name: str, kind: worker_functions.FileKind) -> None:
    """Add the endpoint of a kind of file."""

    @router.get(
        f"/{{id}}/{name}",
        name=name,
        operation_id=name,
        responses={**_binary(kind.media_type, f"The {name}."), **documented(404, 507)},
        response_class=FileResponse,
        summary=f"The {name} of a piece, rendered on first request",
    )
    async def get_file(id: PieceId, services: ServicesDep) -> FileResponse:
        piece = await asyncio.to_thread(services.piece, id)
        path = await services.files.get(name, id, await _midi(id, services), piece.title)
        try:
            await asyncio.to_thread(services.piece, id)
        except HttpError:  # the piece was deleted while its file was rendered
            services.files.delete(id)
            raise
        return DeletableFileResponse(
            path, media_type=kind.media_type, headers=_FOREVER, filename=f"{id}{kind.suffix}",
            content_disposition_type="inline",
        )  # fmt: skip


for _name, _kind in worker_functions.FILE_KINDS.items():
    _add_file_endpoint(_name, _kind)
