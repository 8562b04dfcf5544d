"""Every job ends, with a reason, even if it is stuck."""

import threading
import time

import pytest

from amadeus.client import Client
from amadeus.errors import BusyError, ServerError
from amadeus.inference.session import Session
from amadeus.server.app import create_app
from amadeus.server.engine import STALL_SECONDS, Engine
from amadeus.server.scheduler import Scheduler
from amadeus.server.tasks import ComposeTask
from serving import PATIENCE, running, until


@pytest.fixture
def server(composer, limits, tmp_path):
    """The scheduler of a server, and a client."""
    app = create_app(composer, data=tmp_path, limits=limits)
    with running(app, limits) as (url, _), Client(url, patience=0) as client:
        yield app.state.services.scheduler, client


def end_of(client, job):
    """The error of a job that fails."""
    name, data = list(client.events(job["id"]))[-1]
    assert name == "failed"
    return data["error"]


def test_a_single_candidate_composes(client):
    assert client.compose("a waltz", bars=1, notes=4, tries=1, seed=1)["notes"] <= 4


def test_a_stream_without_requests_ends_at_once(composer):
    engine = Engine(composer.model, context=composer.context, max_pieces=1)
    engine.start()
    assert list(engine.compose([]).rows(time.monotonic() + PATIENCE)) == []
    engine.stop()


def test_a_piece_that_the_session_drops_fails(server, monkeypatch):
    _, client = server

    def drop(session):
        for piece in session.pieces + session.waiting:
            session.cancel(piece)
        return []

    with monkeypatch.context() as context:
        context.setattr(Session, "step", drop)
        error = end_of(client, client.submit("compose", bars=1))
    assert error["code"] == "internal"
    assert "stopped before the end" in error["message"]
    assert client.compose(bars=1, notes=4)


def test_a_job_whose_thread_dies_fails(server, monkeypatch):
    _, client = server

    def die(*_):
        raise SystemExit

    with monkeypatch.context() as context:
        context.setattr(ComposeTask, "run", die)
        assert end_of(client, client.submit("compose", bars=1))["code"] == "internal"
    assert client.compose(bars=1, notes=4)


def test_a_stuck_engine_ends_all_jobs_and_may_recover(server, monkeypatch):
    scheduler, client = server
    go_on, step, now = threading.Event(), Session.step, [0.0]

    def stick(session):
        assert go_on.wait(PATIENCE)
        return step(session)

    monkeypatch.setattr(Session, "step", stick)
    monkeypatch.setattr(scheduler._engine, "_clock", lambda: now[0])
    jobs = [client.submit("compose", bars=1, seed=seed) for seed in range(3)]
    now[0] = STALL_SECONDS + 1
    for job in jobs:  # two run, one waits
        error = end_of(client, job)
        assert error["code"] == "internal"
        assert "with one step" in error["message"]
    with pytest.raises(BusyError, match="with one step"):
        client.submit("compose", bars=1)
    with pytest.raises(BusyError):
        client._open("GET", "/health")
    go_on.set()
    until(lambda: scheduler.is_alive)
    assert client.compose(bars=1, notes=4)
    assert len(list(client.pieces())) == 1


def test_a_cancelled_job_frees_its_slot_even_if_the_engine_is_stuck(server, monkeypatch):
    scheduler, client = server
    go_on = threading.Event()
    monkeypatch.setattr(Session, "step", lambda _: go_on.wait(PATIENCE) and [])
    job = client.submit("compose", bars=1)
    client.cancel(job["id"])
    until(lambda: scheduler.running == 0)
    go_on.set()


def test_a_job_beyond_its_deadline_frees_its_slot(server, limits, monkeypatch):
    scheduler, client = server
    go_on, run = threading.Event(), ComposeTask.run

    def stick(task, composer, emit):
        if task.seed < limits.running:
            assert go_on.wait(PATIENCE)
        return run(task, composer, emit)

    monkeypatch.setattr(ComposeTask, "run", stick)
    stuck = [client.submit("compose", bars=1, seed=seed) for seed in range(limits.running)]
    waiting = client.submit("compose", bars=1, notes=4, seed=limits.running)
    assert client.job(waiting["id"])["state"] == "queued"
    later = time.monotonic() + limits.job_seconds + 60
    scheduler._loop.call_soon_threadsafe(Scheduler.end_stuck, scheduler, later)
    for job in stuck:
        assert end_of(client, job)["code"] == "timeout"
    with pytest.raises(ServerError, match="takes too long"):
        client.wait(stuck[0]["id"])
    assert client.wait(waiting["id"])["notes"] <= 4
    go_on.set()
    names = {job["id"] for job in stuck}
    until(lambda: names.isdisjoint(thread.name for thread in threading.enumerate()))
    assert [piece["id"] for piece in client.pieces()] == [client.job(waiting["id"])["piece"]]
