"""Pieces survive the server, and no upload can harm it."""

import os
import sqlite3
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from amadeus.errors import ConfigError, ServerError
from amadeus.music.midi import encode_midi, read_midi
from amadeus.music.score import CONTROL_DTYPE, Score, Tempo, Track, make_notes
from amadeus.server import worker_functions
from amadeus.server.database import CannotStore
from amadeus.server.limits import Limits
from amadeus.server.models import Summary
from amadeus.server.store import Store
from amadeus.server.worker_functions import FILE_KINDS
from smf import meta, notes, on, smf, sysex, track

SUMMARY = Summary(
    bars=1, notes=1, seconds=1.0, tempo=120.0, metre="4/4", key=None, instruments=["piano"]
)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data", 30)
    yield store
    store.close()


def keep(store, id, title="", parent=None):
    return store.add(
        id=f"{id:016x}", created="now", title=title or str(id), kind="import", settings={},
        summary=SUMMARY, midi=bytes([id]), parent=parent,
    )  # fmt: skip


def test_pages_contain_every_piece_once_newest_first(store):
    ids = [keep(store, i).id for i in range(25)]
    pages, before = [], None
    while True:
        page = store.page(limit=10, before=before, starred=None, search="")
        pages.append([piece.id for piece in page.pieces])
        if (before := page.next) is None:
            break
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [id for page in pages for id in page] == ids[::-1]


def test_search_treats_wildcards_literally(store):
    for i, title in enumerate(("100 % piano", "100 x piano", "a_b", "aab", "Ünder")):
        keep(store, i, title)
    matches = {
        words: [
            p.title for p in store.page(limit=9, before=None, starred=None, search=words).pieces
        ]
        for words in ("% piano", "a_b", "ANO", "'; DROP TABLE pieces; --")
    }
    assert matches["% piano"] == ["100 % piano"]
    assert matches["a_b"] == ["a_b"]
    assert len(matches["ANO"]) == 2
    assert matches["'; DROP TABLE pieces; --"] == []


def test_takes_of_a_deleted_piece_stay_together(store):
    first = keep(store, 1)
    second = keep(store, 2, parent=first.id)
    store.delete(first.id)
    third = keep(store, 3, parent=second.id)
    assert [piece.id for piece in store.takes(first.id)] == [second.id, third.id]
    assert (third.parent, third.root) == (second.id, first.id)


def test_the_number_of_stored_pieces_is_limited(tmp_path):
    store = Store(tmp_path, 2)
    keep(store, 1), keep(store, 2)
    with pytest.raises(CannotStore, match="delete some"):
        keep(store, 3)
    store.delete(f"{1:016x}")
    assert keep(store, 3)
    store.close()


def test_an_unusable_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="choose another folder"):
        Store(tmp_path / "file", 9)
    connection = sqlite3.connect(tmp_path / "pieces.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigError, match="another version of Amadeus"):
        Store(tmp_path, 9)


def test_an_upload_is_a_piece_that_survives_a_restart(serve, fixtures):
    midi = (fixtures / "song_with_pickup.mid").read_bytes()
    with serve() as client:
        piece = client.upload(midi, title="A song / ../x")
        assert (piece["kind"], piece["title"]) == ("import", "A song / ../x")
        assert read_midi(client.midi(piece["id"])) == read_midi(midi)
        changed = client.change(piece["id"], starred=True)
        assert changed == {**piece, "starred": True}
    with serve() as client:
        assert list(client.pieces()) == [changed]
        assert [p["id"] for p in client.pieces(starred=True)] == [piece["id"]]
        assert list(client.pieces(starred=False)) == list(client.pieces(search="waltz")) == []
        assert client.change(piece["id"], title="Song")["title"] == "Song"
        client.delete(piece["id"])
        with pytest.raises(ServerError, match="there is no piece"):
            client.piece(piece["id"])


def test_files_captions_and_metrics_of_a_piece(serve, fixtures, tmp_path):
    midi = (fixtures / "funk_drums.mid").read_bytes()
    score = read_midi(midi)
    with serve(cache_bytes=1) as client:
        piece = client.upload(midi)
        assert client.file(piece["id"], "audio")[:4] == b"RIFF"
        assert client.file(piece["id"], "picture")[:4] == b"\x89PNG"
        assert b"<score-partwise" in client.file(piece["id"], "score")
        if find_spec("verovio"):
            assert client.file(piece["id"], "pdf")[:4] == b"%PDF"
        # There is room for one file, so the first one had to go, and is made again.
        assert len(os.listdir(tmp_path / "data" / "cache")) == 1
        assert len(client.captions(piece["id"], count=3)) == 3
        evaluation = client.evaluation(piece["id"])
        assert evaluation["metrics"]["pitch entropy"] is None  # drums alone have none
        assert evaluation["alignment"] == {}
        view = client.notes(piece["id"])
        assert len(view["notes"]) == score.num_notes
        assert {note["is_drum"] for note in view["notes"]} == {True}
        assert view["seconds"] == pytest.approx(score.seconds, abs=1e-3)
        client.delete(piece["id"])
        assert os.listdir(tmp_path / "data" / "cache") == []


@pytest.mark.skipif(find_spec("verovio") is None, reason="needs verovio")
def test_a_pdf_is_described_and_offered(serve):
    with serve() as client:
        assert "pdf" in client.info()["files"]
        described = client._json("GET", "/openapi.json")["paths"]["/api/v1/pieces/{id}/pdf"]
        assert "application/pdf" in described["get"]["responses"]["200"]["content"]


def test_files_are_written_atomically(fixtures, tmp_path):
    midi = (fixtures / "funk_drums.mid").read_bytes()
    for kind in FILE_KINDS:
        path = tmp_path / f"file{FILE_KINDS[kind].suffix}"
        worker_functions.write_file(kind, midi, str(path), "A title")
        assert path.stat().st_size > 100
    assert len(os.listdir(tmp_path)) == len(FILE_KINDS)


def test_any_track_of_an_instrument_may_hold_the_pedal():
    from amadeus.server.view import notes_of

    notes = make_notes([(0, 480, 60, 80)])
    moves = ([(0, 64, 127), (480, 64, 0)], [(240, 64, 127), (240, 7, 90), (960, 64, 0)])
    tracks = [Track(0, notes, controls=np.array(move, dtype=CONTROL_DTYPE)) for move in moves]
    flute = Track(73, notes, controls=np.array([(480, 64, 40)], dtype=CONTROL_DTYPE))
    view = notes_of("0" * 16, Score(480, (*tracks, flute), (Tempo(0, 60.0),)))
    assert [(p.onset, p.onset_seconds, p.value, p.program) for p in view.pedals] == [
        (0, 0, 127, 0), (2, 2, 0, 0), (1, 1, 40, 73),
    ]  # fmt: skip


def test_notes_have_times_in_quarters_and_seconds(fixtures):
    from amadeus.server.view import notes_of

    score = read_midi(fixtures / "choir_changing_metre.mid")
    view = notes_of("0" * 16, score)
    assert [n.onset for n in view.notes] == sorted(n.onset for n in view.notes)
    assert len({bar.metre for bar in view.bars}) > 1
    for bar, following in zip(view.bars, view.bars[1:], strict=False):
        assert bar.onset + bar.quarters == pytest.approx(following.onset)
    for note in view.notes:
        bar = view.bars[note.bar - 1]
        assert bar.onset <= note.onset < bar.onset + bar.quarters
        assert note.duration_seconds > 0


BROKEN = {
    "empty": b"",
    "no MIDI": b"hello",
    "header alone": b"MThd\0\0\0\6\0\1\0\1\1\xe0",
    "cut off": b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\xff\xff\0\x90\x3c",
    "endless length": b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\xff\xff\xff\xff" + b"\x81" * 99,
    "zeros": b"MThd" + bytes(10_000),
}


def test_broken_uploads_are_refused(client):
    for data in BROKEN.values():
        with pytest.raises(ServerError, match="MIDI"):
            client.upload(data)
    with pytest.raises(ServerError, match="content type audio/midi"):
        client._open("POST", "/api/v1/pieces", b"MThd", {"Content-Type": "text/plain"})
    assert client._json("GET", "/info")["files"][0] == "midi"


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ({"midi_bytes": 100}, "too large; send at most 100 bytes"),
        ({"midi_notes": 10}, "notes exceed the limit of 10; shorten"),
        ({"midi_seconds": 1}, "seconds exceed the limit of 1; shorten"),
    ],
)
def test_uploads_have_limits(serve, fixtures, limit, message):
    midi = (fixtures / "funk_drums.mid").read_bytes()
    with serve(**limit) as client, pytest.raises(ServerError, match=message):
        client.upload(midi)


def die(*_):
    os._exit(3)


def loop(*_):
    while True:
        pass


@pytest.mark.slow
def test_a_crash_of_the_worker_process_breaks_nothing_else(fixtures):
    import asyncio

    from amadeus.server.worker_process import WorkerFailed, WorkerProcess

    async def go():
        worker = WorkerProcess(9, 1, 2**30)
        with pytest.raises(WorkerFailed, match="crashed the worker process"):
            await worker.run(die)
        with pytest.raises(WorkerFailed, match="too long"):
            await worker.run(loop)
        made = await worker.run(worker_functions.import_midi, midi, 10**6, 10**6)
        worker.close()
        return made

    midi = (fixtures / "funk_drums.mid").read_bytes()
    again, summary = asyncio.run(go())
    assert again == encode_midi(read_midi(midi))
    assert summary.instruments == ["drums"]


def spin(*_):
    sum(range(10**12))  # in compiled code, which heeds no signal


@pytest.mark.slow
def test_an_uninterruptible_call_is_killed_and_fails_no_other(fixtures, monkeypatch):
    import asyncio

    from amadeus.server.worker_process import WorkerFailed, WorkerProcess

    async def go():
        worker = WorkerProcess(9, 2, 2**30)
        views = [worker.run(worker_functions.notes_json, "0" * 16, midi) for _ in range(3)]
        calls = [worker.run(spin), *views[:2], worker.run(die), views[2]]
        made = await asyncio.gather(*calls, return_exceptions=True)
        worker.close()
        return made

    midi = (fixtures / "funk_drums.mid").read_bytes()
    spun, *viewed, died, after = asyncio.run(go())
    assert (type(spun), type(died)) == (WorkerFailed, WorkerFailed)
    assert "crashed the worker process" in str(died)
    assert [*viewed, after] == [worker_functions.notes_json("0" * 16, midi)] * 3


def hoard(*_):
    return np.ones(2**28).sum()  # 2 GiB


def hoard_objects(*_):
    return [[number] for number in range(2**26)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")
def test_a_call_that_needs_too_much_memory_fails_without_killing_the_process(fixtures):
    import asyncio

    from amadeus.server.worker_process import WorkerFailed, WorkerProcess

    async def go():
        worker = WorkerProcess(9, 60, 2**30)
        first = await worker.run(os.getpid)
        for wasteful in (hoard, hoard_objects):
            with pytest.raises(WorkerFailed, match="too much memory; shorten the piece"):
                await worker.run(wasteful)
        made = await worker.run(worker_functions.notes_json, "0" * 16, midi)
        assert await worker.run(os.getpid) == first
        worker.close()
        return made

    midi = (fixtures / "funk_drums.mid").read_bytes()
    assert asyncio.run(go()) == worker_functions.notes_json("0" * 16, midi)


def test_a_file_that_vanishes_during_eviction_is_no_error(tmp_path, monkeypatch):
    from pathlib import Path

    from amadeus.server.file_cache import FileCache

    files = FileCache(tmp_path, None, 1)
    names = ["a.wav", ".amadeus-temporary", "b.wav"]
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([tmp_path / name for name in names]))
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"xx")
    files._evict(tmp_path / "b.wav")
    assert os.listdir(tmp_path) == ["b.wav"]


def test_errors_do_not_reveal_paths_on_the_server(fixtures, tmp_path):
    midi = (fixtures / "funk_drums.mid").read_bytes()
    with pytest.raises(OSError, match="cannot be written"):
        worker_functions.write_file("score", midi, str(tmp_path / "nowhere" / "x.musicxml"), "")


KEEP_ON = """
import sys
from pathlib import Path
from amadeus.server.models import Summary
from amadeus.server.store import Store

summary = Summary(bars=1, notes=1, seconds=1, tempo=120, metre="4/4", key=None, instruments=[])
store = Store(Path(sys.argv[1]), 10**6)
for number in range(10**6):
    store.add(id=f"{number:016x}", created="now", title="", kind="import", settings={},
              summary=summary, midi=bytes(10_000))
    print(number, flush=True)
"""


@pytest.mark.slow
def test_stored_pieces_survive_a_kill(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KEEP_ON, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    for _ in range(50):
        assert process.stdout.readline()
    process.kill()
    num_reported = 50 + len(process.stdout.read().splitlines())
    process.wait()
    process.stdout.close()
    store = Store(tmp_path, 10**6)
    assert store._database._connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    for number in range(num_reported):
        assert store.midi(f"{number:016x}") == bytes(10_000)
    store.close()


def test_limits_are_at_least_one():
    with pytest.raises(ConfigError, match="waiting must be at least 1"):
        Limits(waiting=0)


def test_an_upload_is_given_back_as_it_was_sent(client):
    """Bytes that a score has no place for are kept, and what was repaired is said."""
    tune = track((0, meta(3, b"\x83\x73")), (0, sysex(b"\x41\x10\xf7")), *notes([60, 62, 64, 65]))
    for midi, said in ((smf(tune), ""), (smf(tune, track((0, on(60)), end=None)), "left out")):
        piece = client.upload(midi)
        assert client.midi(piece["id"]) == midi
        assert said in " ".join(piece["notices"])
    edited = client.edit(piece["id"], bars=[1, 1], seed=1)
    assert b"\x83\x73" in client.midi(edited["id"])
    assert b"\x41\x10\xf7" in client.midi(edited["id"])


def test_an_upload_is_continued_after_its_end_or_from_a_bar(client):
    piece = client.upload(smf(track(*notes([60, 62, 64, 65]), end=3 * 1920)))
    assert piece["bars"] == 4
    assert len(client.notes(piece["id"])["bars"]) == 4
    longer = client.continue_piece(piece["id"], bars=1, seed=1)
    assert client.notes(longer["id"])["notes"][-1]["bar"] == 5
    filled = client.continue_piece(piece["id"], bars=1, seed=1, from_bar=2)
    assert client.notes(filled["id"])["notes"][-1]["bar"] == 2
