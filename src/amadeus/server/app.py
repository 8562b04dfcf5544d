"""The application: everything put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse, Response

import amadeus
from amadeus.inference.composer import Composer
from amadeus.server import routes_jobs, routes_pieces, routes_sound, routes_words
from amadeus.server.engine import Engine
from amadeus.server.errors import answer_errors
from amadeus.server.files import Files
from amadeus.server.guard import Access, Guard
from amadeus.server.kept import KeptFiles
from amadeus.server.limits import Limits
from amadeus.server.metrics import Metrics
from amadeus.server.reference import reference_page
from amadeus.server.runner import Runner
from amadeus.server.services import Services
from amadeus.server.store import Store
from amadeus.server.workshop import Workshop

STUDIO = Path(amadeus.__file__).parent / "studio"
"""The page that talks to the server, where it is installed."""
CACHE = "cache"
OPENAPI = "/api/v1/openapi.json"


def create_app(
    composer: Composer,
    *,
    data: Path,
    model: str = "",
    access: Access | None = None,
    limits: Limits | None = None,
    studio: Path = STUDIO,
) -> FastAPI:
    """An ASGI application that composes.

    data: folder of the pieces. model: the model's name. studio: folder of the page, if it is there.
    """
    access, limits, metrics = access or Access(), limits or Limits(), Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with (
            closing(Store(data, limits.pieces)) as store,
            closing(
                Workshop(limits.making, limits.making_seconds, limits.making_memory)
            ) as workshop,
        ):
            engine = Engine(composer.model, context=composer.context, max_pieces=limits.running)
            runner = Runner(composer, engine, store, limits, metrics)
            files = Files(data / CACHE, workshop, limits.cache_bytes)
            store.spare(files.clear)
            app.state.services = Services(
                model, composer, limits, metrics, store, workshop, files, runner, access.is_private
            )
            metrics.watch("amadeus_jobs_running", "Jobs that run.", lambda: runner.running)
            metrics.watch("amadeus_jobs_waiting", "Jobs that wait.", lambda: runner.waiting)
            # The text encoder is loaded when it is first needed: now, rather than by somebody's
            # job.
            await asyncio.to_thread(composer.generate, "warm up", bars=1, notes=1)
            engine.start()
            tending = [asyncio.create_task(one) for one in (runner.watch(), runner.save())]
            try:
                yield
            finally:
                await runner.stop(0)
                for task in tending:
                    task.cancel()
                engine.stop()

    app = FastAPI(
        title="Amadeus", version=version("amadeus-music"), lifespan=lifespan,
        summary="Composes symbolic music.", description=_DESCRIPTION,
        openapi_url=OPENAPI, docs_url=None, redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    for module in (routes_jobs, routes_pieces, routes_sound, routes_words):
        app.include_router(module.router)
    answer_errors(app)
    _describe_token(app)
    _serve_pages(app, studio)
    app.add_middleware(Guard, access=access, limits=limits, metrics=metrics)
    return app


_DESCRIPTION = (
    "Jobs compose, continue and edit; their events bring the notes as they are composed; pieces "
    "are what comes of them. Times are in quarter notes, and in seconds where the name says so."
)


def _describe_token(app: FastAPI) -> None:
    """Say in the description how the access token is brought; it is needed where one is set."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        found = describe()
        schemes = found["components"].setdefault("securitySchemes", {})
        schemes["token"] = {"type": "http", "scheme": "bearer"}
        found["security"] = [{"token": []}, {}]
        return found

    app.openapi = openapi  # type: ignore[method-assign]


def _serve_pages(app: FastAPI, studio: Path) -> None:
    """The studio where there is one, and the reference."""

    @app.get("/docs", include_in_schema=False)
    async def reference() -> Response:
        return HTMLResponse(reference_page(app.openapi()))

    if (studio / "index.html").is_file():
        app.mount("/", KeptFiles(directory=studio, html=True), name="studio")
        return

    @app.get("/", include_in_schema=False)
    async def entry() -> Response:
        return RedirectResponse("/docs", 307)
