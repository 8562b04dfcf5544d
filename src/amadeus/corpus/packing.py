"""Shards on their way to another machine: compressed, in parts that are not too large to send."""

from __future__ import annotations

import lzma
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from amadeus.corpus.shards import SHARD_NAME, SUMMARY, read_summary
from amadeus.errors import CorpusError
from amadeus.files import move_folder, temporary_folder, write_atomically

SUFFIX = ".xz"


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
    parent = out.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(parent) as temporary, ProcessPoolExecutor(workers) as pool:
        packed = [temporary / f"{path.name}{SUFFIX}" for path in paths]
        for done, _ in enumerate(pool.map(_compress, paths, packed), start=1):
            if on_file is not None:
                on_file(done, len(paths))
        names = []
        for number, files in enumerate(_cut(packed, part_bytes)):
            names.append(f"part-{number}")
            folder_of_part = temporary / out.name / names[-1]
            folder_of_part.mkdir(parents=True)
            for path in files:
                path.rename(folder_of_part / path.name)
        move_folder(temporary / out.name, out)
    return [out / name for name in names]


def unpack(parts: Sequence[Path], out: Path) -> int:
    """Shards again, from all parts of `pack`. Returns the number of pieces.

    Raises CorpusError, and leaves nothing, for an `out` that is taken, and where a part is missing
    or damaged.
    """
    if out.exists():
        raise CorpusError(f"{out} exists already; choose a new folder for the shards")
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(out.absolute().parent) as temporary:
        shards = temporary / out.name
        shards.mkdir()
        for path in (path for part in parts for path in sorted(part.iterdir())):
            name = path.name.removesuffix(SUFFIX)
            if name != path.name and (name == SUMMARY or SHARD_NAME.fullmatch(name)):
                _decompress(path, shards / name)
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
        move_folder(shards, out)
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
