"""Folders of MIDI files to token shards, in parallel.

Bad files are counted by reason, never fatal.
"""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from amadeus.corpus.shards import ShardWriter
from amadeus.errors import CorpusError, ScoreError
from amadeus.music.chords import estimate_chords
from amadeus.music.grid import quantize
from amadeus.music.midi import read_midi
from amadeus.text.facts import measure
from amadeus.tokens import encode

VALIDATION_SHARE = 0.03
MIN_ROWS = 32


@dataclass(frozen=True, slots=True)
class Source:
    """A MIDI file to be read, and what a manifest says of it."""

    path: Path
    name: str
    """Path below the folder that was given."""
    labels: tuple[str, ...] = ()
    composer: str = ""
    performed: bool = False
    split: str = ""
    """Empty: decided by hash."""


@dataclass(slots=True)
class BuildReport:
    """What became of the files."""

    pieces: int = 0
    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def build_corpus(
    folders: Iterable[Path],
    out: Path,
    *,
    manifest: Path | None = None,
    keep_performed: bool = False,
    workers: int = 1,
    on_file: Callable[[int, int], None] | None = None,
) -> BuildReport:
    """Tokenise every MIDI file below the folders and write shards.

    manifest: CSV (or CSV.xz) with columns file, labels, composer_or_artist, performed and split,
    files named as below the folders; without one, splits are drawn by hash and there are no labels.
    keep_performed: take pieces that were played against no beat, whose bars mean nothing.
    on_file: called with (files done, files in all).
    """
    sources = list(_scan(folders, manifest, keep_performed))
    if not sources:
        raise CorpusError("no MIDI files (*.mid, *.midi) found; name folders that hold some")
    report = BuildReport()
    writer = ShardWriter(out)
    seen: set[bytes] = set()
    with ProcessPoolExecutor(workers) as pool:
        results = _in_order(pool, sources, ahead=64 * workers)
        for done, (source, result) in enumerate(zip(sources, results, strict=True), start=1):
            if on_file is not None:
                on_file(done, len(sources))
            if isinstance(result, str):
                report.skipped[result] += 1
                continue
            piece_id, tokens, facts = result
            notes = hashlib.sha1(tokens.tobytes()).digest()
            if notes in seen:
                report.skipped["duplicate"] += 1
                continue
            seen.add(notes)
            split = source.split or _split_by_hash(piece_id)
            writer.add(tokens, id=piece_id, source=source.name, split=split, facts=facts)
            report.pieces += 1
            report.rows += len(tokens)
    writer.close(dict(report.skipped))
    return report


def _in_order(pool: ProcessPoolExecutor, sources: list[Source], ahead: int) -> Iterator[Any]:
    """Results of `_tokenise` in order, at most `ahead` files in flight: memory stays bounded."""
    remaining = iter(sources)
    waiting = [pool.submit(_tokenise, source) for source in islice(remaining, ahead)]
    while waiting:
        future = waiting.pop(0)
        waiting += [pool.submit(_tokenise, source) for source in islice(remaining, 1)]
        yield future.result()


def _tokenise(source: Source) -> tuple[str, np.ndarray, dict] | str:
    """One file as (id, tokens, facts), or the reason why not."""
    try:
        score = quantize(read_midi(source.path))
        score = replace(score, chords=score.chords or estimate_chords(score))
        tokens = encode(score)
    except ScoreError as error:
        return _reason(error, source.path)
    if len(tokens) < MIN_ROWS:
        return f"fewer than {MIN_ROWS} notes"
    facts = measure(
        score, labels=source.labels, composer=source.composer, performed=source.performed
    )
    piece_id = hashlib.sha1(source.path.read_bytes()).hexdigest()[:12]
    return piece_id, tokens, facts.to_dict()


def _reason(error: ScoreError, path: Path) -> str:
    """What is wrong with the file, without its name, numbers and remedy: reasons can be counted."""
    return re.sub(r"\d+", "N", str(error).removeprefix(f"{path}: ").split(";")[0])


def _scan(folders: Iterable[Path], manifest: Path | None, keep_performed: bool) -> Iterator[Source]:
    known = _read_manifest(manifest) if manifest else {}
    for folder in folders:
        if not folder.is_dir():
            raise CorpusError(f"{folder} is not a folder")
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in (".mid", ".midi"):
                continue
            inside = path.relative_to(folder).as_posix()
            row = known.get(inside) or known.get(f"{folder.name}/{inside}") or {}
            performed = row.get("performed") == "1"
            if performed and not keep_performed:
                continue
            yield Source(
                path=path,
                name=row.get("file") or f"{folder.name}/{inside}",
                labels=tuple(filter(None, row.get("labels", "").split(";"))),
                composer=row.get("composer_or_artist", ""),
                performed=performed,
                split=row.get("split", ""),
            )


def _read_manifest(path: Path) -> dict[str, dict[str, str]]:
    """Rows of a manifest by the file they speak of."""
    try:
        data = path.read_bytes()
        text = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8")
        return {row["file"]: row for row in csv.DictReader(io.StringIO(text))}
    except (OSError, lzma.LZMAError, UnicodeDecodeError, KeyError) as error:
        raise CorpusError(f"manifest {path} cannot be read: {error}") from None


def _split_by_hash(piece_id: str) -> str:
    share = int(piece_id[:8], 16) / 2**32
    return "validation" if share < VALIDATION_SHARE else "train"
