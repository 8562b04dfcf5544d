"""The pieces that are kept: an SQLite database, which survives whatever happens to the server."""

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
_HELD = """
CREATE TEMP TABLE held AS SELECT * FROM pieces WHERE 0;
CREATE TEMP VIEW kept AS
    SELECT *, 1 AS saved FROM pieces UNION ALL SELECT *, 0 AS saved FROM held;
"""
"""Pieces in memory that could not be written, and all pieces."""
_INSERT = """
INSERT INTO {} VALUES (
    (SELECT COALESCE(MAX(seq), 0) + 1 FROM (
        SELECT seq FROM sqlite_sequence WHERE name = 'pieces' UNION ALL SELECT number FROM held)),
    :id, :created, :title, 0, :parent,
    COALESCE((SELECT root FROM kept WHERE id = :parent), :parent, :id),
    :kind, :settings, :summary, :midi
)
"""
_TABLES = ("pieces", "held")
_COUNT = "SELECT COUNT(*) FROM pieces"
_COLUMNS = "number, id, created, title, starred, parent, root, kind, settings, summary, saved"


def default_folder() -> Path:
    """The user's data folder for Amadeus, where the system keeps such."""
    return platformdirs.user_data_path("amadeus", appauthor=False)


class Store:
    """May be used from any thread. What `add` returns from is on the disk."""

    def __init__(self, folder: Path, most: int) -> None:
        """folder: where the database is, made if need be. most: pieces that are kept.

        Raises ConfigError for a folder that cannot be used.
        """
        self._most = most
        self._database = Database(folder / DATABASE, _SCHEMA, _VERSION, _HELD)

    def spare(self, clear: Callable[[], bool]) -> None:
        """On a full disk, call what deletes things that can be made again."""
        self._database.spare = clear

    @property
    def num_held(self) -> int:
        """Pieces that are held in memory because they could not be written."""
        ((count,),) = self._database.execute("SELECT COUNT(*) FROM held")
        return count

    def close(self) -> None:
        """Write what is held in memory, if there is room by now, and close the database."""
        with suppress(CannotStore):
            self.save_held()
        if lost := self.num_held:
            _LOG.error("%d pieces are lost, because they could not be written", lost)
        self._database.close()

    def check_room(self) -> None:
        """Raises CannotStore where another piece could not be kept."""
        self.save_held()
        ((count,),) = self._database.execute(_COUNT)
        self._check_count(count)

    def _check_count(self, count: int) -> None:
        if count >= self._most:
            raise CannotStore(f"{count:,} pieces are kept, which is the limit; delete some")

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
        hold: bool = False,
    ) -> models.Piece:
        """Keep a piece.

        hold: keep it in memory where it cannot be written, until it can; the error is raised all
        the same. Raises CannotStore where there is no room for it.
        """
        values = {
            "id": id, "created": created, "title": title, "parent": parent, "kind": kind,
            "settings": json.dumps(settings), "summary": summary.model_dump_json(), "midi": midi,
        }  # fmt: skip

        def insert(database: sqlite3.Connection) -> None:
            self._check_count(*database.execute(_COUNT).fetchone())
            database.execute(_INSERT.format("pieces"), values)

        try:
            self.save_held()  # what came before comes first
            self._database.write(insert, grows_by=sum(map(len, filter(None, values.values()))))
        except CannotStore:
            if hold:
                self._database.execute(_INSERT.format("held"), values)
            raise
        piece = self.get(id)
        assert piece is not None
        return piece

    def save_held(self) -> None:
        """Write the pieces that are held in memory, oldest first. Raises CannotStore."""
        sizes = "SELECT number, LENGTH(midi) + LENGTH(settings) FROM held ORDER BY number"
        for number, size in self._database.execute(sizes):

            def save(database: sqlite3.Connection, number: int = number) -> None:
                self._check_count(*database.execute(_COUNT).fetchone())
                move = "INSERT INTO pieces SELECT * FROM held WHERE number = ?"
                database.execute(move, (number,))
                database.execute("DELETE FROM held WHERE number = ?", (number,))

            self._database.write(save, grows_by=size)

    def get(self, id: str) -> models.Piece | None:
        found = self._select("WHERE id = ?", id)
        return _piece(found[0]) if found else None

    def midi(self, id: str) -> bytes | None:
        """The bytes of its MIDI file."""
        found = self._database.execute("SELECT midi FROM kept WHERE id = ?", (id,))
        return found[0]["midi"] if found else None

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
        """Give a piece another title, or a star; None for what stays. Raises CannotStore."""

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
        """Whether there was such a piece. Raises CannotStore."""

        def delete(database: sqlite3.Connection) -> int:
            deleted = [
                database.execute(f"DELETE FROM {table} WHERE id = ?", (id,)) for table in _TABLES
            ]
            return sum(one.rowcount for one in deleted)

        found = self._database.write(delete) > 0
        with suppress(CannotStore):
            self.save_held()
        return found

    def _select(self, rest: str, *values: object) -> list[sqlite3.Row]:
        return self._database.execute(f"SELECT {_COLUMNS} FROM kept {rest}", values)


def _piece(row: sqlite3.Row) -> models.Piece:
    return models.Piece(
        id=row["id"], title=row["title"], starred=bool(row["starred"]), created=row["created"],
        saved=bool(row["saved"]), parent=row["parent"], root=row["root"], kind=row["kind"],
        settings=json.loads(row["settings"]), **json.loads(row["summary"]),
    )  # fmt: skip
