"""MIDI files to token shards, in four stages: scan, tokenise, choose, write.

Drafts of all pieces are written chunk by chunk to a folder beside the one that is asked for. A
build that was interrupted goes on from there. Bad files are counted by reason, never fatal.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amadeus.corpus.choice import choose, chosen
from amadeus.corpus.drafts import Skip, draft
from amadeus.corpus.duplicates import NEAR_DUPLICATE, VERSION
from amadeus.corpus.filters import Filters
from amadeus.corpus.manifest import Manifest, read_manifest
from amadeus.corpus.shards import FORMAT, ROWS_PER_SHARD, ShardWriter
from amadeus.corpus.sources import Source, load, scan
from amadeus.corpus.splits import VALIDATION_SHARE
from amadeus.corpus.workers import Job, Read, read_chunk, write_chunks
from amadeus.errors import CorpusError
from amadeus.files import move_folder, write_text
from amadeus.tokens.vocabulary import fingerprint

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_SOURCES = 128
CHUNK_BYTES = 32 * 2**20
"""A chunk ends after this many sources, or once its MIDI files have more than these bytes."""
PLAN = "plan.json"

Chunk = tuple["pa.Table", list[Skip]]
"""Drafts, and what was left out before there was a draft."""
Tokenise = Callable[[Sequence[Job], Read], Iterator[Job]]
"""Does jobs, of sources that are not loaded, and yields each when its chunk is there."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What became of the files."""

    pieces: int
    rows: int
    skipped: Counter[str]
    """Files left out, by reason."""


class Chunks:
    """The chunks of a build, read from disk one after another, as often as is wanted."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def __iter__(self) -> Iterator[Chunk]:
        return map(read_chunk, self.paths)


def build_corpus(
    inputs: Iterable[Path],
    out: Path,
    *,
    manifest: Path | None = None,
    filters: Filters | None = None,
    workers: int = 1,
    tokenise: Tokenise | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    describe: Callable[[Path], None] | None = None,
) -> BuildReport:
    """Tokenise every MIDI file of the inputs and write shards.

    inputs: as for `amadeus.corpus.sources.scan`; out: a folder that is not there yet, or empty.
    manifest: as for `amadeus.corpus.manifest.read_manifest`; without one there are no labels.
    tokenise: how, if not in `workers` processes of this machine.
    on_progress: called with (files done, files in all) while files are tokenised.
    describe: called with the folder of shards before it is moved into place.

    The same files, manifest and filters give the same bytes, whatever the number of workers, and
    whether or not the build was interrupted. Raises CorpusError for inputs that do not exist, an
    `out` that is taken, and where no file can be used.
    """
    filters = filters or Filters()
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise CorpusError(f"{out} exists already; choose a new folder for the shards")
    sources = scan(inputs, read_manifest(manifest) if manifest else Manifest({}))
    settings = build_settings(filters)
    folder = out.absolute().with_name(f"{out.absolute().name}.partial")
    jobs = _take_up(folder, sources, settings)
    tokenise = tokenise or partial(_tokenise_here, workers=workers)
    _tokenise(jobs, filters, tokenise, on_progress)
    # The folder has its final name before it is moved: descriptions may mention it.
    shards = folder / out.absolute().name
    shutil.rmtree(shards, ignore_errors=True)
    report = write_corpus(Chunks([job.path for job in jobs]), shards, settings)
    if report.pieces:
        if describe is not None:
            describe(shards)
        move_folder(shards, out)
    shutil.rmtree(folder)
    if not report.pieces:
        reasons = ", ".join(f"{count} {reason}" for reason, count in report.skipped.most_common())
        raise CorpusError(f"no file could be used ({reasons}); give other inputs")
    return report


def build_settings(filters: Filters) -> dict[str, Any]:
    """Everything that decides what becomes of a file, as JSON values."""
    return asdict(filters) | {
        "licences": list(filters.licences),
        "near_duplicate": NEAR_DUPLICATE,
        "version": VERSION,
        "validation_share": VALIDATION_SHARE,
    }


def write_corpus(
    chunks: Iterable[Chunk],
    folder: Path,
    settings: dict[str, Any],
    rows_per_shard: int = ROWS_PER_SHARD,
) -> BuildReport:
    """Choose among the drafts and write shards; the last two stages of a build.

    chunks: in the order of the plan; gone through twice.
    """
    choice = choose(drafts for drafts, _ in chunks)
    skipped = list(choice.skipped)
    writer = ShardWriter(folder, rows_per_shard)
    for drafts, left_out in chunks:
        writer.write(chosen(drafts, choice))
        skipped += left_out
    skipped.sort(key=lambda skip: skip.place)
    counts = Counter(skip.reason for skip in skipped)
    lines = ((skip.name, f"{skip.reason} {skip.detail}".strip()) for skip in skipped)
    writer.close(lines, dict(counts.most_common()), settings)
    return BuildReport(writer.num_pieces, writer.num_rows, counts)


def cut_into_jobs(sources: Sequence[Source], folder: Path) -> list[Job]:
    """Consecutive sources, together; the same sources are always cut in the same way."""
    jobs: list[list[Source]] = []
    num_bytes = CHUNK_BYTES
    for source in sources:
        if num_bytes >= CHUNK_BYTES or len(jobs[-1]) == CHUNK_SOURCES:
            jobs.append([])
            num_bytes = 0
        jobs[-1].append(source)
        num_bytes += source.num_bytes
    return [Job(folder / f"chunk-{i:05d}.arrow", tuple(job)) for i, job in enumerate(jobs)]


def _tokenise(
    jobs: Sequence[Job],
    filters: Filters,
    tokenise: Tokenise,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Write the chunks that are not there yet."""
    missing = [job for job in jobs if not job.path.exists()]
    total = sum(len(job.sources) for job in jobs)
    done = total - sum(len(job.sources) for job in missing)
    for job in tokenise(missing, partial(draft, filters=filters)):
        done += len(job.sources)
        if on_progress is not None:
            on_progress(done, total)


def _tokenise_here(jobs: Sequence[Job], read: Read, workers: int) -> Iterator[Job]:
    return write_chunks(_loaded(jobs), read, workers)


def _loaded(jobs: Sequence[Job]) -> Iterator[Job]:
    """The jobs with the contents of what lies in archives."""
    sources = load([source for job in jobs for source in job.sources])
    for job in jobs:
        yield Job(job.path, tuple(next(sources) for _ in job.sources))


def _take_up(folder: Path, sources: Sequence[Source], settings: dict[str, Any]) -> list[Job]:
    """Begin a build in a new folder, or go on with the one that was begun there."""
    plan = {"build": _fingerprint(sources, settings), "files": len(sources)}
    path = folder / PLAN
    if folder.exists():
        try:
            begun = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            begun = None
        if begun != plan:
            raise CorpusError(
                f"{folder} is not the beginning of this build: files or settings are others; "
                "delete it to begin anew, or give the arguments it was begun with"
            )
    else:
        folder.mkdir(parents=True)
        text = json.dumps(plan) + "\n"
        write_text(path, text)
    return cut_into_jobs(sources, folder)


def _fingerprint(sources: Iterable[Source], settings: dict[str, Any]) -> str:
    """Hash of everything that decides what a chunk holds."""
    result = hashlib.sha256()
    given = (version("amadeus-music"), FORMAT, fingerprint(), CHUNK_SOURCES, CHUNK_BYTES, settings)
    result.update(repr(given).encode())
    for source in sources:
        result.update(repr(astuple(source)).encode())
    return result.hexdigest()
