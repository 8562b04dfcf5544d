import os
import signal
import struct
import subprocess
import sys
import time
from functools import partial

import pytest

from amadeus.corpus.drafts import Skip, draft
from amadeus.corpus.filters import Filters
from amadeus.corpus.manifest import Manifest
from amadeus.corpus.sources import scan
from amadeus.corpus.workers import Job, read_chunk, write_chunks
from amadeus.errors import CorpusError
from inventions import write_music

KILLS = "kills the process that reads it"
read = partial(draft, filters=Filters())


def die_of(source, names):
    """Reads a source, unless it is one of these: then its process ends."""
    if source.name in names and not source.problem:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(source)


def stumble_over(source, name):
    if source.name == name:
        raise IndexError("a bug")
    return read(source)


def die_once(source, mark):
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return read(source)


def die_at_once(source):
    return read(source) if source.problem else os._exit(1)


@pytest.fixture
def jobs(tmp_path):
    """Six pieces in jobs of two."""
    write_music(tmp_path / "music", 6)
    sources = scan([tmp_path / "music"], Manifest({}))
    (tmp_path / "chunks").mkdir()
    return [
        Job(tmp_path / "chunks" / f"{i}.arrow", tuple(sources[2 * i : 2 * i + 2])) for i in range(3)
    ]


def outcome(jobs):
    """Names of the pieces that became drafts, and reasons of the others by name."""
    tables, skips = zip(*(read_chunk(job.path) for job in jobs), strict=True)
    names = [name for table in tables for name in table["source"].to_pylist()]
    return names, {skip.name: skip.reason for of_job in skips for skip in of_job}


def test_every_job_becomes_a_chunk(jobs):
    assert {job.path for job in write_chunks(jobs, read, 2)} == {job.path for job in jobs}
    names, skipped = outcome(jobs)
    assert names == [source.name for job in jobs for source in job.sources]
    assert not skipped


def test_sources_that_kill_their_process_are_left_out_and_no_other(jobs):
    deadly = {"music/piece00001.mid", "music/piece00004.mid"}
    assert len(list(write_chunks(jobs, partial(die_of, names=deadly), 2))) == 3
    names, skipped = outcome(jobs)
    assert names == [f"music/piece0000{i}.mid" for i in (0, 2, 3, 5)]
    assert skipped == dict.fromkeys(deadly, KILLS)


def test_a_process_that_dies_of_something_else_costs_no_source(jobs, tmp_path):
    assert len(list(write_chunks(jobs, partial(die_once, mark=tmp_path / "mark"), 2))) == 3
    names, skipped = outcome(jobs)
    assert len(names) == 6
    assert not skipped


def test_an_error_of_ours_is_counted_too(jobs):
    list(write_chunks(jobs, partial(stumble_over, name="music/piece00002.mid"), 1))
    assert outcome(jobs)[1] == {"music/piece00002.mid": "could not be tokenised (IndexError)"}


def test_if_every_source_kills_none_is_left(jobs):
    list(write_chunks(jobs[:1], die_at_once, 1))
    table, skipped = read_chunk(jobs[0].path)
    assert len(table) == 0
    assert [skip.reason for skip in skipped] == [KILLS, KILLS]


def test_a_chunk_that_is_damaged_is_named(jobs):
    list(write_chunks(jobs, read, 1))
    jobs[0].path.write_bytes(b"nothing")
    with pytest.raises(CorpusError, match=r"0.arrow cannot be read"):
        read_chunk(jobs[0].path)


def test_offsets_of_a_chunk_that_point_elsewhere_are_found(jobs):
    list(write_chunks(jobs[:1], read, 1))
    path = jobs[0].path
    table, _ = read_chunk(path)
    first, second = table["rows"].to_pylist()
    offsets = struct.pack("<iii", 0, first, first + second)
    data = bytearray(path.read_bytes())
    struct.pack_into("<iii", data, data.rindex(offsets), 0, first, 2**30)
    path.write_bytes(data)
    with pytest.raises(CorpusError, match=r"0.arrow cannot be read.*delete"):
        read_chunk(path)


def test_a_skip_comes_back_whole(tmp_path, jobs):
    (tmp_path / "music" / "piece00003.mid").write_bytes(b"")
    list(write_chunks(jobs, read, 1))
    assert read_chunk(jobs[1].path)[1] == [Skip(3, "music/piece00003.mid", "is empty")]


SCRIPT = """
from pathlib import Path
from amadeus.corpus.build import build_corpus
build_corpus([Path("music")], Path("shards"))
"""


def test_a_script_that_runs_itself_again_is_told_so(jobs, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "needs `if __name__ == '__main__':`" in result.stderr


def test_workers_end_with_the_process_that_began_them(tmp_path):
    pids = tmp_path / "pids"
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from amadeus.corpus.workers import _pool\n"
        "if __name__ == '__main__':\n"
        "    with _pool(1) as pool:\n"
        f"        Path({str(pids)!r}).write_text(str(pool.submit(os.getpid).result()))\n"
        "        time.sleep(60)\n"
    )
    (tmp_path / "main.py").write_text(program)
    with subprocess.Popen([sys.executable, tmp_path / "main.py"]) as process:
        while not pids.exists() or not pids.read_text():
            time.sleep(0.05)
        process.kill()
    worker = int(pids.read_text())
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the worker is still there")
