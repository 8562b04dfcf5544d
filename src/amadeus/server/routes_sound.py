"""The endpoint of the sounds that a page plays pieces with: those of the rendered audio."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from amadeus.music.audio import soundfont_path
from amadeus.server.errors import documented

router = APIRouter()

MEDIA_TYPE = "audio/x-soundfont"
_FOR_A_DAY = {"cache-control": "private, max-age=86400"}
_BINARY = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/api/v1/soundfont",
    responses={200: {"description": "An SF2 file.", "content": _BINARY}, **documented()},
    response_class=FileResponse,
    tags=["server"],
    summary="The General MIDI SoundFont",
)
async def soundfont() -> FileResponse:
    return FileResponse(soundfont_path(), media_type=MEDIA_TYPE, headers=_FOR_A_DAY)
