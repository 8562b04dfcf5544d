"""Files made of pieces, kept as long as there is room for them."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from amadeus.server import making
from amadeus.server.database import CannotStore
from amadeus.server.disk import is_full, make_private
from amadeus.server.errors import HttpError
from amadeus.server.workshop import Workshop


class Files:
    """Belongs to the event loop. A piece never changes, so neither do its files."""

    def __init__(self, folder: Path, workshop: Workshop, most_bytes: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(folder, 0o700)
        self._folder, self._workshop, self._most = folder, workshop, most_bytes
        self._locks: dict[Path, asyncio.Lock] = {}

    async def get(self, kind: str, piece: str, midi: bytes, title: str) -> Path:
        """The file of a piece, made now if it is not there.

        piece: an identifier of ours, never a name from outside. Raises as `Workshop.make` does,
        and CannotStore where the disk is full.
        """
        path = self._path(kind, piece)
        lock = self._locks.setdefault(path, asyncio.Lock())
        try:
            async with lock:  # whoever asks for the same waits for the same
                try:
                    os.utime(path)
                except FileNotFoundError:
                    await self._write(kind, path, midi, title)
                    self._make_room(path)
        finally:
            if not lock.locked():
                self._locks.pop(path, None)
        return path

    async def _write(self, kind: str, path: Path, midi: bytes, title: str) -> None:
        try:
            try:
                await self._workshop.make(making.write_file, kind, midi, str(path), title)
            except OSError as error:
                if not (is_full(error) and self.clear()):
                    raise
                await self._workshop.make(making.write_file, kind, midi, str(path), title)
        except OSError as error:
            if not is_full(error):
                raise
            raise CannotStore(
                f"the server's disk has no room for the {kind}; delete pieces, or make room on it"
            ) from None

    def clear(self) -> bool:
        """Delete all files; returns whether there were any. May be called from any thread."""
        found = [path for path in self._folder.iterdir() if not path.name.startswith(".")]
        for path in found:
            path.unlink(missing_ok=True)
        return bool(found)

    def delete(self, piece: str) -> None:
        """Delete the files of a piece."""
        for kind in making.FILE_KINDS:
            self._path(kind, piece).unlink(missing_ok=True)

    def _path(self, kind: str, piece: str) -> Path:
        return self._folder / f"{piece}{making.FILE_KINDS[kind].suffix}"

    def _make_room(self, newest: Path) -> None:
        """Delete what nobody has asked for for longest."""
        found = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # what is being written has another name by now
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._most:
                return
            if path != newest:
                path.unlink(missing_ok=True)
                total -= size


class SentFile(FileResponse):
    """A file that may be deleted before it is sent: that is a 404, and not a broken answer."""

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
        except (FileNotFoundError, RuntimeError):  # the latter is what Starlette makes of it
            if is_open or os.path.exists(self.path):
                raise
            raise HttpError(
                404, "not_found", "the file was deleted before it could be sent; ask again"
            ) from None
