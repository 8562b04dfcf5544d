"""Errors as answers: a status, a code, and a sentence that names the value and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from amadeus.errors import AmadeusError, BusyError
from amadeus.server import models
from amadeus.server.database import CannotStore
from amadeus.server.engine import EngineFailed
from amadeus.server.runner import Stopping
from amadeus.server.turns import TooMany
from amadeus.server.workshop import Broken

RETRY_SECONDS = 2
_CODES = {404: "not_found", 405: "not_allowed", 401: "unauthorized", 403: "forbidden"}
_STATUS: dict[type[AmadeusError], tuple[int, str]] = {
    TooMany: (429, "too_many"),
    Stopping: (503, "stopping"),
    BusyError: (503, "busy"),
    EngineFailed: (503, "failed"),
    CannotStore: (507, "full"),
    Broken: (422, "invalid"),
    AmadeusError: (422, "invalid"),
}


class HttpError(HTTPException):
    """An answer other than the one that was asked for."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code


def error_response(
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    fields: list[models.FieldFault] | None = None,
) -> JSONResponse:
    """What every error looks like."""
    fault = models.RequestFault(code=code, message=_sayable(message), fields=fields or [])
    more = {"retry-after": str(RETRY_SECONDS)} if status in (429, 503) else {}
    body = models.ErrorResponse(error=fault).model_dump(mode="json")
    return JSONResponse(body, status, {**more, **(headers or {})})


def _sayable(text: str) -> str:
    """Without halves of characters, which JSON may bring and no text can hold."""
    return text.encode(errors="replace").decode()


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of an endpoint, for its description; those that any may answer with, too."""
    return {
        status: {"model": models.ErrorResponse, "description": _MEANING[status]}
        for status in sorted({401, 403, 408, 413, 422, 429, 503, *statuses})
    }


_MEANING = {
    401: "No access token, or a wrong one.",
    403: "A Host or an Origin that is not this server.",
    404: "There is no such thing.",
    408: "The request takes too long to arrive.",
    413: "The request is too large.",
    415: "Another type of content is needed.",
    422: "This cannot work, or does not fit the description.",
    429: "This client has too many jobs waiting, or too many wrong tokens; see Retry-After.",
    503: "Too much is asked for at once, or the server stops or has failed; see Retry-After.",
    507: "As many pieces are kept as there may be, or the disk is full.",
}


def answer_errors(app: FastAPI) -> None:
    """Have errors answered as above."""

    @app.exception_handler(AmadeusError)
    async def amadeus_error(_: Request, error: AmadeusError) -> JSONResponse:
        kind = next(kind for kind in type(error).__mro__ if kind in _STATUS)
        status, code = _STATUS[kind]
        return error_response(status, code, str(error))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        # JSON that nobody can read is a request that does not fit the description, too.
        status = 422 if error.status_code == 400 else error.status_code
        code = error.code if isinstance(error, HttpError) else _CODES.get(status, "invalid")
        return error_response(status, code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def misfit(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            models.FieldFault(path=_sayable(".".join(map(str, e["loc"]))), message=e["msg"])
            for e in error.errors()
        ]
        first = f"{fields[0].path}: {fields[0].message}" if fields else "the request does not fit"
        return error_response(422, "invalid", first, fields=fields)
