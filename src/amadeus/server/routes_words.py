"""The endpoints that compose nothing: words, what the server can do, and how it is."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from amadeus.control import Constraints
from amadeus.control.edit import NAMES
from amadeus.control.piece import constraints_on, plan_piece
from amadeus.errors import AmadeusError
from amadeus.inference.composer import Composer
from amadeus.music.instruments import DRUMS, everyday_name, family_name
from amadeus.profile import MEASURES, Profile
from amadeus.profile.labels import FORMS, GENRES, MOODS
from amadeus.server import making, models, requests
from amadeus.server.errors import documented
from amadeus.server.services import Using
from amadeus.server.tasks import chips_of, explain, profile_of
from amadeus.text.prompt import PromptFacts, parse_prompt

router = APIRouter()
_PROFILE = models.ProfileInfo(
    measures=[
        models.MeasureInfo(name=one.title, unit=one.unit, low=one.words[0], high=one.words[1])
        for one in MEASURES
    ],
    labels={"genre": list(GENRES), "form": list(FORMS), "mood": list(MOODS)},
)


@router.post(
    "/api/v1/prompts/parse", responses=documented(404), tags=["words"], summary="What words mean"
)
async def parse(request: requests.ParseRequest, using: Using) -> models.ParsedPrompt:
    like = await using.profile_like(request.like)
    return await asyncio.to_thread(_parsed, request, like, using.composer)


def _parsed(
    request: requests.ParseRequest, like: Profile | None, composer: Composer
) -> models.ParsedPrompt:
    try:
        facts = parse_prompt(request.prompt) if request.prompt_constraints else PromptFacts()
    except AmadeusError as error:
        return models.ParsedPrompt(chips=[], problem=str(error))
    found = _facts(facts)
    try:
        held = Constraints(*request.constraints)
        found.explained = explain(constraints_on(facts, held, request.bars))
        found.bars = plan_piece(facts, held, request.bars).num_bars
        settings = request.profile_settings(like)
        if request.seed is None:
            settings["fill_profile"] = False
        planned = composer.profile_of(
            request.prompt, bars=request.bars, constraints=held, seed=request.seed or 0,
            prompt_constraints=request.prompt_constraints, **settings,
        )  # fmt: skip
        found.profile = profile_of(planned)
    except AmadeusError as error:
        found.problem = str(error)
    return found


def _facts(facts: PromptFacts) -> models.ParsedPrompt:
    return models.ParsedPrompt(
        chips=chips_of(facts),
        tempo=facts.bpm,
        tempo_range=facts.tempo_range,
        key=None if facts.key is None else str(facts.key),
        metre=facts.time_signature or None,
        instruments=[one.name for one in facts.instruments],
        only=facts.exclusive,
        without=[one.name for one in facts.absent],
        bars=facts.num_bars,
        seconds=facts.seconds,
    )


@router.get("/api/v1/info", responses=documented(), tags=["server"], summary="What it can do")
async def info(using: Using) -> models.Info:
    limits = using.limits
    return models.Info(
        version=version("amadeus-music"),
        model=using.model,
        profile=_PROFILE if using.composer.has_profiles else None,
        limits={name: getattr(limits, name) for name in limits.__slots__},
        attributes=sorted(NAMES),
        instruments=[
            models.InstrumentInfo(program=p, name=everyday_name(p), family=family_name(p))
            for p in range(DRUMS + 1)
        ],
        files=["midi", *making.FILE_KINDS],
    )


@router.get(
    "/health",
    responses={
        200: {"model": models.Health},
        503: {"model": models.Health, "description": "It stops, or has failed."},
    },
    tags=["server"],
    summary="Whether it takes jobs",
)
async def health(using: Using) -> Response:
    runner = using.runner
    found = models.Health(
        status="failed" if not runner.is_alive else "stopping" if runner.is_stopping else "ok",
        version=version("amadeus-music"),
        running=runner.running,
        waiting=runner.waiting,
    )
    return JSONResponse(found.model_dump(), 200 if found.status == "ok" else 503)


@router.get(
    "/metrics",
    responses={200: {"description": "For Prometheus.", "content": {"text/plain": {}}}},
    response_class=Response,
    tags=["server"],
    summary="Counters, for Prometheus",
)
async def metrics(using: Using) -> Response:
    return Response(using.metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST})
