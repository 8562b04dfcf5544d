"""Tokenising on a Ray cluster: the one stage of a build that is worth many machines.

The chunks come back to the machine that asked for them, so that the other stages are those of any
build, and the shards are the same bytes. Every machine has to see the inputs under the same paths,
and to have this version of Amadeus installed.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from amadeus.corpus.sources import load
from amadeus.corpus.workers import Job, Read, write_chunks
from amadeus.errors import CorpusError
from amadeus.files import write_bytes

LOCAL = "local"


def write_chunks_on_ray(
    jobs: Sequence[Job], read: Read, address: str = LOCAL, workers: int = 1
) -> Iterator[Job]:
    """Do all jobs on a Ray cluster; yields each when its chunk is here, in their order.

    jobs: of sources that are not loaded.
    address: of a cluster, as for `ray.init`; LOCAL starts one of `workers` processes here.

    Raises CorpusError where Ray is not installed, where there is no cluster at the address, and
    where the cluster fails.
    """
    data = _import_ray_data()
    if not jobs:
        return
    with _cluster(address, workers):
        context = data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        rows = [{"number": i, "sources": _packed(job)} for i, job in enumerate(jobs)]
        # A block for each job: the cluster shares out blocks.
        dataset = data.from_items(rows, override_num_blocks=len(rows))
        for row in dataset.map(partial(_tokenise, read=read)).iter_rows():
            if row["error"]:
                raise CorpusError(row["error"])
            job = jobs[row["number"]]
            write_bytes(job.path, row["chunk"])
            yield job


def _packed(job: Job) -> bytes:
    """The sources of a job, for processes that may have another working directory."""
    return pickle.dumps([replace(source, path=source.path.absolute()) for source in job.sources])


def _tokenise(row: dict[str, Any], read: Read) -> dict[str, Any]:
    """On the cluster: the sources of a job to the bytes of its chunk."""
    chunk, message = b"", ""
    with TemporaryDirectory() as folder:
        job = Job(Path(folder) / "chunk.arrow", tuple(load(pickle.loads(row["sources"]))))
        try:
            # In a process of its own: Ray would run a task for ever again whose source kills it.
            (done,) = write_chunks([job], read, workers=1)
            chunk = done.path.read_bytes()
        except CorpusError as error:
            message = str(error)
    return {"number": row["number"], "chunk": chunk, "error": message}


@contextmanager
def _cluster(address: str, workers: int) -> Iterator[None]:
    """Join a cluster, or start one that ends here; a cluster joined before is used and kept."""
    import ray

    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address == LOCAL:
        options |= {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(address, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise CorpusError(
            f"no Ray cluster at {address!r}: {str(error).splitlines()[0]}; "
            f"start one with `ray start --head`, or use {LOCAL!r}"
        ) from None
    try:
        yield
    except ray.exceptions.RayError as error:
        raise CorpusError(
            f"the Ray cluster failed ({type(error).__name__}); "
            "give the same command again to go on where it was"
        ) from None
    finally:
        ray.shutdown()


def _import_ray_data() -> Any:
    try:
        import ray.data
    except ImportError:
        raise CorpusError(
            "building on Ray needs ray[data], which is not installed; "
            "install it with `pip install 'amadeus-music[ray]'`"
        ) from None
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray.data
