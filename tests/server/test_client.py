"""The client copes with servers that are busy, broken or not Amadeus servers."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from amadeus.client import Client
from amadeus.errors import BusyError, ConfigError, ServerError


@contextmanager
def answering(*answers):
    """A server that gives these answers, one per request, and the headers that it received.

    answers: status, headers and body; "cut" as a header breaks off after the body.
    """
    heard, left = [], [*answers]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(self.headers)
            status, headers, body = left.pop(0)
            self.send_response(status)
            length = len(body) + (100 if headers.pop("cut", False) else 0)
            for name, value in {"Content-Length": str(length), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def event(number, name):
    return f'id: {number}\nevent: {name}\ndata: {{"number": {number}}}\n\n'.encode()


def test_events_resume_after_a_lost_connection():
    cut = event(1, "state") + b": still here\n\n" + event(2, "note") + b"id: 3\nevent: no"
    whole = event(3, "note") + event(4, "done")
    with (
        answering((200, {"cut": True}, cut), (200, {}, whole)) as (url, heard),
        Client(url) as client,
    ):
        events = list(client.events("0" * 16))
    assert events == [
        ("state", {"number": 1}), ("note", {"number": 2}), ("note", {"number": 3}),
        ("done", {"number": 4}),
    ]  # fmt: skip
    assert [headers["Last-Event-ID"] for headers in heard] == ["0", "2"]


def test_a_connection_without_events_is_an_error():
    with (
        answering((200, {}, event(1, "state")), (200, {"cut": True}, b": still")) as (url, _),
        Client(url) as client,
        pytest.raises(ServerError, match="closed the connection"),
    ):
        client.wait("0" * 16)


BUSY = b'{"error": {"code": "busy", "message": "later", "fields": []}}'


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}, {"Retry-After": "0"}])
def test_the_client_retries_a_busy_server(monkeypatch, headers):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    with (
        answering((503, dict(headers), b"Service Unavailable"), (429, dict(headers), BUSY),
                  (200, {}, b"{}")) as (url, heard),
        Client(url) as client,
    ):  # fmt: skip
        assert client.info() == {}
    assert len(heard) == 3
    assert len(slept) == 2
    assert all(0 < seconds <= 2 for seconds in slept)


def test_retries_stop_after_the_patience():
    with (
        answering((503, {"Retry-After": "60"}, BUSY)) as (url, _),
        Client(url, patience=5) as client,
        pytest.raises(BusyError, match="later"),
    ):
        client.info()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, {}, b"<html>"), "did not answer with JSON"),
        ((200, {"cut": True}, b"{"), "closed the connection"),
        ((502, {}, b"<html>"), "502"),
        ((307, {"Location": "http://127.0.0.1:9/elsewhere"}, b""), "307"),
    ],
)
def test_an_invalid_answer_is_a_server_error(answer, message):
    status, headers, body = answer
    with (
        answering((status, dict(headers), body)) as (url, _),
        Client(url, token="t") as client,
        pytest.raises(ServerError, match=message),
    ):
        client.info()


@pytest.mark.parametrize("url", ["127.0.0.1:8417", "file:///etc/passwd", ""])
def test_an_invalid_address_is_refused(url):
    with pytest.raises(ConfigError, match="give one such as"):
        Client(url)
