"""An SQLite database that belongs to its owner alone, and stays of use on a full disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from amadeus.errors import AmadeusError, ConfigError
from amadeus.server.disk import Reserve, make_private, make_private_folder

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]
Values = Sequence[object] | Mapping[str, object]

RESERVE = "reserve"
_CHECKPOINT_PAGES = 256
_PAGE_HEADER_BYTES = 4
_MORE_PAGES = 4
"""By which a database may grow in the room of the reserve."""
_NO_ROOM_BYTES = 2**16
"""A disk with less room than this is full."""


class CannotStore(AmadeusError):
    """There is no room, or the disk cannot be written."""


class Database:
    """May be used from any thread. What `write` returns from is on the disk.

    On a full disk, a change that makes the database no larger is carried out in the room of a
    reserve, so that rows can always be deleted.
    """

    def __init__(self, path: Path, schema: str, version: int, memory: str = "") -> None:
        """path: of the file, made with its folder if need be.

        schema, version: tables of a new database, and the version of these tables.
        memory: statements that make temporary tables, which are in memory.
        Raises ConfigError for a path that cannot be used, or a database of another version.
        """
        self._folder, self._lock = path.parent, threading.Lock()
        self.spare: Callable[[], bool] = lambda: False
        """Called on a full disk: deletes what can be made again. Returns whether it freed room."""
        try:
            make_private_folder(path.parent, path.name)
            _make_private(path)
            self._reserve = Reserve(path.with_name(RESERVE))
            try:
                self._connection = _connect(path, schema, version, memory)
            except sqlite3.Error:  # even reading a database takes some room
                if not self._reserve.release():
                    raise
                self._connection = _connect(path, schema, version, memory)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"{path} cannot be used ({error}); name another folder with --data"
            ) from None
        self._reserve.fill()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def execute(self, statement: str, values: Values = ()) -> list[sqlite3.Row]:
        """The rows of a statement that reads, or changes a temporary table."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def write(self, change: Change[T], *, grows_by: int = 0) -> T:
        """Carry out a change, all of it or nothing.

        grows_by: bytes that it adds. Raises CannotStore, and whatever the change raises.
        """
        with self._lock:
            try:
                return self._attempt(change)
            except sqlite3.Error as error:
                if not self._is_full(error):
                    raise CannotStore(
                        f"the server's database cannot be written ({error}); try again later"
                    ) from None
            if self.spare():
                with suppress(sqlite3.Error):
                    return self._attempt(change)
            if self._fits(grows_by) and self._reserve.release():
                try:
                    return self._attempt(change)
                except sqlite3.Error:
                    pass
                finally:
                    self._empty_log()
                    self._reserve.fill()
            raise CannotStore("the server's disk is full; delete pieces, or make room on it")

    def _attempt(self, change: Change[T]) -> T:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = change(connection)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return result

    def _is_full(self, error: sqlite3.Error) -> bool:
        """Whether an error comes of a full disk, for which SQLite has several names."""
        return "full" in str(error) or (
            "disk I/O" in str(error) and shutil.disk_usage(self._folder).free < _NO_ROOM_BYTES
        )

    def _fits(self, size: int) -> bool:
        """Whether so many bytes fit into the pages of the database that are free, but for a few."""
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        (page,) = self._connection.execute("PRAGMA page_size").fetchone()
        needed = -(-size // (page - _PAGE_HEADER_BYTES))
        return not size or 0 < free >= needed - _MORE_PAGES

    def _empty_log(self) -> None:
        """Move what is in the write-ahead log to the database, and free the log's room."""
        with suppress(sqlite3.Error):  # on a full disk it may have to stay
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _make_private(path: Path) -> None:
    """Let only the owner read and write a database; SQLite gives its other files the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    for suffix in ("", "-wal", "-shm", "-journal"):
        make_private(path.with_name(path.name + suffix))


def _connect(path: Path, schema: str, version: int, memory: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("BEGIN IMMEDIATE")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found not in (0, version):
            raise ConfigError(
                f"{path} was written by another version of Amadeus ({found}, not {version}); "
                "name another folder with --data"
            )
        if found == 0:
            for statement in schema.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
        connection.executescript(memory)
    except BaseException:
        connection.close()
        raise
    return connection
