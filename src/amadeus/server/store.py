"""The pieces that are kept: an SQLite database, which survives whatever happens to the server."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import platformdirs

from amadeus.errors import AmadeusError, ConfigError
from amadeus.server import models, requests

DATABASE = "pieces.sqlite3"
_VERSION = 1
_SCHEMA = """
CREATE TABLE pieces (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL,
    title TEXT NOT NULL,
    starred INTEGER NOT NULL DEFAULT 0,
    parent TEXT,
    root TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    summary TEXT NOT NULL,
    midi BLOB NOT NULL
);
CREATE INDEX takes ON pieces (root);
"""
_COLUMNS = "number, id, created, title, starred, parent, root, kind, settings, summary"


def default_folder() -> Path:
    """The user's data folder for Amadeus, where the system keeps such."""
    return platformdirs.user_data_path("amadeus", appauthor=False)


class StoreFull(AmadeusError):
    """As many pieces are kept as there may be."""


class Store:
    """May be used from any thread. What `add` returns from is on the disk."""

    def __init__(self, folder: Path, most: int) -> None:
        """folder: where the database is, made if need be. most: pieces that are kept.

        Raises ConfigError for a folder that cannot be used.
        """
        path = folder / DATABASE
        self._most, self._lock = most, threading.Lock()
        with ExitStack() as undo:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._connection = sqlite3.connect(
                    path, timeout=10, check_same_thread=False, isolation_level=None
                )
                undo.callback(self._connection.close)
                self._connection.row_factory = sqlite3.Row
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._open_schema(path)
            except (OSError, sqlite3.Error) as error:
                raise ConfigError(
                    f"{path} cannot be used ({error}); name another folder with --data"
                ) from None
            undo.pop_all()

    def _open_schema(self, path: Path) -> None:
        with self._writing():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise ConfigError(
                    f"{path} was written by another version of Amadeus ({version}, not "
                    f"{_VERSION}); name another folder with --data"
                )
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction: all of it or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add(
        self,
        *,
        id: str,
        created: str,
        title: str,
        kind: requests.Kind,
        settings: dict[str, Any],
        summary: models.Summary,
        midi: bytes,
        parent: str | None = None,
    ) -> models.Piece:
        """Keep a piece. Raises StoreFull where too many are kept."""
        with self._writing():
            (count,) = self._connection.execute("SELECT COUNT(*) FROM pieces").fetchone()
            if count >= self._most:
                raise StoreFull(f"{count:,} pieces are kept, which is the limit; delete some")
            row = self._connection.execute(
                "SELECT root FROM pieces WHERE id = ?", (parent,)
            ).fetchone()
            self._connection.execute(
                "INSERT INTO pieces (id, created, title, parent, root, kind, settings, summary, "
                "midi) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (id, created, title, parent, row["root"] if row else parent or id, kind,
                 json.dumps(settings), summary.model_dump_json(), midi),
            )  # fmt: skip
        piece = self.get(id)
        assert piece is not None
        return piece

    def get(self, id: str) -> models.Piece | None:
        found = self._select("WHERE id = ?", id)
        return _piece(found[0]) if found else None

    def midi(self, id: str) -> bytes | None:
        """The bytes of its MIDI file."""
        with self._lock:
            row = self._connection.execute("SELECT midi FROM pieces WHERE id = ?", (id,)).fetchone()
        return row["midi"] if row else None

    def page(
        self, *, limit: int, before: int | None, starred: bool | None, search: str
    ) -> models.Pieces:
        """The newest pieces, or those before one that `next` of another page told of."""
        words = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found = self._select(
            "WHERE number < ? AND (? IS NULL OR starred = ?) AND title LIKE ? ESCAPE '\\' "
            "ORDER BY number DESC LIMIT ?",
            before or 2**62, starred, starred, f"%{words}%", limit + 1,
        )  # fmt: skip
        rest = len(found) > limit
        return models.Pieces(
            pieces=[_piece(row) for row in found[:limit]],
            next=found[limit - 1]["number"] if rest else None,
        )

    def takes(self, root: str) -> list[models.Piece]:
        """All pieces that were made of one, oldest first."""
        return [_piece(row) for row in self._select("WHERE root = ? ORDER BY number", root)]

    def change(self, id: str, title: str | None, starred: bool | None) -> models.Piece | None:
        """Give a piece another title, or a star; None for what stays."""
        with self._writing():
            self._connection.execute(
                "UPDATE pieces SET title = COALESCE(?, title), starred = COALESCE(?, starred) "
                "WHERE id = ?",
                (title, starred, id),
            )
        return self.get(id)

    def delete(self, id: str) -> bool:
        """Whether there was such a piece."""
        with self._writing():
            return self._connection.execute("DELETE FROM pieces WHERE id = ?", (id,)).rowcount > 0

    def _select(self, rest: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(
                f"SELECT {_COLUMNS} FROM pieces {rest}", values
            ).fetchall()


def _piece(row: sqlite3.Row) -> models.Piece:
    return models.Piece(
        id=row["id"], title=row["title"], starred=bool(row["starred"]), created=row["created"],
        parent=row["parent"], root=row["root"], kind=row["kind"],
        settings=json.loads(row["settings"]), **json.loads(row["summary"]),
    )  # fmt: skip
