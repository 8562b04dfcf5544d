"""The application, assembled from its parts."""

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
from amadeus.server import routes_info, routes_jobs, routes_pieces, routes_sound
from amadeus.server.engine import Engine
from amadeus.server.errors import answer_errors
from amadeus.server.file_cache import FileCache
from amadeus.server.guard import Access, Guard
from amadeus.server.limits import Limits
from amadeus.server.metrics import Metrics
from amadeus.server.reference import reference_page
from amadeus.server.scheduler import Scheduler
from amadeus.server.services import Services
from amadeus.server.static_files import CachedStaticFiles
from amadeus.server.store import Store
from amadeus.server.worker_process import WorkerProcess

STUDIO = Path(amadeus.__file__).parent / "studio"
"""The studio's folder, if it is installed."""
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
    """The ASGI application.

    data: folder for the pieces. model: the model's name. studio: folder of the studio's page.
    """
    access, limits, metrics = access or Access(), limits or Limits(), Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with (
            closing(Store(data, limits.pieces)) as store,
            closing(
                WorkerProcess(limits.making, limits.making_seconds, limits.making_memory)
            ) as worker,
        ):
            engine = Engine(composer.model, context=composer.context, max_pieces=limits.running)
            scheduler = Scheduler(composer, engine, store, limits, metrics)
            files = FileCache(data / CACHE, worker, limits.cache_bytes)
            store.on_full_disk(files.clear)
            app.state.services = Services(
                model, composer, limits, metrics, store, worker, files, scheduler, access.is_private
            )
            metrics.watch("amadeus_jobs_running", "Jobs running.", lambda: scheduler.running)
            metrics.watch("amadeus_jobs_waiting", "Jobs waiting.", lambda: scheduler.waiting)
            # Loads the text encoder now rather than during the first job.
            await asyncio.to_thread(composer.generate, "warm up", bars=1, notes=1)
            engine.start()
            background = [
                asyncio.create_task(coro) for coro in (scheduler.watch(), scheduler.save())
            ]
            try:
                yield
            finally:
                await scheduler.stop(0)
                for task in background:
                    task.cancel()
                engine.stop()

    app = FastAPI(
        title="Amadeus", version=version("amadeus-music"), lifespan=lifespan,
        summary="Composes symbolic music.", description=_DESCRIPTION,
        openapi_url=OPENAPI, docs_url=None, redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    for module in (routes_jobs, routes_pieces, routes_sound, routes_info):
        app.include_router(module.router)
    answer_errors(app)
    _describe_token(app)
    _serve_pages(app, studio)
    app.add_middleware(Guard, access=access, limits=limits, metrics=metrics)
    return app


_DESCRIPTION = (
    "A job composes, continues or edits a piece; its events stream the notes while they are "
    "composed. Times are in quarter notes, or in seconds where the name says so."
)


def _describe_token(app: FastAPI) -> None:
    """Add the access token to the OpenAPI document. It is optional: servers may not set one."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        schemes = document["components"].setdefault("securitySchemes", {})
        schemes["token"] = {"type": "http", "scheme": "bearer"}
        document["security"] = [{"token": []}, {}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _serve_pages(app: FastAPI, studio: Path) -> None:
    """Serve the API reference and, if it is installed, the studio."""

    @app.get("/docs", include_in_schema=False)
    async def reference() -> Response:
        return HTMLResponse(reference_page(app.openapi()))

    if (studio / "index.html").is_file():
        app.mount("/", CachedStaticFiles(directory=studio, html=True), name="studio")
        return

    @app.get("/", include_in_schema=False)
    async def entry() -> Response:
        return RedirectResponse("/docs", 307)
