"""The endpoints of jobs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response
from fastapi.responses import StreamingResponse

from amadeus.errors import BusyError
from amadeus.music.midi import read_midi
from amadeus.music.score import Score
from amadeus.server import models, requests
from amadeus.server.errors import HttpError, documented
from amadeus.server.jobs import Job
from amadeus.server.scheduler import Scheduler
from amadeus.server.services import Client, Services, ServicesDep
from amadeus.server.tasks import Task, plan_compose, plan_continue, plan_edit

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `state`, `bar`, `note`, `draft`, `progress`, `done`, `failed`, "
        "`cancelled`.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'id: 3\nevent: note\ndata: {"onset":0.0,"duration":0.5,"pitch":69}\n\n',
            }
        },
    },
    204: {"description": "The job has ended, and there are no more events."},
}


@router.post(
    "/compose", status_code=202, responses=documented(404, 429, 507), summary="Compose a new piece"
)
async def compose(
    request: requests.ComposeRequest, client: Client, services: ServicesDep, response: Response
) -> models.JobStatus:
    like = await services.profile_like(request.like)

    def plan() -> Task:
        return plan_compose(request, _seed(request), services.limits, services.composer, like)

    return await _submit(plan, client, services, response)


@router.post(
    "/continue",
    status_code=202,
    responses=documented(404, 507),
    operation_id="go_on",
    summary="Continue a piece",
)
async def continue_piece(
    request: requests.ContinueRequest, client: Client, services: ServicesDep, response: Response
) -> models.JobStatus:
    def plan() -> Task:
        return plan_continue(request, _seed(request), services.limits, *_given(request, services))

    return await _submit(plan, client, services, response)


@router.post(
    "/edit", status_code=202, responses=documented(404, 507), summary="Rewrite part of a piece"
)
async def edit(
    request: requests.EditRequest, client: Client, services: ServicesDep, response: Response
) -> models.JobStatus:
    def plan() -> Task:
        return plan_edit(request, _seed(request), services.limits, *_given(request, services))

    return await _submit(plan, client, services, response)


@router.get("", responses=documented(), summary="Waiting, running and recently ended jobs")
async def list_jobs(services: ServicesDep) -> models.Jobs:
    return models.Jobs(jobs=[_status(job, services.scheduler) for job in services.scheduler.jobs()])


@router.get("/{id}", responses=documented(404), summary="The status of a job")
async def get_job(id: JobId, services: ServicesDep) -> models.JobStatus:
    return _status(_job(id, services), services.scheduler)


@router.delete("/{id}", responses=documented(404), summary="Cancel a job")
async def cancel_job(id: JobId, services: ServicesDep) -> models.JobStatus:
    job = _job(id, services)
    services.scheduler.cancel(job)
    return _status(job, services.scheduler)


@router.get(
    "/{id}/events",
    responses={**documented(404), **_EVENTS},
    response_class=StreamingResponse,
    summary="The events of a job, until it ends",
)
async def follow_job(
    id: JobId,
    services: ServicesDep,
    last_event_id: Annotated[
        int, Header(ge=0, lt=2**53, description="Number of the last event received.")
    ] = 0,
) -> Response:
    job = _job(id, services)
    if job.has_ended and last_event_id >= job.num_events:
        return Response(status_code=204)  # stops an EventSource from reconnecting
    if len(job.followers) >= services.limits.followers:
        raise BusyError(
            f"{len(job.followers)} clients already follow this job; disconnect one of them"
        )
    return StreamingResponse(
        _events(job, last_event_id, services.scheduler),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


async def _events(job: Job, last: int, scheduler: Scheduler) -> AsyncIterator[bytes]:
    try:
        async with aclosing(job.follow(last)) as events:
            async for event in events:
                yield event
    finally:
        scheduler.follower_left(job)


async def _submit(
    plan: Callable[[], Task], client: str, services: Services, response: Response
) -> models.JobStatus:
    """Queue a job if it is valid. Planning takes up to a second, so it runs in a thread."""
    services.scheduler.check_capacity(client)
    await asyncio.to_thread(services.store.check_capacity)
    task = await asyncio.to_thread(plan)
    job = services.scheduler.submit(task, client)
    response.headers["location"] = f"/api/v1/jobs/{job.id}"
    return _status(job, services.scheduler)


def _seed(request: requests.JobRequest) -> int:
    """The seed of a request; by default, a random one that is short enough to retype."""
    return secrets.randbelow(10**6) if request.seed is None else request.seed


def _given(
    request: requests.ContinueRequest | requests.EditRequest, services: Services
) -> tuple[Score, str]:
    """The piece that a request starts from, and its title. Raises HttpError if there is none."""
    title, midi = services.piece(request.piece).title, services.midi(request.piece)
    return read_midi(midi), title


def _job(id: str, services: Services) -> Job:
    if (job := services.scheduler.get(id)) is None:
        raise HttpError(404, "not_found", f"there is no job {id}, or it ended too long ago")
    return job


def _status(job: Job, scheduler: Scheduler) -> models.JobStatus:
    return job.describe(scheduler.position(job))
