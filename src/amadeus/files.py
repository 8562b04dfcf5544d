"""Reads regular files only, and writes files atomically."""

from __future__ import annotations

import errno
import os
import platform
import re
import secrets
import shutil
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

_TEMPORARY = re.compile(r"\.amadeus-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.tmp")
"""Name of a temporary file or folder: machine, process id, and a random part."""
_STALE_SECONDS = 24 * 60 * 60


def write_atomically(path: Path, write: Callable[[Path], Any], *, is_new: bool = False) -> None:
    """Call write(temporary path), then move the result to `path` atomically.

    is_new: raise FileExistsError rather than replace an existing file.

    The file and its folder are flushed to disk, and the file gets the default mode of the umask. A
    device or a pipe is written to directly. Errors name `path`, not the temporary file.
    """
    if not is_new and path.exists() and not (path.is_file() or path.is_dir()):
        write(path)
        return
    temporary = _temporary(path.parent)
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        mode = stat.S_IMODE(os.stat(temporary).st_mode)
        write(temporary)
        os.chmod(temporary, mode)  # `write` may have replaced the file with a private one
        _sync(temporary)
        (_move_to_new if is_new else os.replace)(temporary, path)
        _sync(path.parent)
    except OSError as error:
        if error.filename == os.fspath(temporary):
            error.filename, error.filename2 = os.fspath(path), None
        raise
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_bytes(path: Path, data: bytes, *, is_new: bool = False) -> None:
    """Write a file atomically. is_new: as in `write_atomically`."""
    write_atomically(path, partial(Path.write_bytes, data=data), is_new=is_new)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8 and with line feeds as they are."""
    write_bytes(path, text.encode())


def _move_to_new(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with path.open("xb"):  # claims the name
            pass
        os.replace(temporary, path)


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new folder inside `parent`, removed with its contents at the end."""
    folder = _temporary(parent)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move_folder(folder: Path, target: Path) -> None:
    """Rename a folder, after flushing everything in it to disk.

    target: a path on the same file system that does not exist or is an empty folder.
    """
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
    folder.replace(target)
    _sync(target.parent)


def check_regular(path: Path) -> os.stat_result:
    """The status of a regular file; follows links.

    Raises OSError for other files: reading a pipe or a device could block or never end.
    """
    try:
        status = path.stat()
    except ValueError:  # a NUL byte
        raise FileNotFoundError(errno.ENOENT, "invalid file name", str(path)) from None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return status


def read_regular(path: Path, max_bytes: int) -> bytes:
    """The contents of a regular file. Raises OSError for other files and for larger ones."""
    check_regular(path)
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        limit = f"{max_bytes / 2**20:.4g} MiB"
        raise OSError(errno.EFBIG, f"is larger than {limit}", str(path))
    return data


def _temporary(folder: Path) -> Path:
    """A temporary path in this folder. Also removes what killed processes left there.

    The name contains the id of this process, so other processes do not use it.
    """
    _remove_leftovers(folder.absolute())
    return folder / f".amadeus-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.tmp"


@cache
def _machine() -> str:
    """The scope of process ids: 8 hex digits for the host and, on Linux, the container."""
    try:
        process_ids = os.readlink("/proc/self/ns/pid")
    except OSError:
        process_ids = ""
    return f"{zlib.crc32((platform.node() + process_ids).encode()):08x}"


@cache  # once per folder and process
def _remove_leftovers(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            if _is_leftover(path):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def _is_leftover(path: Path) -> bool:
    """Whether this is a temporary file or folder of a process that no longer runs."""
    name = _TEMPORARY.fullmatch(path.name)
    if name is None:
        return False
    if name[1] == _machine() and not _is_running(int(name[2])):
        return True
    return time.time() - path.lstat().st_mtime > _STALE_SECONDS


def _is_running(pid: int) -> bool:
    """Whether a process exists; True if the system does not tell."""
    if os.name == "nt":  # signal 0 does not test for existence there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to disk."""
    if path.is_dir():
        if os.name == "nt":  # cannot open folders
            return
        descriptor = os.open(path, os.O_RDONLY)
    else:
        descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot flush a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
