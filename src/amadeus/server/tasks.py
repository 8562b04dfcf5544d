"""What each kind of job does. Everything that can be refused is refused before the job waits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from amadeus.control import Constraints
from amadeus.control.edit import Edit
from amadeus.control.piece import constraints_on, plan_piece
from amadeus.control.plan import Plan
from amadeus.control.revision import Revision
from amadeus.control.selection import select
from amadeus.errors import ConfigError
from amadeus.inference.composer import Composer
from amadeus.inference.profile_plan import ProfilePlan
from amadeus.inference.sampling import sampling_config
from amadeus.music.performance import BarLine, PlayedNote
from amadeus.music.score import Score
from amadeus.server import models, requests
from amadeus.server.composing import JobComposer
from amadeus.server.limits import Limits
from amadeus.server.view import bar_event, note_event
from amadeus.text.prompt import PromptFacts, parse_prompt

Tell = Callable[[str, BaseModel], None]
"""Called with the name of an event and its data."""


@dataclass(kw_only=True)
class Task(ABC):
    """A job to be done, found to be possible."""

    kind: Literal["compose", "continue", "edit"]
    request: requests.JobRequest
    seed: int
    title: str
    of_bars: int | None
    """Bars that will be composed, if that is known."""
    parent: str | None = None
    """The piece that it starts from."""
    understood: list[models.Chip] = field(default_factory=list)
    explained: list[models.Explained] = field(default_factory=list)
    profile: models.PieceProfile | None = None
    """What a new piece is composed with."""
    changes: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """What it takes to ask for the same again."""
        return {**self.request.settings(), "seed": self.seed}

    @abstractmethod
    def run(self, composer: JobComposer, tell: Tell) -> Score:
        """Do it, telling of bars and notes as they come."""

    def forget(self) -> None:
        """Let go of the score that it started from, when it is over; what is told of it stays."""
        vars(self).pop("score", None)


@dataclass(kw_only=True)
class Compose(Task):
    """A new piece."""

    request: requests.ComposeRequest
    profiled: dict[str, Any] = field(default_factory=dict)
    """Settings of the composer that give the profile."""

    def plan_profile(self, composer: Composer, profiled: dict[str, Any]) -> None:
        """Settle the profile. Raises ConfigError where the model cannot follow one."""
        self.profiled = profiled
        self.profile = profile_of(composer.profile_of(self.request.prompt, **self._composing()))

    def run(self, composer: JobComposer, tell: Tell) -> Score:
        def on_bar(bar: BarLine) -> None:
            tell("bar", bar_event(bar))

        notes = composer.stream(self.request.prompt, on_bar=on_bar, **self._composing())
        return _told(notes, tell)

    def _composing(self) -> dict[str, Any]:
        """Settings of the composer."""
        asked = self.request
        return {
            "bars": asked.bars, "notes": asked.notes, "seed": self.seed, "tries": asked.tries,
            "prompt_constraints": asked.prompt_constraints,
            "constraints": Constraints(*asked.constraints), **asked.sampling(), **self.profiled,
        }  # fmt: skip


@dataclass(kw_only=True)
class Continue(Task):
    """New bars after a piece."""

    request: requests.ContinueRequest
    score: Score

    def run(self, composer: JobComposer, tell: Tell) -> Score:
        asked = self.request
        return _told(
            composer.stream_continuation(
                self.score, on_bar=lambda bar: tell("bar", bar_event(bar)), bars=asked.bars,
                notes=asked.notes, seed=self.seed, prompt=asked.prompt,
                constraints=Constraints(*asked.constraints), **asked.sampling(),
            ),
            tell,
        )  # fmt: skip


@dataclass(kw_only=True)
class Change(Task):
    """An edit."""

    request: requests.EditRequest
    score: Score
    edit: Edit

    def run(self, composer: JobComposer, tell: Tell) -> Score:
        asked = self.request

        def progress(bars: int, rows: int) -> None:
            tell("progress", models.Progress(bars=bars, notes=rows, of_bars=self.of_bars))

        return composer.edit(
            self.score,
            **{name: getattr(self.edit, name) for name in self.edit.__slots__},
            seed=self.seed,
            prompt=asked.prompt,
            constraints=Constraints(*asked.constraints),
            tries=asked.tries,
            progress=progress,
            on_note=lambda note: tell("draft", note_event(note)),
            **asked.sampling(),
        )


def _told(notes: Generator[PlayedNote, None, Score], tell: Tell) -> Score:
    """Tell of every note. Returns what the generator returns."""
    while True:
        try:
            tell("note", note_event(next(notes)))
        except StopIteration as end:
            return end.value


def plan_compose(request: requests.ComposeRequest, seed: int, limits: Limits) -> Compose:
    """Raises ConfigError for what cannot be composed."""
    facts = parse_prompt(request.prompt) if request.prompt_constraints else PromptFacts()
    held = Constraints(*request.constraints)
    plan = plan_piece(facts, held, request.bars, request.notes)
    _check_sampling(request)
    _check_bars(plan.num_bars, limits)
    return Compose(
        kind="compose", request=request, seed=seed, of_bars=plan.num_bars,
        title=request.title or _title(request.prompt) or f"Piece {seed}",
        understood=chips_of(facts), explained=explain(constraints_on(facts, held, request.bars)),
    )  # fmt: skip


def plan_continue(
    request: requests.ContinueRequest, seed: int, limits: Limits, score: Score, title: str
) -> Continue:
    """score, title: of the piece that is continued."""
    held = Constraints(*request.constraints)
    Plan([*held], request.bars, request.notes, is_passage=True)
    _check_sampling(request)
    _check_bars(request.bars, limits)
    return Continue(
        kind="continue", request=request, seed=seed, of_bars=request.bars, score=score,
        title=request.title or title, parent=request.piece, explained=explain(held),
    )  # fmt: skip


def plan_edit(
    request: requests.EditRequest, seed: int, limits: Limits, score: Score, title: str
) -> Change:
    """score, title: of the piece that is edited."""
    edit = Edit(
        bars=request.bars, parts=tuple(request.parts), add=tuple(request.add),
        notes=tuple(request.notes), resample=tuple(request.resample), keep=tuple(request.keep),
        vary=request.vary,
    )  # fmt: skip
    held = Constraints(*request.constraints)
    selection = Revision(select(score, edit, seed), held).selection
    _check_sampling(request)
    _check_bars(len(selection.bars), limits)
    follows = selection.end_bar < selection.num_bars
    return Change(
        kind="edit", request=request, seed=seed, score=score, edit=edit,
        of_bars=len(selection.bars) * (request.tries if follows else 1),
        title=request.title or title, parent=request.piece,
        changes=selection.explain(), explained=explain(held),
    )  # fmt: skip


def chips_of(facts: PromptFacts) -> list[models.Chip]:
    """The phrases that are understood."""
    return [
        models.Chip(
            label=chip.label, value=chip.value,
            start=chip.span.start, end=chip.span.end, text=chip.span.text,
        )
        for chip in facts.chips
    ]  # fmt: skip


def profile_of(planned: ProfilePlan | None) -> models.PieceProfile | None:
    """What clients are told of a profile."""
    return None if planned is None else models.PieceProfile(**planned.to_dict())


def explain(constraints: Constraints) -> list[models.Explained]:
    """What music is held to."""
    return [models.Explained(**one) for one in constraints.explain()]


def _title(prompt: str) -> str:
    return " ".join(prompt.split())[: requests.MAX_TITLE]


def _check_sampling(request: requests.JobRequest) -> None:
    sampling = request.sampling()
    sampling.pop("guidance", None)
    sampling_config(**sampling)


def _check_bars(bars: int | None, limits: Limits) -> None:
    if bars is not None and bars > limits.bars:
        raise ConfigError(
            f"{bars:,} bars are too many for one job; ask for {limits.bars:,} or fewer"
        )
