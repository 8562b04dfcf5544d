"""A server for tests, in a thread of its own."""

import threading
import time
from contextlib import contextmanager

from amadeus.server.running import Server, bind


@contextmanager
def running(app, limits, grace=0.0):
    """A server on a free port of loopback, in a thread; gives its address and itself."""
    listener, started = bind("127.0.0.1", 0), threading.Event()
    server = Server(app, limits, grace, started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    assert started.wait(60)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def until(condition, seconds=20.0):
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def drained(stream):
    """The notes of a stream, and what it returns."""
    notes = []
    while True:
        try:
            notes.append(next(stream))
        except StopIteration as end:
            return notes, end.value
