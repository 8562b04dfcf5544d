"""A server for tests, in a separate thread."""

import threading
import time
from contextlib import contextmanager

from amadeus.server.running import Server, bind

PATIENCE = 300.0
"""Timeout in seconds, long enough for any machine."""


@contextmanager
def running(app, limits, grace=0.0, proxies=()):
    """Runs a server on a free loopback port, in a thread; yields its address and the server."""
    listener, started = bind("127.0.0.1", 0), threading.Event()
    server = Server(app, limits, grace, started.set, proxies)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert started.wait(PATIENCE)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


def until(condition):
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def drained(stream):
    """The notes of a stream, and its return value."""
    notes = []
    while True:
        try:
            notes.append(next(stream))
        except StopIteration as end:
            return notes, end.value
