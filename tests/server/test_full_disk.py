"""On a full disk no music is lost, deleting works, and every refusal gives a reason."""

import errno
import os
import subprocess
from contextlib import contextmanager, suppress
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from amadeus.client import Client
from amadeus.errors import ServerError
from amadeus.music.midi import read_midi
from amadeus.server import worker_functions
from amadeus.server.app import create_app
from amadeus.server.database import RESERVE, CannotStore
from amadeus.server.disk import RESERVE_BYTES
from amadeus.server.models import Summary
from amadeus.server.store import Store
from amadeus.server.worker_process import WorkerProcess
from serving import PATIENCE, running

SUMMARY = Summary(
    bars=1, notes=1, seconds=1.0, tempo=120.0, metre="4/4", key=None, instruments=["piano"]
)


def keep(store, number, size=100_000, keep_in_memory=False):
    return store.add(
        id=f"{number:016x}", created="now", title=str(number), kind="import", settings={},
        summary=SUMMARY, midi=os.urandom(size), keep_in_memory=keep_in_memory,
    )  # fmt: skip


@contextmanager
def full(store):
    """Prevents the database from growing."""
    execute = store._database.execute
    ((pages,),) = execute("PRAGMA page_count")
    execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        execute(f"PRAGMA max_page_count = {2**30}")


def titles(store):
    return [p.title for p in store.page(limit=99, before=None, starred=None, search="").pieces]


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data", 30)
    yield store
    store.close()


@pytest.fixture
def server(composer, limits, tmp_path):
    """The store of a server, and a client."""
    app = create_app(composer, data=tmp_path / "data", limits=limits)
    with running(app, limits) as (url, _), Client(url, patience=0) as client:
        yield app.state.services.store, client


def test_unsaved_pieces_are_written_when_there_is_space(store):
    keep(store, 1)
    with full(store):
        for number in (2, 3):
            with pytest.raises(CannotStore, match="disk is full; delete pieces"):
                keep(store, number, keep_in_memory=True)
        with pytest.raises(CannotStore):
            keep(store, 4)
        assert titles(store) == ["3", "2", "1"]
        assert [store.get(f"{n:016x}").saved for n in (1, 2, 3)] == [True, False, False]
        midi = store.midi(f"{3:016x}")
        assert len(midi) == 100_000
        assert store.change(f"{2:016x}", "two", True).title == "two"
        assert store.delete(f"{1:016x}")  # which makes room for one
        assert store.get(f"{2:016x}").saved
        assert store.num_unsaved == 1
        assert store.delete(f"{3:016x}")
        assert store.num_unsaved == 0
    store.save_unsaved()
    assert keep(store, 5).saved
    assert titles(store) == ["5", "two"]


def test_unsaved_pieces_are_written_when_the_server_stops(tmp_path):
    store = Store(tmp_path, 30)
    with full(store), pytest.raises(CannotStore):
        keep(store, 1, keep_in_memory=True)
    store.close()
    store = Store(tmp_path, 30)
    assert titles(store) == ["1"]
    store.close()


def test_a_failed_commit_leaves_no_transaction_behind(store):
    with full(store):
        for number in range(3):
            with pytest.raises(CannotStore):
                keep(store, number)
    assert keep(store, 3).saved


def test_cached_files_are_deleted_to_store_pieces(store):
    def clear():
        connection = store._database._connection  # whose lock is held
        connection.execute(f"PRAGMA max_page_count = {2**30}")
        return True

    store.on_full_disk(clear)
    with full(store):
        assert keep(store, 1).saved


def test_a_piece_composed_on_a_full_disk_can_be_downloaded(server):
    store, client = server
    # Much larger than what is composed next, so that it makes room for that when it is deleted.
    first = client.compose(
        "first", bars=16, notes=300, seed=1, tries=1, constraints=["density: 20"]
    )
    with full(store):
        # Small pieces may still find room in a page.
        while (end := finished(client))["state"] == "done":
            pass
        assert (end["state"], end["error"]["code"]) == ("failed", "full")
        assert "disk is full" in end["error"]["message"]
        assert "held in memory and can be downloaded" in end["error"]["message"]
        assert client.piece(end["piece"])["saved"] is False
        assert read_midi(client.midi(end["piece"])).num_notes
        with pytest.raises(ServerError, match="disk is full"):  # rather than lose more
            client.submit("compose", bars=1)
        client.delete(first["id"])
        assert client.piece(end["piece"])["saved"] is True
        assert store.num_unsaved == 0


def finished(client):
    """The last event of a job."""
    job = client.submit("compose", bars=8, notes=100, constraints=["density: 20"])
    return list(client.events(job["id"]))[-1][1]


def test_a_piece_beyond_the_limit_can_be_downloaded(server, paused):
    store, client = server
    paused.set()
    job = client.submit("compose", bars=1, notes=4)
    store._max_pieces = 1
    keep(store, 1)
    with pytest.raises(ServerError, match="limit of 1 stored pieces"):
        client.submit("compose", bars=1)
    paused.clear()
    end = list(client.events(job["id"]))[-1][1]
    assert (end["state"], end["error"]["code"]) == ("failed", "full")
    client.delete(f"{1:016x}")
    assert client.piece(end["piece"])["saved"] is True


def test_an_upload_that_cannot_be_stored_is_refused(server, fixtures):
    store, client = server
    midi = (fixtures / "funk_drums.mid").read_bytes()
    with full(store):
        for _ in range(9):  # small pieces may still find room in a page
            with suppress(ServerError):
                client.upload(midi)
        with pytest.raises(ServerError, match="disk is full; delete pieces or free some space"):
            client.upload(midi)
        with pytest.raises(HTTPError) as refused:
            post(client, midi)
        assert refused.value.code == 507
        refused.value.close()
    assert store.num_unsaved == 0


def post(client, midi):
    headers = {"Content-Type": "audio/midi"}
    urlopen(Request(client.url + "/api/v1/pieces", midi, headers), timeout=PATIENCE)


def test_a_file_that_does_not_fit_on_the_disk_is_refused(server, fixtures, monkeypatch, tmp_path):
    _, client = server
    piece = client.upload((fixtures / "funk_drums.mid").read_bytes())
    calls, run = [], WorkerProcess.run

    async def write_if_empty(worker, function, *arguments):
        if (
            function is worker_functions.write_file
            and len(list((tmp_path / "data/cache").iterdir())) > room
        ):
            raise OSError(f"x: cannot be written ({os.strerror(errno.ENOSPC)})")
        calls.append(function)
        return await run(worker, function, *arguments)

    monkeypatch.setattr(WorkerProcess, "run", write_if_empty)
    room = 0
    assert client.file(piece["id"], "picture")
    assert client.file(piece["id"], "score")  # for which the picture made way
    assert [p.suffix for p in (tmp_path / "data/cache").iterdir()] == [".musicxml"]
    room = -1
    with pytest.raises(ServerError, match="the audio cannot be saved; delete pieces"):
        client.file(piece["id"], "audio")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 16 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.name == "nt" or os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk):
    """Fill the disk completely."""
    with open(disk / "other", "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1024))


def test_deleting_frees_space_on_a_full_disk(small_disk):
    store = Store(small_disk / "data", 10**6)
    count = 0
    with suppress(CannotStore):
        while True:
            keep(store, count, size=200_000)
            count += 1
    fill(small_disk)
    with pytest.raises(CannotStore):
        keep(store, count, size=200_000, keep_in_memory=True)
    assert store.delete(f"{0:016x}")
    assert store.num_unsaved == 0
    for number in range(1, count):
        assert store.delete(f"{number:016x}")
        assert keep(store, count + number, size=200_000).saved
    assert (small_disk / "data" / RESERVE).stat().st_size > RESERVE_BYTES / 2
    ((status,),) = store._database.execute("PRAGMA integrity_check")
    assert status == "ok"
    store.close()


def test_a_server_starts_on_a_full_disk(small_disk):
    store = Store(small_disk / "data", 10**6)
    keep(store, 1)
    store.close()
    fill(small_disk)
    store = Store(small_disk / "data", 10**6)
    assert titles(store) == ["1"]
    assert store.delete(f"{1:016x}")
    store.close()
