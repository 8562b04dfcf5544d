"""Middleware that checks the host, origin, access token and size of each request."""

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
PUBLIC_PATHS = ("/health",)
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
    """Which requests are allowed."""

    hosts: frozenset[str] = frozenset(LOOPBACK)
    """Allowed host names, in lower case."""
    any_address: bool = False
    """Whether any IP address is allowed as a host; safe because DNS rebinding needs a name."""
    token: str | None = None
    """The access token that requests must carry; None if none is required."""

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach the server, not even others through a proxy."""
        return not self.any_address and all(map(is_loopback, self.hosts))

    @classmethod
    def of(cls, host: str, token: str | None, more_hosts: Iterable[str] = ()) -> Access:
        """Access for a server that listens on `host`.

        Draws a token if other machines can reach the server and none is given.
        """
        is_public = not is_loopback(host)
        names = {*LOOPBACK, host, *more_hosts}
        if is_public:
            names |= {socket.gethostname(), f"{socket.gethostname()}.local"}
        access = cls(frozenset(map(str.lower, names)), is_public, token and token.strip())
        if access.token or access.is_private:
            return access
        return replace(access, token=secrets.token_urlsafe(24))

    def allows_host(self, host: str) -> bool:
        """Whether a Host header names this server."""
        name = _without_port(host).lower()
        return name in self.hosts or (self.any_address and _is_address(name))

    def token_matches(self, given: str) -> bool:
        """Compares in constant time, whatever the length of the token."""
        return hmac.compare_digest(_digest(given.strip()), _digest(self.token or ""))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _token_from_headers(headers: Headers) -> str:
    """The token in the Authorization header or in the page's cookie; "" if there is none."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given if scheme.lower() == "bearer" else _cookie(headers.get("cookie", ""))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
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
        cookie = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


class Guard:
    """ASGI middleware around the whole application."""

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
            if status:  # the response has started and can only be aborted
                raise
            _LOG.error("%s %s", scope["method"], _route(scope), exc_info=error)
            failure = error_response(500, "internal", "the server failed; see its log")
            await failure(scope, receive, send_safely)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.request(method, _route(scope), status)

    def _refusal(self, scope: Scope) -> Response | None:
        """The response to a request from another site or for another host; None if allowed."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._access.allows_host(host):
            return error_response(
                403, "forbidden", f"{host!r} is not a name of this server; use its own address, or "
                "start it with --allow-host",
            )  # fmt: skip
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return error_response(403, "forbidden", f"pages of {origin} may not use this server")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and scope["path"] != "/":
            return error_response(403, "forbidden", "other sites may not use this server")
        return None

    async def _token_refusal(self, scope: Scope) -> Response | None:
        """The response to a request without the right token; None if it has it."""
        if self._access.token is None or scope["path"] in PUBLIC_PATHS:
            return None
        from_query = _token_from_query(scope)
        given = from_query or _token_from_headers(Headers(scope=scope))
        if not given:
            return error_response(
                401, "unauthorized", "an access token is required; send 'Authorization: Bearer "
                "TOKEN', or open /?token=TOKEN once in the browser; the server prints its token at "
                "startup, unless you chose one", _CHALLENGE,
            )  # fmt: skip
        client = (scope.get("client") or ("", 0))[0]
        if not self._throttle.may_try(client):
            return error_response(429, "too_many", "too many wrong access tokens; try again later")
        if not self._access.token_matches(given):
            await self._throttle.wrong(client)
            return error_response(401, "unauthorized", "the access token is wrong", _CHALLENGE)
        self._throttle.right(client)
        return _login_redirect(scope, from_query) if from_query else None

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Enforces the limits on the size of a request's body and the time to send it."""
        is_upload = scope["method"] == "POST" and scope["path"] == UPLOADS
        max_bytes = self._limits.midi_bytes if is_upload else self._limits.body_bytes
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        declared = int(length) if length.isdecimal() else 0
        has_body = bool(declared) or "transfer-encoding" in headers
        clock, deadline = asyncio.get_running_loop().time, float("inf")
        received, complete = 0, False

        async def receive_some() -> Message:
            nonlocal received, complete, deadline
            if declared > max_bytes:
                raise _too_large(max_bytes)
            if complete:
                return await receive()
            deadline = min(deadline, clock() + self._limits.body_seconds)
            seconds = deadline - clock() if has_body else None
            try:
                message = await asyncio.wait_for(receive(), seconds)
            except asyncio.TimeoutError:
                raise HttpError(408, "timeout", "the request took too long to arrive") from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > max_bytes:
                raise _too_large(max_bytes)
            return message

        return receive_some


def _token_from_query(scope: Scope) -> str:
    """The token in the query of the page's address, used once to log in; "" if there is none."""
    if scope["path"] != "/":
        return ""
    return parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]


def _login_redirect(scope: Scope, token: str) -> Response:
    """Redirects to the page, with a cookie in which the browser keeps the token."""
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE, token, max_age=365 * 24 * 3600, httponly=True, samesite="strict",
        secure=scope["scheme"] == "https",
    )  # fmt: skip
    return response


def _too_large(max_bytes: int) -> HttpError:
    return HttpError(
        413, "too_large", f"the request is too large; send at most {max_bytes:,} bytes"
    )


def _route(scope: Scope) -> str:
    """The template of the path, such as /api/v1/pieces/{id}; "other" for unknown paths."""
    return getattr(scope.get("route"), "path", "other")
