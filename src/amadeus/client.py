"""A client for `amadeus serve`, without further dependencies.

with Client("http://127.0.0.1:8417") as client:
    piece = client.compose("a slow piano waltz in A minor", bars=16)
    midi = client.midi(piece["id"])
"""

from __future__ import annotations

import json
import secrets
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from amadeus.errors import BusyError, ConfigError, ServerError

Json = dict[str, Any]
"""A job, a piece or another object of the API; docs/server.md describes the fields."""

_API = "/api/v1"
_BUSY = (429, 503)
_NO_MORE_EVENTS = 204
_BUSY_SECONDS = 2.0
"""Delay before the next attempt if the server does not specify one."""
_ENDS = ("done", "failed", "cancelled")


class _NoRedirects(HTTPRedirectHandler):
    """Does not follow redirects, which could leak the token to another server."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Client:
    """Talks to a server. Not thread-safe."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8417",
        *,
        token: str | None = None,
        name: str | None = None,
        patience: float = 60.0,
        timeout: float = 60.0,
    ) -> None:
        """token: the access token, if the server requires one.

        name: identifies the client on the server's own machine, where jobs with the same name
        count as one client's; random by default.
        patience: seconds to keep retrying while the server is busy.
        timeout: seconds without data after which the connection counts as lost.
        Raises ConfigError if `url` is not an HTTP address.
        """
        if not url.startswith(("http://", "https://")):
            raise ConfigError(
                f"{url!r} is not an HTTP address; give one such as http://127.0.0.1:8417"
            )
        self.url, self._patience, self._timeout = url.rstrip("/"), patience, timeout
        self._headers = {"X-Amadeus-Client": name or secrets.token_hex(8)}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._opener = build_opener(ProxyHandler({}), _NoRedirects)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._opener.close()

    # --- composing

    def compose(self, prompt: str = "", **settings: Any) -> Json:
        """Compose a new piece. settings: the fields of `POST /api/v1/jobs/compose`."""
        return self.wait(self.submit("compose", prompt=prompt, **settings)["id"])

    def continue_piece(self, piece: str, **settings: Any) -> Json:
        """Append new bars to a piece; returns the new piece."""
        return self.wait(self.submit("continue", piece=piece, **settings)["id"])

    def edit(self, piece: str, **settings: Any) -> Json:
        """Rewrite part of a piece; returns the new piece."""
        return self.wait(self.submit("edit", piece=piece, **settings)["id"])

    def stream(self, prompt: str = "", **settings: Any) -> Generator[Json, None, Json]:
        """Yields the notes of `compose` as they are composed; returns the piece.

        Closing the generator cancels the job.
        """
        job = self.submit("compose", prompt=prompt, cancel_on_disconnect=True, **settings)
        return self._notes(job["id"])

    def stream_continuation(self, piece: str, **settings: Any) -> Generator[Json, None, Json]:
        """Yields the new notes of `continue_piece` as they are composed; returns the new piece."""
        job = self.submit("continue", piece=piece, cancel_on_disconnect=True, **settings)
        return self._notes(job["id"])

    def _notes(self, job: str) -> Generator[Json, None, Json]:
        event, data = "", Json()
        with closing(self.events(job)) as events:
            for event, data in events:
                if event == "note":
                    yield data
        return self._result(event, data)

    # --- jobs

    def submit(self, kind: str, **settings: Any) -> Json:
        """Submit a job of kind compose, continue or edit; returns it without waiting."""
        return self._json("POST", f"/jobs/{kind}", json.dumps(settings).encode())

    def job(self, id: str) -> Json:
        return self._json("GET", f"/jobs/{id}")

    def cancel(self, id: str) -> Json:
        return self._json("DELETE", f"/jobs/{id}")

    def events(self, id: str, last: int = 0) -> Generator[tuple[str, Json], None, None]:
        """Yields the name and data of each event of a job after number `last`, until it ends.

        Reconnects if the connection is lost. Raises ServerError if that brings no more events or
        the server does not answer.
        """
        received = True
        while received:
            received = False
            headers = {"Last-Event-ID": str(last)}
            with self._open("GET", f"{_API}/jobs/{id}/events", headers=headers) as response:
                if response.status == _NO_MORE_EVENTS:
                    return
                for number, event, data in _events(response):
                    received, last = True, number
                    yield event, data
                    if event in _ENDS:
                        return
        raise ServerError(f"{self.url} closed the connection during job {id}; submit it again")

    def wait(self, id: str) -> Json:
        """Wait for a job; returns its piece. Raises ServerError if the job fails."""
        ((event, data),) = deque(self.events(id), maxlen=1)
        return self._result(event, data)

    def _result(self, event: str, job: Json) -> Json:
        if event == "done":
            return self.piece(job["piece"])
        message = (job.get("error") or {}).get("message") or f"the job was {event}"
        raise ServerError(message)

    # --- pieces

    def pieces(self, *, starred: bool | None = None, search: str = "") -> Iterator[Json]:
        """Yields all pieces, newest first; requests a page at a time."""
        query: Json = {"limit": 100, "search": search}
        if starred is not None:
            query["starred"] = str(starred).lower()
        while True:
            page = self._json("GET", f"/pieces?{urlencode(query)}")
            yield from page["pieces"]
            if page["next"] is None:
                return
            query["before"] = page["next"]

    def piece(self, id: str) -> Json:
        return self._json("GET", f"/pieces/{id}")

    def takes(self, id: str) -> list[Json]:
        """All takes of a piece, including itself, oldest first."""
        return self._json("GET", f"/pieces/{id}/takes")["pieces"]

    def upload(self, midi: bytes, title: str = "A MIDI file") -> Json:
        """Import a MIDI file; returns the piece."""
        path = f"/pieces?title={quote(title, safe='')}"
        return self._json("POST", path, midi, "audio/midi")

    def change(self, id: str, **change: Any) -> Json:
        """Rename or star a piece."""
        return self._json("PATCH", f"/pieces/{id}", json.dumps(change).encode())

    def delete(self, id: str) -> None:
        self._read("DELETE", f"/pieces/{id}")

    def midi(self, id: str) -> bytes:
        return self.file(id, "midi")

    def file(self, id: str, kind: str) -> bytes:
        """A file of a piece. kind: midi, audio (WAV), picture (PNG) or any other in `info`."""
        return self._read("GET", f"/pieces/{id}/{kind}")

    def notes(self, id: str) -> Json:
        return self._json("GET", f"/pieces/{id}/notes")

    def profile(self, id: str) -> dict[str, str]:
        """The measured profile of a piece, which can be passed to `compose(profile=...)`."""
        return self._json("GET", f"/pieces/{id}/profile")["profile"]

    def captions(self, id: str, count: int = 1, seed: int = 0) -> list[str]:
        answer = self._json("GET", f"/pieces/{id}/caption?count={count}&seed={seed}")
        return answer["captions"]

    def evaluation(self, id: str) -> Json:
        return self._json("GET", f"/pieces/{id}/evaluation")

    # --- prompts and the server

    def parse(self, prompt: str, **more: Any) -> Json:
        """What a prompt states, without composing."""
        body = {"prompt": prompt, **more}
        return self._json("POST", "/prompts/parse", json.dumps(body).encode())

    def info(self) -> Json:
        return self._json("GET", "/info")

    # --- requests

    def _json(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> Json:
        try:
            return json.loads(self._read(method, path, body, kind))
        except ValueError:
            raise ServerError(
                f"{self.url} did not answer with JSON; is it `amadeus serve`?"
            ) from None

    def _read(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> bytes:
        headers = {} if body is None else {"Content-Type": kind}
        with self._open(method, _API + path, body, headers) as response:
            try:
                return response.read()
            except (OSError, HTTPException) as error:
                raise ServerError(
                    f"{self.url} closed the connection while answering ({error}); try again"
                ) from None

    def _open(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        """Raises ServerError, or BusyError if the server is still busy after all retries."""
        until = time.monotonic() + self._patience
        request = Request(self.url + path, data, {**self._headers, **(headers or {})},
                          method=method)  # fmt: skip
        while True:
            try:
                return self._opener.open(request, timeout=self._timeout)
            except HTTPError as error:
                seconds = _retry_after(error)
                if seconds is None or time.monotonic() + seconds > until:
                    raise _server_error(error) from None
                error.close()
                time.sleep(seconds)
            except (OSError, HTTPException) as error:
                reason = getattr(error, "reason", error)
                raise ServerError(
                    f"{self.url} does not answer ({reason}); is `amadeus serve` running there?"
                ) from None


def _events(response: HTTPResponse) -> Iterator[tuple[int, str, Json]]:
    """Number, name and data of each event that arrives before the connection ends."""
    fields: dict[str, str] = {}
    for line in _lines(response):
        name, _, value = line.partition(": ")
        fields[name] = value
        if not line and "data" in fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}


def _lines(response: HTTPResponse) -> Iterator[str]:
    try:
        for line in response:
            if line.endswith(b"\n"):
                yield line.decode().rstrip("\n")
    except (OSError, HTTPException):
        return


def _retry_after(error: HTTPError) -> float | None:
    """Seconds to wait before retrying; None if retrying is of no use."""
    if error.code not in _BUSY:
        return None
    try:
        return max(0.1, float(error.headers["Retry-After"]))
    except (TypeError, ValueError):
        return _BUSY_SECONDS


def _server_error(error: HTTPError) -> ServerError | BusyError:
    with error:
        try:
            message = json.load(error)["error"]["message"]
        except (ValueError, KeyError, TypeError, OSError, HTTPException):
            message = str(error)
    return BusyError(message) if error.code in _BUSY else ServerError(message)
