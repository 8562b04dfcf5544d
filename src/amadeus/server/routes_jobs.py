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
from amadeus.server import models, requests
from amadeus.server.errors import HttpError, documented
from amadeus.server.jobs import Job
from amadeus.server.runner import Runner
from amadeus.server.services import Client, Services, Using
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
    204: {"description": "It has ended, and there are no later events."},
}


@router.post(
    "/compose", status_code=202, responses=documented(404, 429, 507), summary="Compose a new piece"
)
async def compose(
    request: requests.ComposeRequest, client: Client, using: Using, response: Response
) -> models.Job:
    like = await using.profile_like(request.like)

    def plan() -> Task:
        task = plan_compose(request, _seed(request), using.limits)
        task.plan_profile(using.composer, request.profile_settings(like))
        return task

    return await _submit(plan, client, using, response)


@router.post(
    "/continue", status_code=202, responses=documented(404, 507), summary="Go on from a piece"
)
async def go_on(
    request: requests.ContinueRequest, client: Client, using: Using, response: Response
) -> models.Job:
    def plan() -> Task:
        title, midi = using.piece(request.piece).title, using.midi(request.piece)
        return plan_continue(request, _seed(request), using.limits, read_midi(midi), title)

    return await _submit(plan, client, using, response)


@router.post(
    "/edit", status_code=202, responses=documented(404, 507), summary="Compose some of it anew"
)
async def edit(
    request: requests.EditRequest, client: Client, using: Using, response: Response
) -> models.Job:
    def plan() -> Task:
        title, midi = using.piece(request.piece).title, using.midi(request.piece)
        return plan_edit(request, _seed(request), using.limits, read_midi(midi), title)

    return await _submit(plan, client, using, response)


@router.get("", responses=documented(), summary="Jobs that wait, run, or have ended lately")
async def list_jobs(using: Using) -> models.Jobs:
    return models.Jobs(jobs=[_described(job, using.runner) for job in using.runner.jobs()])


@router.get("/{id}", responses=documented(404), summary="One job")
async def get_job(id: JobId, using: Using) -> models.Job:
    return _described(_job(id, using), using.runner)


@router.delete("/{id}", responses=documented(404), summary="Cancel a job, if it has not ended")
async def cancel_job(id: JobId, using: Using) -> models.Job:
    job = _job(id, using)
    using.runner.cancel(job)
    return _described(job, using.runner)


@router.get(
    "/{id}/events",
    responses={**documented(404), **_EVENTS},
    response_class=StreamingResponse,
    summary="What happens to a job, from the beginning until it ends",
)
async def follow_job(
    id: JobId,
    using: Using,
    last_event_id: Annotated[
        int, Header(ge=0, lt=2**53, description="The last event that was received.")
    ] = 0,
) -> Response:
    job = _job(id, using)
    if job.has_ended and last_event_id >= job.num_events:
        return Response(status_code=204)  # which keeps an EventSource from asking again
    if len(job.followers) >= using.limits.followers:
        raise BusyError(f"{len(job.followers)} follow this job already; let one of them leave")
    return StreamingResponse(
        _events(job, last_event_id, using.runner),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


async def _events(job: Job, last: int, runner: Runner) -> AsyncIterator[bytes]:
    try:
        async with aclosing(job.follow(last)) as events:
            async for event in events:
                yield event
    finally:
        runner.leave(job)


async def _submit(
    plan: Callable[[], Task], client: str, using: Services, response: Response
) -> models.Job:
    """Take a job that is found to be possible. Planning takes up to a second, so not here."""
    using.runner.check_room(client)
    await asyncio.to_thread(using.store.check_room)
    task = await asyncio.to_thread(plan)
    job = using.runner.submit(task, client)
    response.headers["location"] = f"/api/v1/jobs/{job.id}"
    return _described(job, using.runner)


def _seed(request: requests.JobRequest) -> int:
    """The seed of a request; one that is easy to type again where there is none."""
    return secrets.randbelow(10**6) if request.seed is None else request.seed


def _job(id: str, using: Services) -> Job:
    if (job := using.runner.get(id)) is None:
        raise HttpError(404, "not_found", f"there is no job {id}, or it ended long ago")
    return job


def _described(job: Job, runner: Runner) -> models.Job:
    return job.describe(runner.position(job))
