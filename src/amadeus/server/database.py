"""An SQLite database that is private to its owner and remains usable on a full disk."""

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
_EXTRA_PAGES = 4
"""Pages by which the database may grow into the reserve."""
_FULL_BYTES = 2**16
"""A disk with less free space than this counts as full."""


class CannotStore(AmadeusError):
    """The disk is full or cannot be written to, or the store has reached its limit."""


class Database:
    """Thread-safe. When `write` returns, the change is on disk.

    On a full disk, a change that does not enlarge the database uses the space of a reserve file,
    so that rows can always be deleted.
    """

    def __init__(self, path: Path, schema: str, version: int, memory: str = "") -> None:
        """path: the file, created together with its folder if necessary.

        schema, version: tables of a new database, and the schema version.
        memory: statements that create temporary tables, which live in memory.
        Raises ConfigError for an unusable path or a database of another version.
        """
        self._folder, self._lock = path.parent, threading.Lock()
        self.free_space: Callable[[], bool] = lambda: False
        """Called on a full disk: deletes files that can be recreated. Returns whether it did."""
        try:
            make_private_folder(path.parent, path.name)
            _make_private(path)
            self._reserve = Reserve(path.with_name(RESERVE))
            try:
                self._connection = _connect(path, schema, version, memory)
            except sqlite3.Error:  # even reading a database takes some disk space
                if not self._reserve.release():
                    raise
                self._connection = _connect(path, schema, version, memory)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"cannot use {path} ({error}); choose another folder with --data"
            ) from None
        self._reserve.fill()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def execute(self, statement: str, values: Values = ()) -> list[sqlite3.Row]:
        """The rows that a statement returns. Only temporary tables may be changed this way."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def write(self, change: Change[T], *, grows_by: int = 0) -> T:
        """Apply a change in a transaction.

        grows_by: bytes that it adds. Raises CannotStore, and any error that the change raises.
        """
        with self._lock:
            try:
                return self._attempt(change)
            except sqlite3.Error as error:
                if not self._is_full(error):
                    raise CannotStore(
                        f"cannot write to the server's database ({error}); try again later"
                    ) from None
            if self.free_space():
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
            raise CannotStore("the server's disk is full; delete pieces or free some space")

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
        """Whether a full disk caused an error; SQLite reports that in several ways."""
        return "full" in str(error) or (
            "disk I/O" in str(error) and shutil.disk_usage(self._folder).free < _FULL_BYTES
        )

    def _fits(self, size: int) -> bool:
        """Whether this many bytes fit into the database's free pages plus _EXTRA_PAGES."""
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        (page,) = self._connection.execute("PRAGMA page_size").fetchone()
        needed = -(-size // (page - _PAGE_HEADER_BYTES))
        return not size or 0 < free >= needed - _EXTRA_PAGES

    def _empty_log(self) -> None:
        """Move the write-ahead log into the database, and truncate it."""
        with suppress(sqlite3.Error):  # may fail on a full disk
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _make_private(path: Path) -> None:
    """Make a database readable by its owner only; SQLite creates its other files with this mode."""
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
        (stored,) = connection.execute("PRAGMA user_version").fetchone()
        if stored not in (0, version):
            raise ConfigError(
                f"{path} was written by another version of Amadeus ({stored}, not {version}); "
                "choose another folder with --data"
            )
        if stored == 0:
            for statement in schema.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
        connection.executescript(memory)
    except BaseException:
        connection.close()
        raise
    return connection
