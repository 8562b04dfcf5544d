"""Stored pieces, in an SQLite database that survives crashes of the server."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from amadeus.server import models, requests
from amadeus.server.database import CannotStore, Database

_LOG = logging.getLogger(__name__)
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
_TEMPORARY = """
CREATE TEMP TABLE unsaved AS SELECT * FROM pieces WHERE 0;
CREATE TEMP VIEW all_pieces AS
    SELECT *, 1 AS saved FROM pieces UNION ALL SELECT *, 0 AS saved FROM unsaved;
"""
"""Pieces that are in memory because the disk was full, and a view of all pieces."""
_INSERT = """
INSERT INTO {} VALUES (
    (SELECT COALESCE(MAX(seq), 0) + 1 FROM (
        SELECT seq FROM sqlite_sequence WHERE name = 'pieces' UNION ALL SELECT number FROM unsaved
    )),
    :id, :created, :title, 0, :parent,
    COALESCE((SELECT root FROM all_pieces WHERE id = :parent), :parent, :id),
    :kind, :settings, :summary, :midi
)
"""
_TABLES = ("pieces", "unsaved")
_COUNT = "SELECT COUNT(*) FROM pieces"
_COLUMNS = "number, id, created, title, starred, parent, root, kind, settings, summary, saved"


def default_folder() -> Path:
    """The user's data folder for Amadeus, in the system's usual place."""
    return platformdirs.user_data_path("amadeus", appauthor=False)


class Store:
    """Thread-safe. When `add` returns, the piece is on disk."""

    def __init__(self, folder: Path, max_pieces: int) -> None:
        """folder: the database's folder, created if necessary. max_pieces: limit on stored pieces.

        Raises ConfigError if the folder cannot be used.
        """
        self._max_pieces = max_pieces
        self._database = Database(folder / DATABASE, _SCHEMA, _VERSION, _TEMPORARY)

    def on_full_disk(self, clear: Callable[[], bool]) -> None:
        """Set the function that deletes recreatable files when the disk is full."""
        self._database.free_space = clear

    @property
    def num_unsaved(self) -> int:
        """Number of pieces that are only in memory."""
        ((count,),) = self._database.execute("SELECT COUNT(*) FROM unsaved")
        return count

    def close(self) -> None:
        """Store the pieces in memory, if there is space by now, and close the database."""
        with suppress(CannotStore):
            self.save_unsaved()
        if lost := self.num_unsaved:
            _LOG.error("%d pieces are lost because they could not be written to disk", lost)
        self._database.close()

    def check_capacity(self) -> None:
        """Raises CannotStore if another piece could not be stored."""
        self.save_unsaved()
        ((count,),) = self._database.execute(_COUNT)
        self._check_count(count)

    def _check_count(self, count: int) -> None:
        if count >= self._max_pieces:
            raise CannotStore(f"the limit of {count:,} stored pieces is reached; delete some")

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
        keep_in_memory: bool = False,
    ) -> models.Piece:
        """Store a piece.

        keep_in_memory: hold the piece in memory if it cannot be written yet, and still raise the
        error. Raises CannotStore if there is no space for it.
        """
        values = {
            "id": id, "created": created, "title": title, "parent": parent, "kind": kind,
            "settings": json.dumps(settings), "summary": summary.model_dump_json(), "midi": midi,
        }  # fmt: skip

        def insert(database: sqlite3.Connection) -> None:
            self._check_count(*database.execute(_COUNT).fetchone())
            database.execute(_INSERT.format("pieces"), values)

        try:
            self.save_unsaved()  # older pieces first
            self._database.write(insert, grows_by=sum(map(len, filter(None, values.values()))))
        except CannotStore:
            if keep_in_memory:
                self._database.execute(_INSERT.format("unsaved"), values)
            raise
        piece = self.get(id)
        assert piece is not None
        return piece

    def save_unsaved(self) -> None:
        """Store the pieces in memory, oldest first. Raises CannotStore."""
        sizes = "SELECT number, LENGTH(midi) + LENGTH(settings) FROM unsaved ORDER BY number"
        for number, size in self._database.execute(sizes):

            def save(database: sqlite3.Connection, number: int = number) -> None:
                self._check_count(*database.execute(_COUNT).fetchone())
                move = "INSERT INTO pieces SELECT * FROM unsaved WHERE number = ?"
                database.execute(move, (number,))
                database.execute("DELETE FROM unsaved WHERE number = ?", (number,))

            self._database.write(save, grows_by=size)

    def get(self, id: str) -> models.Piece | None:
        rows = self._select("WHERE id = ?", id)
        return _piece(rows[0]) if rows else None

    def midi(self, id: str) -> bytes | None:
        """The bytes of a piece's MIDI file."""
        rows = self._database.execute("SELECT midi FROM all_pieces WHERE id = ?", (id,))
        return rows[0]["midi"] if rows else None

    def page(
        self, *, limit: int, before: int | None, starred: bool | None, search: str
    ) -> models.Pieces:
        """A page of pieces, newest first. before: `next` of the previous page."""
        pattern = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._select(
            "WHERE number < ? AND (? IS NULL OR starred = ?) AND title LIKE ? ESCAPE '\\' "
            "ORDER BY number DESC LIMIT ?",
            before or 2**62, starred, starred, f"%{pattern}%", limit + 1,
        )  # fmt: skip
        has_more = len(rows) > limit
        return models.Pieces(
            pieces=[_piece(row) for row in rows[:limit]],
            next=rows[limit - 1]["number"] if has_more else None,
        )

    def takes(self, root: str) -> list[models.Piece]:
        """All pieces derived from `root`, and itself, oldest first."""
        return [_piece(row) for row in self._select("WHERE root = ? ORDER BY number", root)]

    def change(self, id: str, title: str | None, starred: bool | None) -> models.Piece | None:
        """Rename or star a piece; None leaves a field unchanged. Raises CannotStore."""

        def update(database: sqlite3.Connection) -> None:
            for table in _TABLES:
                database.execute(
                    f"UPDATE {table} SET title = COALESCE(?, title), "
                    "starred = COALESCE(?, starred) WHERE id = ?",
                    (title, starred, id),
                )

        self._database.write(update)
        return self.get(id)

    def delete(self, id: str) -> bool:
        """Delete a piece. Returns whether it existed. Raises CannotStore."""

        def delete(database: sqlite3.Connection) -> int:
            deleted = [
                database.execute(f"DELETE FROM {table} WHERE id = ?", (id,)) for table in _TABLES
            ]
            return sum(cursor.rowcount for cursor in deleted)

        existed = self._database.write(delete) > 0
        with suppress(CannotStore):
            self.save_unsaved()
        return existed

    def _select(self, clauses: str, *values: object) -> list[sqlite3.Row]:
        return self._database.execute(f"SELECT {_COLUMNS} FROM all_pieces {clauses}", values)


def _piece(row: sqlite3.Row) -> models.Piece:
    return models.Piece(
        id=row["id"], title=row["title"], starred=bool(row["starred"]), created=row["created"],
        saved=bool(row["saved"]), parent=row["parent"], root=row["root"], kind=row["kind"],
        settings=json.loads(row["settings"]), **json.loads(row["summary"]),
    )  # fmt: skip
