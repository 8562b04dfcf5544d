"""The guard: who may ask, how much they may send, and what pages may do. Before everything else."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amadeus.server.errors import HttpError, error_response
from amadeus.server.limits import Limits
from amadeus.server.metrics import Metrics
from amadeus.server.throttle import Throttle

_LOG = logging.getLogger(__name__)
COOKIE = "amadeus_token"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
UPLOADS = "/api/v1/pieces"
OPEN_TO_ALL = ("/health",)
_CHALLENGE = {"www-authenticate": "Bearer"}
_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "QUERY")

_SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
        "worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask."""

    hosts: frozenset[str] = frozenset(LOOPBACK)
    """Names by which the server may be called, lower case."""
    any_address: bool = False
    """Whether it may be called by any IP address: DNS rebinding needs a name."""
    token: str | None = None
    """What everybody has to know; None for nothing."""

    @property
    def is_private(self) -> bool:
        """Whether the server is called by nobody but this machine, not even through a proxy."""
        return not self.any_address and all(map(is_loopback, self.hosts))

    @classmethod
    def of(cls, host: str, token: str | None, more_hosts: Iterable[str] = ()) -> Access:
        """For a server that listens on `host`; where others can ask, there is always a token."""
        wide = not is_loopback(host)
        names = {*LOOPBACK, host, *more_hosts}
        if wide:
            names |= {socket.gethostname(), f"{socket.gethostname()}.local"}
        access = cls(frozenset(map(str.lower, names)), wide, token and token.strip())
        if access.token or access.is_private:
            return access
        return replace(access, token=secrets.token_urlsafe(24))

    def knows(self, host: str) -> bool:
        """Whether a Host header names this server."""
        name = _without_port(host).lower()
        return name in self.hosts or (self.any_address and _is_address(name))

    def is_token(self, given: str) -> bool:
        """Compares in a time that tells nothing, not even how long the token is."""
        return hmac.compare_digest(_digest(given.strip()), _digest(self.token or ""))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _token_in(headers: Headers) -> str:
    """The token that a request brings, in its header or in the page's cookie; "" for none."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given if scheme.lower() == "bearer" else _cookie(headers.get("cookie", ""))


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach a server that listens there."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


class Guard:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, access: Access, limits: Limits, metrics: Metrics) -> None:
        self._app, self._access, self._limits, self._metrics = app, access, limits, metrics
        self._throttle = Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            refusal = self._refusal(scope) or await self._token_refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send_safely)
            else:
                await self._app(scope, self._limited(scope, receive), send_safely)
        except Exception as error:
            if status:  # the answer has begun, and can only be broken off
                raise
            _LOG.error("%s %s", scope["method"], _route(scope), exc_info=error)
            failure = error_response(500, "internal", "the server failed; its log says more")
            await failure(scope, receive, send_safely)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.request(method, _route(scope), status)

    def _refusal(self, scope: Scope) -> Response | None:
        """What a request of another site or by another name is answered."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._access.knows(host):
            return error_response(
                403, "forbidden", f"this server is not called {host!r}; use its own address, or "
                "start it with --allow-host",
            )  # fmt: skip
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return error_response(403, "forbidden", f"pages of {origin} may not ask this server")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and scope["path"] != "/":
            return error_response(403, "forbidden", "pages of other sites may not ask this server")
        return None

    async def _token_refusal(self, scope: Scope) -> Response | None:
        """What a request is answered that brings no token, or a wrong one."""
        if self._access.token is None or scope["path"] in OPEN_TO_ALL:
            return None
        entered = _token_in_address(scope)
        given = entered or _token_in(Headers(scope=scope))
        if not given:
            return error_response(
                401, "unauthorized", "an access token is needed, as 'Authorization: Bearer TOKEN'; "
                "in a browser, open /?token=TOKEN once; the server printed it when it began, "
                "unless it was given one", _CHALLENGE,
            )  # fmt: skip
        client = (scope.get("client") or ("", 0))[0]
        if not self._throttle.may_try(client):
            return error_response(429, "too_many", "too many wrong access tokens; try again later")
        if not self._access.is_token(given):
            await self._throttle.wrong(client)
            return error_response(401, "unauthorized", "this is not the access token", _CHALLENGE)
        self._throttle.right(client)
        return _entry(scope, entered) if entered else None

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Receives as much of a body as may be, in as much time."""
        is_upload = scope["method"] == "POST" and scope["path"] == UPLOADS
        most = self._limits.midi_bytes if is_upload else self._limits.body_bytes
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        announced = int(length) if length.isdecimal() else 0
        comes_with_body = bool(announced) or "transfer-encoding" in headers
        clock, deadline = asyncio.get_running_loop().time, float("inf")
        taken, complete = 0, False

        async def receive_some() -> Message:
            nonlocal taken, complete, deadline
            if announced > most:
                raise _too_large(most)
            if complete:
                return await receive()
            deadline = min(deadline, clock() + self._limits.body_seconds)
            seconds = deadline - clock() if comes_with_body else None
            try:
                message = await asyncio.wait_for(receive(), seconds)
            except asyncio.TimeoutError:
                raise HttpError(408, "timeout", "the request took too long to arrive") from None
            taken += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if taken > most:
                raise _too_large(most)
            return message

        return receive_some


def _token_in_address(scope: Scope) -> str:
    """The token that people bring once in the address of the page; "" for none."""
    if scope["path"] != "/":
        return ""
    return parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]


def _entry(scope: Scope, token: str) -> Response:
    """Leads to the page, whose browser keeps the token from now on."""
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE, token, max_age=365 * 24 * 3600, httponly=True, samesite="strict",
        secure=scope["scheme"] == "https",
    )  # fmt: skip
    return response


def _too_large(most: int) -> HttpError:
    return HttpError(413, "too_large", f"this is too large; send at most {most:,} bytes")


def _route(scope: Scope) -> str:
    """The template of the path, such as /api/v1/pieces/{id}; "other" where there is none."""
    return getattr(scope.get("route"), "path", "other")
