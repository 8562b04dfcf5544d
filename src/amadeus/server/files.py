"""Files made of pieces, kept as long as there is room for them."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from amadeus.server import making
from amadeus.server.workshop import Workshop


class Files:
    """Belongs to the event loop. A piece never changes, so neither do its files."""

    def __init__(self, folder: Path, workshop: Workshop, most_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._workshop, self._most = folder, workshop, most_bytes
        self._locks: dict[Path, asyncio.Lock] = {}

    async def get(self, kind: str, piece: str, midi: bytes, title: str) -> Path:
        """The file of a piece, made now if it is not there.

        piece: an identifier of ours, never a name from outside. Raises as `Workshop.make` does.
        """
        path = self._path(kind, piece)
        lock = self._locks.setdefault(path, asyncio.Lock())
        try:
            async with lock:  # whoever asks for the same waits for the same
                if path.exists():
                    os.utime(path)
                else:
                    await self._workshop.make(making.write_file, kind, midi, str(path), title)
                    self._make_room(path)
        finally:
            if not lock.locked():
                self._locks.pop(path, None)
        return path

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
