"""Where MIDI files come from: folders, archives, lists, and files themselves."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from amadeus.corpus import archives
from amadeus.corpus.archives import ARCHIVE_SUFFIXES, TOO_LARGE
from amadeus.corpus.manifest import About, Manifest
from amadeus.errors import CorpusError
from amadeus.files import read_regular
from amadeus.music.limits import LIMITS
from amadeus.music.midi import MIDI_SUFFIXES

MAX_LIST_BYTES = 256 * 2**20
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Source:
    """A MIDI file to be read, and what is known of it before."""

    place: int
    """Its number in the plan of a build."""
    name: str
    """Folder, archive or list, and path below it: stable, and never used as a path."""
    about: About
    path: Path
    """The file, or the archive that holds it."""
    member: int | None = None
    """Its number among the members of the archive."""
    num_bytes: int = 0
    modified: int = 0
    """When the file or its archive was changed, nanoseconds since 1970."""
    problem: str = ""
    """Why it cannot be read, as far as that is known already."""
    data: bytes | None = None
    """Its contents, where they come out of an archive."""

    def read(self) -> bytes:
        """The contents. Raises CorpusError, whose message is the reason."""
        if self.problem:
            raise CorpusError(self.problem)
        if self.data is not None:
            return self.data
        try:
            return read_regular(self.path, LIMITS.bytes)
        except OSError as error:
            raise CorpusError(f"cannot be read ({error.strerror})") from None


def scan(inputs: Iterable[Path], manifest: Manifest) -> list[Source]:
    """Every MIDI file of the inputs, in a stable order, not opened yet.

    inputs: folders (searched to the bottom), archives, MIDI files, and lists (.txt, one path a
    line, relative to the list). An archive or list that cannot be read becomes one source with a
    problem. Raises CorpusError for an input that is not there or is none of these, a list that is
    not text, and where there is no MIDI file in any of them.
    """
    found = (source for path in inputs for source in _scan_input(path, manifest))
    sources = [replace(source, place=place) for place, source in enumerate(found)]
    if not sources:
        raise CorpusError(
            "no MIDI files (*.mid, *.midi, *.kar, *.rmi) found; name folders, archives or lists "
            "that hold some"
        )
    return sources


def load(sources: Sequence[Source]) -> Iterator[Source]:
    """The sources again, those in archives with their contents; each archive is read once.

    sources: in the order of the plan.
    """

    def archive_of(source: Source) -> Path | None:
        return None if source.member is None else source.path

    for archive, group in groupby(sources, key=archive_of):
        if archive is None:
            yield from group
        else:
            yield from _load_members(archive, group)


def _load_members(archive: Path, sources: Iterable[Source]) -> Iterator[Source]:
    problem = "is no longer in its archive"
    members = enumerate(archives.members(archive))
    for source in sources:
        loaded = None
        try:
            for number, member in members:
                if number == source.member:
                    loaded = replace(source, data=b"" if source.problem else member.read())
                    break
        except CorpusError as error:
            problem = str(error)
        yield loaded or replace(source, problem=source.problem or problem)


def _scan_input(path: Path, manifest: Manifest) -> Iterator[Source]:
    if not path.exists():
        raise CorpusError(f"{path} does not exist; give a folder, archive, list or MIDI file")
    if path.is_dir():
        found = (p for p in sorted(path.rglob("*")) if _is_midi(p.name))
        for file in found:
            yield _file(file, path.absolute().name, file.relative_to(path).as_posix(), manifest)
    elif archives.is_archive(path):
        yield from _scan_archive(path, manifest)
    elif path.suffix.lower() == ".txt":
        yield from _scan_list(path, manifest)
    elif _is_midi(path.name):
        yield _file(path, path.absolute().parent.name, path.name, manifest)
    else:
        raise CorpusError(
            f"{path} is neither a folder nor a list nor named as one of "
            f"{', '.join((*MIDI_SUFFIXES, '.txt', *ARCHIVE_SUFFIXES))}"
        )


def _scan_archive(path: Path, manifest: Manifest) -> Iterator[Source]:
    top, modified = archives.stem(path), path.stat().st_mtime_ns
    try:
        for number, member in enumerate(archives.members(path)):
            if _is_midi(member.name):
                name, about = manifest.find(top, _plain(member.name))
                yield Source(
                    0, name, about, path, number, member.num_bytes, modified, member.problem
                )
    except CorpusError as error:
        # Its rest is one more thing that could not be read.
        yield Source(0, _plain(path.name), About(), path, modified=modified, problem=str(error))


def _scan_list(path: Path, manifest: Manifest) -> Iterator[Source]:
    try:
        lines = read_regular(path, MAX_LIST_BYTES).decode("utf-8-sig").splitlines()
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        yield Source(0, _plain(path.name), About(), path, problem=problem)
        return
    except UnicodeDecodeError as error:
        raise CorpusError(f"list {path} cannot be read: {error}") from None
    for line in filter(None, map(str.strip, lines)):
        yield _file(path.parent / line, path.stem, line, manifest)


def _file(path: Path, top: str, inside: str, manifest: Manifest) -> Source:
    name, about = manifest.find(_plain(top), _plain(inside))
    try:
        status = os.stat(path)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        problem = "no such file" if missing else f"cannot be read ({error.strerror})"
        return Source(0, name, about, path, problem=problem)
    except ValueError:  # a NUL byte
        return Source(0, name, about, path, problem="has a name that no file can have")
    return Source(
        0, name, about, path, None, status.st_size, status.st_mtime_ns, _problem(status)
    )  # fmt: skip


def _problem(status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode):
        return "is a folder"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    return TOO_LARGE if status.st_size > LIMITS.bytes else ""


def _is_midi(name: str) -> bool:
    return name.lower().endswith(MIDI_SUFFIXES)


def _plain(name: str) -> str:
    """A name that any program can print, and that leads nowhere when taken for a path."""
    parts = name.replace("\\", "/").split("/")
    plain = "/".join(part for part in parts if part not in ("", ".", ".."))
    plain = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", plain)
    return plain.encode("utf-8", "backslashreplace").decode("utf-8")
