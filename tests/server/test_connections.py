"""Connections never use up the file descriptors, and active clients are served."""

import asyncio
import errno
import socket
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from amadeus.client import Client
from amadeus.errors import BusyError, ConfigError
from amadeus.server.app import create_app
from amadeus.server.connections import AcceptErrorHandler, possible_connections
from serving import PATIENCE, running, until

resource = pytest.importorskip("resource")
LONG = {"bars": 16, "notes": 390, "constraints": ["density: 30"]}


def connect(url, wait=True):
    host, port = url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.settimeout(PATIENCE if wait else 0)
    connection.connect_ex((host, int(port)))
    return connection


def test_idle_connections_never_use_up_the_descriptors(command, tmp_path):
    low = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (192, 192))"
    process, ready = command(before=low)
    with ExitStack() as stack, Client(ready["url"], patience=0) as client:
        for _ in range(400):  # in a burst: none of them waits until the one before is accepted
            stack.enter_context(connect(ready["url"], wait=False))
        for _ in range(20):
            assert client.info()["version"]
        assert client.compose(bars=1, notes=4)["notes"]
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert (tmp_path / "stderr").read_text() == ""


@pytest.fixture
def few(composer, limits, tmp_path):
    """The address of a server that accepts eight connections."""
    limits = replace(limits, connections=8)
    app = create_app(composer, data=tmp_path, limits=limits)
    with running(app, limits) as (url, _):
        yield url


def is_well(connection, url):
    """Whether the server answers over this connection."""
    connection.sendall(f"GET /health HTTP/1.1\r\nHost: {url[7:]}\r\n\r\n".encode())
    answer = b""
    while not answer.endswith(b"}"):
        answer += (received := connection.recv(10_000))
        assert received
    return b" 200 OK" in answer


def test_the_longest_idle_connection_is_closed(few):
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(few)) for _ in range(8)]
        assert is_well(idle[0], few)  # so that the next one has been idle longest
        with Client(few) as client:
            assert client.info()
        assert idle[1].recv(1) == b""
        assert is_well(idle[0], few)


def test_a_new_connection_is_refused_if_none_is_idle(few, paused):
    with Client(few, patience=0) as client, ExitStack() as stack:
        paused.set()
        job = client.submit("compose", **LONG)
        followed = [stack.enter_context(closing(client.events(job["id"]))) for _ in range(8)]
        for events in followed:
            assert next(events)[0] == "state"
        with pytest.raises(BusyError, match="too many connections; try again later"):
            client.info()
        followed[0].close()
        until(lambda: succeeds(client.info))


def succeeds(ask):
    try:
        return ask()
    except BusyError:
        return None


def test_the_limit_on_open_files_is_raised_as_needed():
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        assert possible_connections(200) == 200
        soft, now_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert (256 < soft < 1000, now_hard) == (True, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_too_low_a_limit_on_open_files_is_reported(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    with pytest.raises(ConfigError, match=r"limit of 64 open files .* 'ulimit -n 1024'"):
        possible_connections(1000)


def test_accept_failures_are_logged_once_a_minute(caplog):
    now = [0.0]
    complain, loop = AcceptErrorHandler(lambda: now[0]), asyncio.new_event_loop()
    error = OSError(errno.EMFILE, "Too many open files")
    for second in range(150):
        now[0] = float(second)
        complain(loop, {"message": "accept() failed", "exception": error})
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        f"could not accept {count} connections in the last minute: Too many open files"
        for count in (1, 60, 60)
    ]
    complain(loop, {"message": "something else", "exception": ValueError()})
    assert "something else" in caplog.text
    loop.close()
