"""Archives, read from front to back: nothing is extracted, and no path in them is trusted."""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from amadeus.errors import CorpusError
from amadeus.files import check_regular
from amadeus.music.limits import LIMITS

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
ARCHIVE_SUFFIXES = (".zip", *TAR_SUFFIXES)
TOO_LARGE = f"is larger than {LIMITS.bytes // 2**20} MiB"

_DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, ValueError, RuntimeError),  # RuntimeError: an unknown compression
)


_MAX_HEADER_BYTES = 2**20
_IN_HEADERS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
"""Types of members that are read whole because they say something of the next one."""


class _Info(tarfile.TarInfo):
    """A member's header; one that would fill the memory is damage."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _IN_HEADERS and self.size > _MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


class Member(NamedTuple):
    """A file in an archive."""

    name: str
    num_bytes: int
    problem: str
    """Why it is not to be read; empty if it is."""
    read: Callable[[], bytes]
    """Its contents; to be called before the next member is asked for. Raises CorpusError."""


def stem(path: Path) -> str:
    """Name of an archive without what says that it is one."""
    suffix = max((s for s in ARCHIVE_SUFFIXES if path.name.lower().endswith(s)), key=len)
    return path.name[: -len(suffix)]


def is_archive(path: Path) -> bool:
    """Whether the name says so."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def members(path: Path) -> Iterator[Member]:
    """Everything but folders, in the order of the archive.

    Raises CorpusError, whose message is the reason, where the archive is damaged or no file.
    """
    walk = _zip_members if path.name.lower().endswith(".zip") else _tar_members
    try:
        check_regular(path)
        yield from walk(path)
    except _DAMAGE as error:
        raise CorpusError(_reason(error)) from None


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                problem = "is encrypted" if info.flag_bits & 1 else _size_problem(info.file_size)
                read = _reader(lambda info=info: archive.open(info))  # type: ignore[misc]
                yield Member(info.filename, info.file_size, problem, read)


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r|*", tarinfo=_Info) as archive:
        for info in archive:
            if not info.isdir():
                problem = _size_problem(info.size) if info.isfile() else "is not a regular file"
                read = _reader(lambda info=info: archive.extractfile(info))  # type: ignore[misc]
                yield Member(info.name, info.size, problem, read)
            archive.members.clear()  # type: ignore[attr-defined]  # it would remember all of them, for random access


def _size_problem(num_bytes: int) -> str:
    return TOO_LARGE if num_bytes > LIMITS.bytes else ""


def _reader(open_member: Callable[[], IO[bytes] | None]) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            file = open_member()
            data = b"" if file is None else file.read(LIMITS.bytes + 1)
        except _DAMAGE as error:
            raise CorpusError(_reason(error)) from None
        if len(data) > LIMITS.bytes:  # whatever its header said
            raise CorpusError(TOO_LARGE)
        return data

    return read


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    return "lies in an archive that is damaged or cut off"
