"""Exceptions as HTTP responses: a status, a code, and a message that names value and remedy."""

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
from amadeus.server.fair_queue import TooManyJobs
from amadeus.server.scheduler import Stopping
from amadeus.server.worker_process import WorkerFailed

RETRY_SECONDS = 2
_CODES = {404: "not_found", 405: "not_allowed", 401: "unauthorized", 403: "forbidden"}
_STATUS: dict[type[AmadeusError], tuple[int, str]] = {
    TooManyJobs: (429, "too_many"),
    Stopping: (503, "stopping"),
    BusyError: (503, "busy"),
    EngineFailed: (503, "failed"),
    CannotStore: (507, "full"),
    WorkerFailed: (422, "invalid"),
    AmadeusError: (422, "invalid"),
}


class HttpError(HTTPException):
    """Answers a request with an error."""

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
    """The response body of every error."""
    fault = models.RequestFault(
        code=code, message=_without_surrogates(message), fields=fields or []
    )
    retry = {"retry-after": str(RETRY_SECONDS)} if status in (429, 503) else {}
    body = models.ErrorResponse(error=fault).model_dump(mode="json")
    return JSONResponse(body, status, {**retry, **(headers or {})})


def _without_surrogates(text: str) -> str:
    """Replace lone surrogates, which JSON allows but UTF-8 cannot encode."""
    return text.encode(errors="replace").decode()


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of an endpoint for OpenAPI, including those common to all endpoints."""
    return {
        status: {"model": models.ErrorResponse, "description": _MEANING[status]}
        for status in sorted({401, 403, 408, 413, 422, 429, 503, *statuses})
    }


_MEANING = {
    401: "The access token is missing or wrong.",
    403: "The Host or Origin header does not match this server.",
    404: "Not found.",
    408: "The request took too long to arrive.",
    413: "The request is too large.",
    415: "Unsupported content type.",
    422: "The request is invalid.",
    429: "The client has too many jobs waiting or sent too many wrong tokens; see Retry-After.",
    503: "The server is busy, stopping or has failed; see Retry-After.",
    507: "The server stores as many pieces as it may, or its disk is full.",
}


def answer_errors(app: FastAPI) -> None:
    """Register the exception handlers."""

    @app.exception_handler(AmadeusError)
    async def amadeus_error(_: Request, error: AmadeusError) -> JSONResponse:
        kind = next(kind for kind in type(error).__mro__ if kind in _STATUS)
        status, code = _STATUS[kind]
        return error_response(status, code, str(error))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        # FastAPI answers unreadable JSON with 400; it is an invalid request like any other.
        status = 422 if error.status_code == 400 else error.status_code
        code = error.code if isinstance(error, HttpError) else _CODES.get(status, "invalid")
        return error_response(status, code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            models.FieldFault(
                path=_without_surrogates(".".join(map(str, e["loc"]))), message=e["msg"]
            )
            for e in error.errors()
        ]
        first = f"{fields[0].path}: {fields[0].message}" if fields else "the request is invalid"
        return error_response(422, "invalid", first, fields=fields)
