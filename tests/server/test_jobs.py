"""Jobs compose the same pieces as the composer, and stream them."""

import asyncio
import threading

import pytest

from amadeus.client import Client
from amadeus.control import Constraints
from amadeus.errors import BusyError, ServerError
from amadeus.inference.composer import Composer
from amadeus.music.grid import GRID
from amadeus.music.midi import read_midi, write_midi
from amadeus.server.app import create_app
from amadeus.server.engine import Engine
from amadeus.server.jobs import Job
from amadeus.server.limits import Limits
from amadeus.server.requests import ComposeRequest
from amadeus.server.tasks import plan_compose
from serving import drained, running, until

LONG = {"bars": 16, "notes": 390, "constraints": ["density: 30"], "temperature": 0.5}


def as_stored(score, tmp_path):
    return read_midi(write_midi(score, tmp_path / "score.mid"))


def test_the_server_and_the_composer_compose_the_same_piece(client, composer, tmp_path):
    piece = client.compose("a bright tune", bars=2, notes=20, seed=3)
    score = composer.generate("a bright tune", bars=2, notes=20, seed=3)
    assert read_midi(client.midi(piece["id"])) == as_stored(score, tmp_path)
    assert piece["notes"] == score.num_notes
    assert piece["settings"] == {"prompt": "a bright tune", "bars": 2, "notes": 20, "seed": 3}
    assert (piece["title"], piece["kind"], piece["parent"]) == ("a bright tune", "compose", None)


def test_streamed_notes_are_those_of_the_piece(client, composer):
    settings = {"bars": 3, "notes": 30, "seed": 5, "constraints": ["tempo: 90", "chords: Am F"]}
    notes, piece = drained(client.stream("a waltz", **settings))
    stored = client.notes(piece["id"])
    assert len(notes) == len(stored["notes"]) == piece["notes"]
    shared = ("onset", "pitch", "velocity", "program", "is_drum", "instrument", "bar", "duration")
    for given, kept in zip(
        *(sorted(some, key=lambda n: [n[k] for k in shared]) for some in (notes, stored["notes"])),
        strict=True,
    ):
        assert [given[k] for k in shared] == [kept[k] for k in shared]
        assert given["onset_seconds"] == pytest.approx(kept["onset_seconds"], abs=1e-3)
        assert (given["tempo"], given["track"]) == (90, None)
    held = Constraints(*settings.pop("constraints"))
    direct = composer.stream("a waltz", constraints=held, **settings)
    assert [note.onset_ticks / GRID for note in direct] == [note["onset"] for note in notes]


def test_events_contain_every_bar_and_end_with_the_job(client):
    job = client.submit("compose", bars=3, seed=1, notes=40, constraints=["metre: 3/4"])
    events = list(client.events(job["id"]))
    names = [name for name, _ in events]
    assert names[:2] == ["state", "state"]
    assert names[-1] == "done"
    bars = [data for name, data in events if name == "bar"]
    assert [bar["bar"] for bar in bars] == list(range(1, len(bars) + 1))
    assert {bar["metre"] for bar in bars} == {"3/4"}
    end = events[-1][1]
    assert end["state"] == "done"
    assert end["progress"] == {"bars": len(bars), "notes": names.count("note"), "of_bars": 3}
    assert client.job(job["id"]) == end


def test_events_can_be_resumed(client):
    job = client.submit("compose", bars=2, seed=2, notes=20)
    whole = list(client.events(job["id"]))
    assert list(client.events(job["id"], last=4)) == whole[4:]
    assert list(client.events(job["id"], last=len(whole))) == []


def test_a_last_event_id_beyond_the_end_gets_the_last_event(composer):
    async def go():
        job = Job(plan_compose(ComposeRequest(), 1, Limits(), composer), "somebody")
        following = asyncio.ensure_future(anext(job.follow(last=10**6)))
        await asyncio.sleep(0)
        job.set_state("cancelled")
        return await following

    assert b"event: cancelled" in asyncio.run(go())


def test_old_jobs_keep_only_their_last_event(client, limits):
    jobs = [client.submit("compose", bars=1, notes=4, seed=i) for i in range(3)]
    ends = [list(client.events(job["id"]))[-1] for job in jobs]
    client.compose(bars=1, notes=4, seed=9)
    assert list(client.events(jobs[0]["id"])) == ends[:1]


def test_continuing_creates_a_take_with_new_bars(client, composer, tmp_path):
    first = client.compose(bars=2, notes=20, seed=3)
    notes, second = drained(client.stream_continuation(first["id"], bars=2, notes=10, seed=4))
    given = read_midi(client.midi(first["id"]))
    longer = composer.continue_score(given, bars=2, notes=10, seed=4)
    assert read_midi(client.midi(second["id"])) == as_stored(longer, tmp_path)
    assert len(notes) == second["notes"] - first["notes"]
    assert min(note["bar"] for note in notes) > first["bars"]
    assert (second["parent"], second["root"]) == (first["id"], first["id"])


def test_single_notes_can_be_edited(client):
    held = ["instruments: piano", "metre: 4/4"]
    first = client.compose(bars=3, notes=40, seed=3, constraints=held)
    before = client.notes(first["id"])["notes"]
    chosen = before[len(before) // 2]
    place = f"{chosen['bar']}:{1 + chosen['onset'] % 4:.3f}"
    name = f"{chosen['pitch']} for program {chosen['program']} at {place}"
    second = client.edit(first["id"], notes=[name], seed=6)
    after = client.notes(second["id"])["notes"]
    assert len(after) == len(before)
    changed = [old for old in before if old not in after]
    assert changed == [chosen]
    with pytest.raises(ServerError, match="no note is '127 at 1:1'"):
        client.edit(first["id"], notes=["127 at 1:1"])


def test_editing_keeps_everything_else(client, composer, tmp_path):
    first = client.compose(bars=3, notes=40, seed=3, constraints=["instruments: piano"])
    job = client.submit("edit", piece=first["id"], bars=[2, 2], seed=6, tries=2)
    assert any("bars 2-2" in line for line in job["changes"])
    events = list(client.events(job["id"]))
    assert "progress" in [name for name, _ in events]
    assert "note" not in [name for name, _ in events]
    second = client.piece(events[-1][1]["piece"])
    edited = composer.edit(read_midi(client.midi(first["id"])), bars=(2, 2), seed=6, tries=2)
    assert read_midi(client.midi(second["id"])) == as_stored(edited, tmp_path)
    job = client.submit("edit", piece=second["id"], resample=["dynamics"], seed=7)
    *events, (_, done) = client.events(job["id"])
    assert [name for name, _ in events].count("draft") == second["notes"]
    third = client.piece(done["piece"])
    assert [take["id"] for take in client.takes(first["id"])] == [
        first["id"], second["id"], third["id"],
    ]  # fmt: skip
    assert {take["root"] for take in client.takes(third["id"])} == {first["id"]}


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("compose", {"constraints": ["metre: 3/4", "metre: 4/4"]}, "contradict"),
        ("compose", {"prompt": "in C major, in A minor"}, "two keys"),
        ("compose", {"bars": 17}, "ask for at most 16"),
        ("compose", {"prompt": "40 bars"}, "ask for at most 16"),
        ("compose", {"constraints": ["colour: red"]}, "there is no 'colour'"),
        ("compose", {"steps": 9}, "body.steps"),
        ("compose", {"tempo": 120}, "body.tempo"),
        ("edit", {"piece": "0" * 16}, "there is no piece"),
        ("edit", {"piece": "../../etc/passwd"}, "body.piece"),
    ],
)  # fmt: skip
def test_an_invalid_job_is_refused_before_it_is_queued(client, kind, settings, message):
    with pytest.raises(ServerError, match=message):
        client.submit(kind, **settings)
    assert client._json("GET", "/jobs")["jobs"] == []


def test_an_ended_job_keeps_no_score(composer, limits, tmp_path, paused):
    app = create_app(composer, data=tmp_path, limits=limits)
    with running(app, limits) as (url, _), Client(url) as client:
        piece = client.compose(bars=2, notes=10, seed=1)["id"]
        client.edit(piece, bars=[1, 1])
        paused.set()
        jobs = [client.submit("continue", piece=piece) for _ in range(3)]
        for job in jobs:
            client.cancel(job["id"])
        scheduler = app.state.services.scheduler
        until(lambda: scheduler.running == 0)
        assert len(scheduler.jobs()) == 5
        assert not any(hasattr(job.task, "score") for job in scheduler.jobs())


def test_an_invalid_edit_is_refused(client):
    piece = client.compose(bars=2, notes=10, seed=1)["id"]
    for settings, message in (
        ({"bars": [7, 8]}, "the piece has"),
        ({"keep": ["hope"]}, "no attribute"),
    ):
        with pytest.raises(ServerError, match=message):
            client.submit("edit", piece=piece, **settings)


def test_a_cancelled_job_leaves_no_piece(client, paused):
    paused.set()
    job = client.submit("compose", seed=1, **LONG)
    waiting = [client.submit("compose", seed=i, **LONG) for i in range(3)]
    assert client.cancel(waiting[-1]["id"])["state"] == "cancelled"
    assert client.cancel(job["id"])["state"] == "cancelled"
    assert list(client.events(job["id"]))[-1][0] == "cancelled"
    for queued in waiting:
        client.cancel(queued["id"])
    paused.clear()
    until(lambda: client._json("GET", "/pieces")["pieces"] == [])
    assert client.compose(bars=1, notes=4, seed=1)["notes"] <= 4
    assert len(list(client.pieces())) == 1


def test_disconnecting_cancels_a_job_that_asks_for_it(client, paused):
    stream = client.stream(seed=1, **LONG)
    next(stream)
    paused.set()
    job = client._json("GET", "/jobs")["jobs"][0]
    assert job["state"] == "running"
    stream.close()
    until(lambda: client.job(job["id"])["state"] == "cancelled")
    paused.clear()
    assert client.compose(bars=1, notes=4, seed=1)


def test_a_job_survives_a_disconnect_by_default(client):
    job = client.submit("compose", bars=4, notes=60, seed=1)
    events = client.events(job["id"])
    next(events)
    events.close()
    assert client.wait(job["id"])["notes"]


def test_the_number_of_waiting_jobs_is_limited(client, paused):
    paused.set()
    jobs = [client.submit("compose", seed=i, **LONG) for i in range(5)]
    assert [job["state"] for job in jobs] == ["running"] * 2 + ["queued"] * 3
    assert [job["position"] for job in jobs] == [0, 0, 0, 1, 2]
    with pytest.raises(BusyError, match="3 of your jobs are already waiting"):
        client.submit("compose", seed=9, **LONG)
    with Client(client.url, patience=0) as other:
        late = other.submit("compose", seed=7, bars=1, notes=4)
        # Nothing of the other client runs, so it is the next one.
        assert late["position"] == 0
        for i in range(2):
            other.submit("compose", seed=i, bars=1, notes=4)
        with Client(client.url, patience=0) as third, pytest.raises(BusyError, match="6 jobs are"):
            third.submit("compose", bars=1)
        paused.clear()
        client.cancel(jobs[0]["id"])
        assert other.wait(late["id"])["notes"]
        assert client.job(jobs[4]["id"])["state"] == "queued"


def test_a_failing_job_does_not_affect_others(client, monkeypatch):
    good = client.submit("compose", seed=2, **LONG)

    def fail(*_, **__):
        raise RuntimeError("a defect")

    monkeypatch.setattr(Composer, "stream_piece", fail)
    bad = client.submit("compose", seed=1, bars=1)
    name, job = list(client.events(bad["id"]))[-1]
    assert (name, job["error"]["code"]) == ("failed", "internal")
    assert "a defect" not in job["error"]["message"]
    assert client.wait(good["id"])["notes"]


def test_a_job_without_a_thread_fails_and_frees_its_slot(client, monkeypatch):
    start = threading.Thread.start

    def refuse(thread):
        if len(thread.name) == 16:  # the identifier of a job
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as context:
        context.setattr(threading.Thread, "start", refuse)
        for seed in range(3):
            job = client.submit("compose", bars=1, seed=seed)
            assert (job["state"], job["error"]["code"]) == ("failed", "internal")
    assert client.compose(bars=1, notes=4, seed=1)


def test_no_job_outlives_the_engine(client, monkeypatch, paused):
    def fail(*_):
        raise MemoryError

    job = client.submit("compose", seed=1, **LONG)
    waiting = client.events(job["id"])
    until(lambda: next(waiting)[0] == "note")
    paused.set()
    monkeypatch.setattr(Engine, "_fail_dropped", fail)
    assert list(waiting)[-1][1]["error"]["code"] == "internal"
    with pytest.raises(BusyError, match="the engine has terminated"):
        client.submit("compose", bars=1)


def test_a_piece_with_too_many_notes_fails(serve):
    with serve(notes=5) as client:
        job = client.submit("compose", bars=16, seed=1, constraints=["density: 20"])
        name, end = list(client.events(job["id"]))[-1]
        assert name == "failed"
        assert "more than 5 notes; ask for fewer bars" in end["error"]["message"]
        assert list(client.pieces()) == []
