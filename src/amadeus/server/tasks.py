"""The work of each kind of job. Invalid requests are refused before the job is queued."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from amadeus.control import Constraints
from amadeus.control.edit import Edit
from amadeus.control.plan import Plan
from amadeus.control.prompted import constraints_on_continuation, constraints_on_edit
from amadeus.control.revision import Revision
from amadeus.control.selection import select
from amadeus.errors import ConfigError
from amadeus.inference.composer import Composer
from amadeus.inference.continuation import before_bar
from amadeus.inference.phrases import PiecePlan
from amadeus.inference.profile_plan import ProfilePlan
from amadeus.inference.sampling import sampling_config
from amadeus.music.performance import BarLine, PlayedNote
from amadeus.music.score import Score
from amadeus.profile import Profile
from amadeus.server import models, requests
from amadeus.server.limits import Limits
from amadeus.server.view import bar_event, note_event
from amadeus.text.prompt import PromptFacts

Emit = Callable[[str, BaseModel], None]
"""Called with the name of an event and its data."""


@dataclass(kw_only=True)
class Task(ABC):
    """The validated work of a job."""

    kind: Literal["compose", "continue", "edit"]
    request: requests.JobRequest
    seed: int
    title: str
    of_bars: int | None
    """Number of bars to compose, if known."""
    parent: str | None = None
    """The piece that is continued or edited."""
    understood: list[models.Chip] = field(default_factory=list)
    explained: list[models.Explained] = field(default_factory=list)
    profile: models.PieceProfile | None = None
    """The profile that a new piece is composed with."""
    changes: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """The request's fields and the seed, which reproduce the piece."""
        return {**self.request.settings(), "seed": self.seed}

    @abstractmethod
    def run(self, composer: Composer, emit: Emit) -> Score:
        """Compose, emitting bars and notes as they are composed."""

    def release_score(self) -> None:
        """Free the memory of the parent's score once the job has ended."""
        vars(self).pop("score", None)


@dataclass(kw_only=True)
class ComposeTask(Task):
    """A new piece."""

    request: requests.ComposeRequest
    piece: PiecePlan

    def run(self, composer: Composer, emit: Emit) -> Score:
        def on_bar(bar: BarLine) -> None:
            emit("bar", bar_event(bar))

        return _emit_notes(composer.stream_piece(self.piece, on_bar=on_bar), emit)


@dataclass(kw_only=True)
class ContinueTask(Task):
    """New bars at the end of a piece."""

    request: requests.ContinueRequest
    score: Score

    def run(self, composer: Composer, emit: Emit) -> Score:
        request = self.request
        return _emit_notes(
            composer.stream_continuation(
                self.score, on_bar=lambda bar: emit("bar", bar_event(bar)), bars=request.bars,
                from_bar=request.from_bar, notes=request.notes, seed=self.seed,
                prompt=request.prompt, tries=request.tries,
                constraints=Constraints(*request.constraints), **request.sampling(),
            ),
            emit,
        )  # fmt: skip


@dataclass(kw_only=True)
class EditTask(Task):
    """A rewrite of part of a piece."""

    request: requests.EditRequest
    score: Score
    edit: Edit

    def run(self, composer: Composer, emit: Emit) -> Score:
        request = self.request

        def progress(bars: int, rows: int) -> None:
            emit("progress", models.Progress(bars=bars, notes=rows, of_bars=self.of_bars))

        return composer.edit(
            self.score,
            self.edit,
            seed=self.seed,
            prompt=request.prompt,
            constraints=Constraints(*request.constraints),
            tries=request.tries,
            progress=progress,
            on_note=lambda note: emit("draft", note_event(note)),
            **request.sampling(),
        )


def _emit_notes(notes: Generator[PlayedNote, None, Score], emit: Emit) -> Score:
    """Emit each note of a generator; returns the generator's result."""
    while True:
        try:
            emit("note", note_event(next(notes)))
        except StopIteration as end:
            return end.value


def plan_compose(
    request: requests.ComposeRequest,
    seed: int,
    limits: Limits,
    composer: Composer,
    like: Profile | None = None,
) -> ComposeTask:
    """like: the profile of the piece to be like. Raises ConfigError for an impossible request."""
    piece = composer.plan(
        request.prompt, bars=request.bars, notes=request.notes, seed=seed, tries=request.tries,
        prompt_constraints=request.prompt_constraints,
        constraints=Constraints(*request.constraints), **request.sampling(),
        **request.profile_settings(like),
    )  # fmt: skip
    _check_bars(piece.plan.num_bars, limits)
    return ComposeTask(
        kind="compose", request=request, seed=seed, of_bars=piece.plan.num_bars, piece=piece,
        title=request.title or _title(request.prompt) or f"Piece {seed}",
        understood=chips_of(piece.facts), explained=explain(piece.constraints),
        profile=profile_of(piece.profile) if composer.has_profiles else None,
    )  # fmt: skip


def plan_continue(
    request: requests.ContinueRequest, seed: int, limits: Limits, score: Score, title: str
) -> ContinueTask:
    """score, title: of the piece to continue."""
    constraints = constraints_on_continuation(
        request.prompt, Constraints(*request.constraints), request.bars
    )
    Plan([*constraints], request.bars, request.notes, is_passage=True)
    before_bar(score, request.from_bar)
    _check_sampling(request)
    _check_bars(request.bars, limits)
    return ContinueTask(
        kind="continue", request=request, seed=seed, of_bars=request.bars, score=score,
        title=request.title or title, parent=request.piece, explained=explain(constraints),
    )  # fmt: skip


def plan_edit(
    request: requests.EditRequest, seed: int, limits: Limits, score: Score, title: str
) -> EditTask:
    """score, title: of the piece to edit."""
    edit = Edit(
        bars=request.bars, parts=tuple(request.parts), add=tuple(request.add),
        notes=tuple(request.notes), resample=tuple(request.resample), keep=tuple(request.keep),
        vary=request.vary,
    )  # fmt: skip
    selection = select(score, edit, seed)
    constraints, _ = constraints_on_edit(
        request.prompt, Constraints(*request.constraints), selection
    )
    Revision(selection, constraints)
    _check_sampling(request)
    _check_bars(len(selection.bars), limits)
    follows = selection.end_bar < selection.num_bars
    return EditTask(
        kind="edit", request=request, seed=seed, score=score, edit=edit,
        of_bars=len(selection.bars) * (request.tries if follows else 1),
        title=request.title or title, parent=request.piece,
        changes=selection.explain(), explained=explain(constraints),
    )  # fmt: skip


def chips_of(facts: PromptFacts) -> list[models.Chip]:
    """The phrases of a prompt that were understood."""
    return [
        models.Chip(label=chip.label, value=chip.value, **asdict(chip.span)) for chip in facts.chips
    ]


def profile_of(planned: ProfilePlan) -> models.PieceProfile:
    """A profile as clients see it."""
    return models.PieceProfile(**planned.to_dict())


def explain(constraints: Constraints) -> list[models.Explained]:
    """Constraints as clients see them."""
    return [models.Explained(**explained) for explained in constraints.explain()]


def _title(prompt: str) -> str:
    return " ".join(prompt.split())[: requests.MAX_TITLE]


def _check_sampling(request: requests.JobRequest) -> None:
    sampling = request.sampling()
    sampling.pop("guidance", None)
    sampling_config(**sampling)


def _check_bars(bars: int | None, limits: Limits) -> None:
    if bars is not None and bars > limits.bars:
        raise ConfigError(
            f"{bars:,} bars are too many for one job; ask for at most {limits.bars:,}"
        )
