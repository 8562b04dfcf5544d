"""Shards on their way to another machine: compressed, in parts that are not too large to send."""

from __future__ import annotations

import lzma
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from amadeus.corpus.shards import SUMMARY, read_summary
from amadeus.errors import CorpusError
from amadeus.files import write_atomically

SUFFIX = ".xz"
_PACKED = re.compile(r"((?:train|validation)-\d{5}\.arrow|corpus\.json)\.xz")


def pack(
    folder: Path,
    out: Path,
    part_bytes: int,
    *,
    workers: int = 1,
    on_file: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Compress the shards of a folder into folders part-0, part-1, ... inside `out`.

    part_bytes: most bytes of a part. on_file: called with (files done, files in all).
    Returns the parts. Raises CorpusError for an `out` that is taken, and where a single compressed
    shard is larger than a part.
    """
    if out.exists() and any(out.iterdir()):
        raise CorpusError(f"{out} is not empty; choose a new folder for the parts")
    paths = [folder / name for name in (SUMMARY, *read_summary(folder)["shards"])]
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out) as temporary, ProcessPoolExecutor(workers) as pool:
        packed = [Path(temporary) / f"{path.name}{SUFFIX}" for path in paths]
        for done, _ in enumerate(pool.map(_compress, paths, packed), start=1):
            if on_file is not None:
                on_file(done, len(paths))
        parts = _cut(packed, part_bytes)
        folders = [out / f"part-{number}" for number in range(len(parts))]
        for part, files in zip(folders, parts, strict=True):
            part.mkdir()
            for path in files:
                path.rename(part / path.name)
    return folders


def unpack(parts: Sequence[Path], out: Path) -> int:
    """Shards again, from all parts of `pack`. Returns the number of pieces.

    Raises CorpusError, and leaves nothing, for an `out` that is taken, and where a part is missing
    or damaged.
    """
    if out.exists():
        raise CorpusError(f"{out} exists already; choose a new folder for the shards")
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.absolute().parent) as temporary:
        shards = Path(temporary) / out.name
        shards.mkdir()
        for path in (path for part in parts for path in sorted(part.iterdir())):
            name = _PACKED.fullmatch(path.name)
            if name:
                _decompress(path, shards / name[1])
        if not (shards / SUMMARY).exists():
            raise CorpusError(
                f"{', '.join(map(str, parts))}: {SUMMARY} is in none of these parts; give all that "
                "`amadeus corpus pack` made"
            )
        summary = read_summary(shards)
        missing = [name for name in summary["shards"] if not (shards / name).exists()]
        if missing:
            raise CorpusError(
                f"{len(missing)} of {len(summary['shards'])} shards are in none of the parts, the "
                f"first is {missing[0]}; give all parts"
            )
        shards.rename(out)
    return summary["pieces"]


def _cut(paths: Sequence[Path], part_bytes: int) -> list[list[Path]]:
    """Files in order, as many in each part as it holds."""
    parts: list[list[Path]] = []
    room = 0
    for path in paths:
        size = path.stat().st_size
        if size > part_bytes:
            raise CorpusError(f"{path.name} has {size:,} bytes, a part {part_bytes:,}; allow more")
        if size > room:
            parts.append([])
            room = part_bytes
        parts[-1].append(path)
        room -= size
    return parts


def _compress(source: Path, target: Path) -> None:
    with source.open("rb") as file, lzma.open(target, "wb") as packed:
        shutil.copyfileobj(file, packed, 2**20)


def _decompress(source: Path, target: Path) -> None:
    def write(path: Path) -> None:
        with lzma.open(source) as packed, path.open("wb") as file:
            shutil.copyfileobj(packed, file, 2**20)

    try:
        write_atomically(target, write)
    except (lzma.LZMAError, EOFError) as error:
        raise CorpusError(f"{source} is damaged: {error}; send it again") from None
