"""The endpoint of the SoundFont that the studio plays with, also used for rendered audio."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from amadeus.music.audio import soundfont_path
from amadeus.server.errors import documented
from amadeus.server.static_files import cached_file

router = APIRouter()

MEDIA_TYPE = "audio/x-soundfont"
_BINARY = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/api/v1/soundfont",
    responses={200: {"description": "An SF2 file.", "content": _BINARY}, **documented()},
    response_class=FileResponse,
    tags=["server"],
    summary="The General MIDI SoundFont",
)
async def soundfont(request: Request) -> Response:
    return cached_file(soundfont_path(), request.headers, MEDIA_TYPE)
