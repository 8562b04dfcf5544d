"""Files that browsers keep, and ask about when they need them: those of the page, the sounds."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


def kept_file(
    path: str | os.PathLike[str], asked: Headers, media_type: str | None = None
) -> Response:
    """A file; or word that what the browser has is the same, by the headers of its request."""
    found = os.stat(path)
    # Times do not tell: packages are installed with the same one whatever is in them.
    tag = f'"{_digest(os.fspath(path), found.st_mtime_ns, found.st_size)}"'
    headers = {"cache-control": "private, no-cache", "etag": tag}
    known = (
        known.strip().removeprefix("W/") for known in asked.get("if-none-match", "").split(",")
    )
    if tag in known:
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=media_type)


@lru_cache(maxsize=256)
def _digest(path: str, mtime_ns: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:32]


class KeptFiles(StaticFiles):
    """A folder of such files."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        return kept_file(full_path, Headers(scope=scope))
