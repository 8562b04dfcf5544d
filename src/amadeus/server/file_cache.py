"""A cache of files rendered from pieces, with a limit on its size."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from amadeus.server import worker_functions
from amadeus.server.database import CannotStore
from amadeus.server.disk import is_full, make_private
from amadeus.server.errors import HttpError
from amadeus.server.worker_process import WorkerProcess


class FileCache:
    """Used on the event loop. Pieces never change, so cached files are never out of date."""

    def __init__(self, folder: Path, worker: WorkerProcess, max_bytes: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(folder, 0o700)
        self._folder, self._worker, self._max_bytes = folder, worker, max_bytes
        self._locks: dict[Path, asyncio.Lock] = {}

    async def get(self, kind: str, piece: str, midi: bytes, title: str) -> Path:
        """Path of a piece's file, which is rendered if it is not in the cache.

        piece: an identifier from the store, never user input. Raises the errors of
        `WorkerProcess.run`, and CannotStore if the disk is full.
        """
        path = self._path(kind, piece)
        lock = self._locks.setdefault(path, asyncio.Lock())
        try:
            async with lock:  # concurrent requests for one file render it once
                try:
                    os.utime(path)
                except FileNotFoundError:
                    await self._write(kind, path, midi, title)
                    self._evict(path)
        finally:
            if not lock.locked():
                self._locks.pop(path, None)
        return path

    async def _write(self, kind: str, path: Path, midi: bytes, title: str) -> None:
        try:
            try:
                await self._worker.run(worker_functions.write_file, kind, midi, str(path), title)
            except OSError as error:
                if not (is_full(error) and self.clear()):
                    raise
                await self._worker.run(worker_functions.write_file, kind, midi, str(path), title)
        except OSError as error:
            if not is_full(error):
                raise
            raise CannotStore(
                f"the server's disk is full, so the {kind} cannot be saved; delete pieces or free "
                "some space"
            ) from None

    def clear(self) -> bool:
        """Delete all files. Returns whether there were any. Thread-safe."""
        paths = [path for path in self._folder.iterdir() if not path.name.startswith(".")]
        for path in paths:
            path.unlink(missing_ok=True)
        return bool(paths)

    def delete(self, piece: str) -> None:
        """Delete the files of a piece."""
        for kind in worker_functions.FILE_KINDS:
            self._path(kind, piece).unlink(missing_ok=True)

    def _path(self, kind: str, piece: str) -> Path:
        return self._folder / f"{piece}{worker_functions.FILE_KINDS[kind].suffix}"

    def _evict(self, newest: Path) -> None:
        """Delete the least recently used files until the cache is within its limit."""
        entries = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # a temporary file may have been renamed
                status = path.stat()
                entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self._max_bytes:
                return
            if path != newest:
                path.unlink(missing_ok=True)
                total -= size


class DeletableFileResponse(FileResponse):
    """A file that may be deleted before it is sent, which is answered with 404."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message | None = None
        is_open = False

        async def send_when_open(message: Message) -> None:
            nonlocal start, is_open
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None and not is_open:
                is_open = True
                await send(start)
            await send(message)

        try:
            await super().__call__(scope, receive, send_when_open)
        except (FileNotFoundError, RuntimeError):  # Starlette raises the latter
            if is_open or os.path.exists(self.path):
                raise
            raise HttpError(
                404, "not_found", "the file was deleted before it could be sent; try again"
            ) from None
