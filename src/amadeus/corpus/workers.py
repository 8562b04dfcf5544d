"""Processes that turn sources into chunks of drafts, and survive sources that kill them."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Any

from amadeus.corpus.drafts import DRAFT_SCHEMA, Skip, table_of
from amadeus.corpus.extra import train_extra
from amadeus.corpus.sources import Source
from amadeus.errors import CorpusError
from amadeus.files import write_atomically

with train_extra():
    import pyarrow as pa
    from threadpoolctl import threadpool_limits

Read = Callable[[Source], "dict[str, Any] | Skip"]
"""Makes a draft of a source; it has to survive being sent to another process."""

MAX_UNEXPLAINED = 3
"""Deaths of processes, no source being at fault, after which a build gives up."""
_SKIPPED = b"skipped"


@dataclass(frozen=True, slots=True)
class Job:
    """Sources that become one chunk."""

    path: Path
    """Where the chunk is to be written."""
    sources: tuple[Source, ...]


def write_chunks(jobs: Iterable[Job], read: Read, workers: int) -> Iterator[Job]:
    """Do all jobs, in parallel processes; yields each when its chunk is there, in any order.

    A source that kills its process becomes a Skip. Raises CorpusError if processes keep dying and
    no source is at fault.
    """
    remaining = iter(jobs)
    unexplained = 0
    while unexplained < MAX_UNEXPLAINED:
        unfinished: list[Job] = []
        with _pool(workers) as pool:
            yield from _until_broken(pool, remaining, read, 2 * workers, unfinished)
        if not unfinished:
            return
        harmless = [_without_killers(job, read) for job in unfinished]
        unexplained += harmless == unfinished
        remaining = chain(harmless, remaining)
    raise CorpusError("processes keep being killed; use fewer workers, or free some memory")


def read_chunk(path: Path) -> tuple[pa.Table, list[Skip]]:
    """Drafts, memory-mapped, and what was left out.

    Raises CorpusError where it is damaged.
    """
    try:
        with pa.memory_map(str(path)) as file:
            table = pa.ipc.open_file(file).read_all()
        if not table.schema.equals(DRAFT_SCHEMA):
            raise ValueError("it lacks the columns of a chunk")
        table.validate(full=True)
        return table, [Skip(*values) for values in json.loads(table.schema.metadata[_SKIPPED])]
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} cannot be read: {error}; delete {path.parent}") from None


def _until_broken(
    pool: ProcessPoolExecutor, jobs: Iterator[Job], read: Read, ahead: int, unfinished: list[Job]
) -> Iterator[Job]:
    """Jobs that were done until a process died; `unfinished` are those that then were not."""
    running: dict[Future, Job] = {}
    while not unfinished:
        for job in jobs if len(running) < ahead else ():
            try:
                running[pool.submit(_write_chunk, job, read)] = job
            except BrokenProcessPool:
                unfinished.append(job)
            if unfinished or len(running) == ahead:
                break
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            job = running.pop(future)
            try:
                future.result()
                yield job
            except BrokenProcessPool:
                unfinished.append(job)
    unfinished += running.values()


def _without_killers(job: Job, read: Read) -> Job:
    """The job again; sources that kill the process that reads them are marked as problems."""
    sources: list[Source] = []
    while len(sources) < len(job.sources):
        with _pool(1) as pool:
            for source in job.sources[len(sources) :]:
                try:
                    pool.submit(_try, source, read).result()
                except BrokenProcessPool:
                    sources.append(replace(source, problem="kills the process that reads it"))
                    break
                sources.append(source)
    return replace(job, sources=tuple(sources))


def _write_chunk(job: Job, read: Read) -> None:
    results = [_draft(source, read) for source in job.sources]
    skipped = [astuple(result) for result in results if isinstance(result, Skip)]
    drafts = table_of([r for r in results if not isinstance(r, Skip)], DRAFT_SCHEMA)
    drafts = drafts.replace_schema_metadata({_SKIPPED: json.dumps(skipped)})

    def write(path: Path) -> None:
        with pa.ipc.new_file(str(path), drafts.schema) as writer:
            writer.write_table(drafts)

    write_atomically(job.path, write)


def _try(source: Source, read: Read) -> None:
    _draft(source, read)


def _draft(source: Source, read: Read) -> dict[str, Any] | Skip:
    try:
        return read(source)
    except Exception as error:
        # Ours to mend, but no reason to leave the other files: it is counted, and so it is seen.
        return Skip(source.place, source.name, f"could not be tokenised ({type(error).__name__})")


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are known to work; at the end, what has not been begun is dropped."""
    # Forking a process that has threads may lock up; a fork server has none.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload([__name__])
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
    try:
        _check(pool)
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _check(pool: ProcessPoolExecutor) -> None:
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool:
        raise CorpusError(
            "processes cannot be started; a script that builds a corpus needs "
            "`if __name__ == '__main__':` before it does"
        ) from None


def _begin() -> None:
    """Leave Ctrl-C to the main process, and end when it does, even if it is killed."""
    # Threads of a product of small matrices cost the other processes more than they save here.
    threadpool_limits(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
