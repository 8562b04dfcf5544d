"""The endpoints of pieces, and of what can be made of them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse

from amadeus.profile.wording import describe
from amadeus.server import making, models, requests
from amadeus.server.errors import HttpError, documented
from amadeus.server.files import SentFile
from amadeus.server.jobs import new_id, now
from amadeus.server.services import Services, Using

router = APIRouter(prefix="/api/v1/pieces", tags=["pieces"])

PieceId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
MIDI_TYPE = "audio/midi"
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
_MIDI = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD_TYPES = (MIDI_TYPE, "application/octet-stream")
_UPLOAD: dict[str, Any] = {
    "requestBody": {"required": True, "content": dict.fromkeys(_UPLOAD_TYPES, _MIDI)}
}


def _binary(media_type: str, meaning: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": meaning, "content": content}, **documented(404)}


@router.get("", responses=documented(), summary="The history, newest first")
async def list_pieces(
    using: Using,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[
        int | None, Query(ge=1, lt=2**53, description="`next` of the last page.")
    ] = None,
    starred: bool | None = None,
    search: Annotated[str, Query(max_length=200, description="In titles.")] = "",
) -> models.Pieces:
    return await asyncio.to_thread(
        using.store.page, limit=limit, before=before, starred=starred, search=search
    )


@router.post(
    "",
    status_code=201,
    responses=documented(415, 507),
    openapi_extra=_UPLOAD,
    summary="Take a MIDI file in",
)
async def take_in(
    request: Request,
    using: Using,
    title: Annotated[str, Query(min_length=1, max_length=requests.MAX_TITLE)] = "A MIDI file",
) -> models.Piece:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _UPLOAD_TYPES:
        raise HttpError(415, "unsupported", f"send the bytes of a MIDI file as {MIDI_TYPE}")
    limits = using.limits
    midi, summary = await using.workshop.make(
        making.take_in, await request.body(), limits.midi_notes, limits.midi_seconds
    )
    return await asyncio.to_thread(
        using.store.add, id=new_id(), created=now(), title=title, kind="import", settings={},
        summary=summary, midi=midi,
    )  # fmt: skip


@router.get("/{id}", responses=documented(404), summary="One piece")
async def get_piece(id: PieceId, using: Using) -> models.Piece:
    return await asyncio.to_thread(using.piece, id)


@router.patch("/{id}", responses=documented(404, 507), summary="Give it another title, or a star")
async def change_piece(id: PieceId, change: requests.PieceChange, using: Using) -> models.Piece:
    await asyncio.to_thread(using.store.change, id, change.title, change.starred)
    return await asyncio.to_thread(using.piece, id)


@router.delete(
    "/{id}", status_code=204, responses=documented(404, 507), summary="Delete it, but not its takes"
)
async def delete_piece(id: PieceId, using: Using) -> None:
    if not await asyncio.to_thread(using.store.delete, id):
        raise HttpError(404, "not_found", f"there is no piece {id}")
    using.files.delete(id)


@router.get(
    "/{id}/takes",
    responses=documented(404),
    summary="What it was made of and what was made of that, oldest first",
)
async def list_takes(id: PieceId, using: Using) -> models.Pieces:
    piece = await asyncio.to_thread(using.piece, id)
    return models.Pieces(pieces=await asyncio.to_thread(using.store.takes, piece.root))


@router.get(
    "/{id}/notes",
    responses={200: {"model": models.PieceNotes}, **documented(404)},
    summary="All that is heard, to draw and to play",
)
async def get_notes(id: PieceId, using: Using) -> Response:
    midi = await _midi(id, using)
    text = await using.workshop.make(making.view, id, midi)
    return Response(text, media_type="application/json", headers=_FOREVER)


@router.get(
    "/{id}/midi",
    responses=_binary(MIDI_TYPE, "The MIDI file."),
    response_class=Response,
    summary="The MIDI file",
)
async def get_midi(id: PieceId, using: Using) -> Response:
    midi = await _midi(id, using)
    headers = {**_FOREVER, "content-disposition": f'attachment; filename="{id}.mid"'}
    return Response(midi, media_type=MIDI_TYPE, headers=headers)


@router.get("/{id}/profile", responses=documented(404), summary="Its profile, as measured")
async def profile(id: PieceId, using: Using) -> models.MeasuredProfile:
    measured = await using.workshop.make(making.profile, await _midi(id, using))
    return models.MeasuredProfile(profile=describe(measured))


@router.get("/{id}/caption", responses=documented(404), summary="What can be said of it")
async def caption(
    id: PieceId,
    using: Using,
    count: Annotated[int, Query(ge=1, le=10)] = 1,
    seed: Annotated[int, Query(ge=0, lt=2**53)] = 0,
) -> models.Captions:
    midi = await _midi(id, using)
    return await using.workshop.make(making.caption, midi, count, seed)


@router.get("/{id}/evaluation", responses=documented(404), summary="What it is like, in numbers")
async def evaluate(id: PieceId, using: Using) -> models.Evaluation:
    piece = await asyncio.to_thread(using.piece, id)
    prompt = str(piece.settings.get("prompt", ""))
    return await using.workshop.make(making.evaluate, await _midi(id, using), prompt)


async def _midi(id: str, using: Services) -> bytes:
    return await asyncio.to_thread(using.midi, id)


def _serve(name: str, kind: making.FileKind) -> None:
    """The endpoint of a kind of file."""

    @router.get(
        f"/{{id}}/{name}",
        name=name,
        operation_id=name,
        responses={**_binary(kind.media_type, f"The {name}."), **documented(404, 507)},
        response_class=FileResponse,
        summary=f"Its {name}, made when first asked for",
    )
    async def get_file(id: PieceId, using: Using) -> FileResponse:
        piece = await asyncio.to_thread(using.piece, id)
        path = await using.files.get(name, id, await _midi(id, using), piece.title)
        try:
            await asyncio.to_thread(using.piece, id)
        except HttpError:  # the piece was deleted while its file was made
            using.files.delete(id)
            raise
        return SentFile(
            path, media_type=kind.media_type, headers=_FOREVER, filename=f"{id}{kind.suffix}",
            content_disposition_type="inline",
        )  # fmt: skip


for _name, _kind in making.FILE_KINDS.items():
    _serve(_name, _kind)
