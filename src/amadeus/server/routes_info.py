"""The endpoints for parsing prompts and for information about the server."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from amadeus.control import Constraints
from amadeus.control.edit import NAMES
from amadeus.control.piece import constraints_on
from amadeus.errors import AmadeusError
from amadeus.inference.composer import Composer
from amadeus.music.instruments import DRUMS, everyday_name, family_name
from amadeus.profile import MEASURES, Profile
from amadeus.profile.labels import FORMS, GENRES, MOODS
from amadeus.server import models, requests, worker_functions
from amadeus.server.errors import documented
from amadeus.server.services import ServicesDep
from amadeus.server.tasks import chips_of, explain, profile_of
from amadeus.text.prompt import PromptFacts, parse_prompt

router = APIRouter()
_PROFILE = models.ProfileInfo(
    measures=[
        models.MeasureInfo(name=m.title, unit=m.unit, low=m.words[0], high=m.words[1])
        for m in MEASURES
    ],
    labels={"genre": list(GENRES), "form": list(FORMS), "mood": list(MOODS)},
)


@router.post(
    "/api/v1/prompts/parse", responses=documented(404), tags=["words"], summary="Parse a prompt"
)
async def parse(request: requests.ParseRequest, services: ServicesDep) -> models.ParsedPrompt:
    like = await services.profile_like(request.like)
    return await asyncio.to_thread(_parsed, request, like, services.composer)


def _parsed(
    request: requests.ParseRequest, like: Profile | None, composer: Composer
) -> models.ParsedPrompt:
    try:
        facts = parse_prompt(request.prompt) if request.prompt_constraints else PromptFacts()
    except AmadeusError as error:
        return models.ParsedPrompt(chips=[], problem=str(error))
    parsed = _facts(facts)
    try:
        constraints = Constraints(*request.constraints)
        parsed.explained = explain(constraints_on(facts, constraints, request.bars))
        settings = request.profile_settings(like)
        if request.seed is None:
            settings["fill_profile"] = False
        piece = composer.plan(
            request.prompt, bars=request.bars, constraints=constraints, seed=request.seed or 0,
            prompt_constraints=request.prompt_constraints, **settings,
        )  # fmt: skip
        parsed.bars = piece.plan.num_bars
        stated = constraints_on(facts, constraints, request.bars, piece.plan.num_bars)
        parsed.explained = explain(stated)
        parsed.profile = profile_of(piece.profile) if composer.has_profiles else None
    except AmadeusError as error:
        parsed.problem = str(error)
    return parsed


def _facts(facts: PromptFacts) -> models.ParsedPrompt:
    return models.ParsedPrompt(
        chips=chips_of(facts),
        tempo=facts.bpm,
        tempo_range=facts.tempo_range,
        key=None if facts.key is None else str(facts.key),
        metre=facts.time_signature or None,
        form=facts.form or None,
        instruments=[instrument.name for instrument in facts.instruments],
        only=facts.exclusive,
        without=[instrument.name for instrument in facts.absent],
        bars=facts.num_bars,
        seconds=facts.seconds,
        not_understood=[str(phrase) for phrase in facts.unknown],
    )


@router.get(
    "/api/v1/info",
    responses=documented(),
    tags=["server"],
    summary="Version, limits and capabilities of the server",
)
async def info(services: ServicesDep) -> models.Info:
    limits = services.limits
    return models.Info(
        version=version("amadeus-music"),
        model=services.model,
        profile=_PROFILE if services.composer.has_profiles else None,
        limits={name: getattr(limits, name) for name in limits.__slots__},
        attributes=sorted(NAMES),
        instruments=[
            models.InstrumentInfo(program=p, name=everyday_name(p), family=family_name(p))
            for p in range(DRUMS + 1)
        ],
        files=["midi", *worker_functions.FILE_KINDS],
    )


@router.get(
    "/health",
    responses={
        200: {"model": models.Health},
        503: {"model": models.Health, "description": "The server is stopping or has failed."},
    },
    tags=["server"],
    summary="Whether the server accepts jobs",
)
async def health(services: ServicesDep) -> Response:
    scheduler = services.scheduler
    status = models.Health(
        status="failed"
        if not scheduler.is_alive
        else "stopping"
        if scheduler.is_stopping
        else "ok",
        version=version("amadeus-music"),
        running=scheduler.running,
        waiting=scheduler.waiting,
    )
    return JSONResponse(status.model_dump(), 200 if status.status == "ok" else 503)


@router.get(
    "/metrics",
    responses={200: {"description": "Prometheus text format.", "content": {"text/plain": {}}}},
    response_class=Response,
    tags=["server"],
    summary="Metrics for Prometheus",
)
async def metrics(services: ServicesDep) -> Response:
    return Response(services.metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})
