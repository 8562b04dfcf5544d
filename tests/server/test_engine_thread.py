"""The engine composes all pieces in one thread, and survives errors."""

import time

import numpy as np
import pytest

from amadeus.errors import BusyError, GrammarError, ServerError
from amadeus.inference.composition import compose
from amadeus.inference.request import Request
from amadeus.inference.session import Session
from amadeus.server.engine import Cancelled, Engine, OutOfTime
from serving import PATIENCE


@pytest.fixture
def engine(composer):
    engine = Engine(composer.model, context=composer.context, max_pieces=2)
    yield engine
    engine.stop()


def rows_of(passages, seconds=PATIENCE):
    rows = [[] for _ in passages.requests]
    for index, row in passages.rows(time.monotonic() + seconds):
        rows[index].append(row)
    return [np.stack(some) for some in rows]


def test_batching_does_not_change_a_piece(engine, composer):
    asked = [[Request(num_bars=2, max_notes=6, seed=seed + i) for i in range(seed % 3 + 1)]
             for seed in range(0, 50, 10)]  # fmt: skip
    passages = [engine.compose(requests) for requests in asked]
    engine.start()
    for requests, some in zip(asked, passages, strict=True):
        alone = compose(composer.model, requests, context=composer.context)
        for rows, tokens in zip(rows_of(some), alone, strict=True):
            np.testing.assert_array_equal(rows, tokens[1:])


def test_requests_that_had_not_started_survive_an_error(engine, composer, monkeypatch):
    step, errors = Session.step, [RuntimeError("a defect")]

    def fail_once(session):
        if errors and session.pieces:
            raise errors.pop()
        return step(session)

    monkeypatch.setattr(Session, "step", fail_once)
    requests = [Request(num_bars=1, max_notes=4, seed=seed) for seed in range(4)]
    passages = [engine.compose([request]) for request in requests]
    engine.start()
    for lost in passages[:2]:
        with pytest.raises(RuntimeError, match="a defect"):
            rows_of(lost)
    alone = compose(composer.model, requests[2:], context=composer.context)
    for some, tokens in zip(passages[2:], alone, strict=True):
        np.testing.assert_array_equal(rows_of(some)[0], tokens[1:])
    assert engine.is_alive()


def test_an_impossible_request_fails_alone(engine, composer):
    def refuse(grammar):
        raise GrammarError("nothing may come")

    failing = engine.compose([Request(num_bars=2, constrain=refuse), Request(num_bars=50)])
    others = engine.compose([Request(num_bars=1, max_notes=4)])
    engine.start()
    with pytest.raises(GrammarError, match="nothing may come"):
        rows_of(failing)
    alone = compose(composer.model, others.requests, context=composer.context)
    np.testing.assert_array_equal(rows_of(others)[0], alone[0][1:])


def test_cancelling_frees_a_slot(engine):
    requests = [Request(num_bars=50, seed=seed) for seed in range(2)]
    long = engine.compose(requests)
    short = engine.compose([Request(num_bars=1, max_notes=2)])
    engine.start()
    engine.cancel(long)
    with pytest.raises(Cancelled):
        rows_of(long)
    assert len(rows_of(short)) == 1


def test_the_deadline_ends_a_stream(engine):
    passages = engine.compose([Request(num_bars=50)])
    with pytest.raises(OutOfTime, match="takes too long"):
        rows_of(passages, seconds=0.01)


def test_an_unreachable_server_is_reported():
    from amadeus.client import Client

    with (
        Client("http://127.0.0.1:9", timeout=2) as client,
        pytest.raises(ServerError, match="is `amadeus serve` running there"),
    ):
        client.info()


def test_a_client_waits_for_a_free_slot(serve, paused):
    from amadeus.client import Client

    settings = {"bars": 16, "notes": 200, "constraints": ["density: 30"]}
    with serve(running=1, waiting=1, waiting_each=1) as client:
        paused.set()
        jobs = [client.submit("compose", seed=i, **settings) for i in range(2)]
        with pytest.raises(BusyError):
            client.submit("compose", bars=1)
        with Client(client.url, name="patient", patience=60) as patient:
            client.cancel(jobs[0]["id"]), client.cancel(jobs[1]["id"])
            paused.clear()
            assert patient.compose(bars=1, notes=4)["notes"] <= 4
