"""Files that browsers cache and revalidate: the studio's page and its sounds."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


def cached_file(
    path: str | os.PathLike[str], request: Headers, media_type: str | None = None
) -> Response:
    """A file, or 304 if the browser's copy is up to date. request: the request's headers."""
    status = os.stat(path)
    # The ETag is a hash: installed packages all have the same modification time.
    etag = f'"{_digest(os.fspath(path), status.st_mtime_ns, status.st_size)}"'
    headers = {"cache-control": "private, no-cache", "etag": etag}
    known = (
        known.strip().removeprefix("W/") for known in request.get("if-none-match", "").split(",")
    )
    if etag in known:
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=media_type)


@lru_cache(maxsize=256)
def _digest(path: str, mtime_ns: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:32]


class CachedStaticFiles(StaticFiles):
    """A folder of cached files."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        return cached_file(full_path, Headers(scope=scope))
