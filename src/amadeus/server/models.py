"""What goes over the wire: requests, jobs, pieces, and what is said of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from amadeus.inference.request import MAX_GUIDANCE
from amadeus.inference.tries import DEFAULT_TRIES
from amadeus.text.prompt import MAX_CHARACTERS

MOST_BARS = 100_000
MAX_TITLE = 200
MOST_NAMED = 1024
"""Single notes, or ranges of them, that an edit names."""

Text = Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE)]
Names = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100)]], Field(max_length=32)
]
Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Bars = Annotated[int, Field(ge=1, le=MOST_BARS)]
Kind = Literal["compose", "continue", "edit", "import"]
Constraints = Annotated[
    list[Annotated[str, StringConstraints(max_length=500)]], Field(max_length=64)
]


class Given(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class JobRequest(Given):
    """What every job takes."""

    prompt: Text = Field(default="", description="What it should be, in words.")
    constraints: Constraints = Field(
        default=[], description="What has to hold besides, as in 'key: D dorian'."
    )
    seed: Annotated[int, Field(ge=0, lt=2**53)] | None = Field(
        default=None, description="Equal seeds give equal pieces; drawn if left out."
    )
    guidance: Annotated[float, Field(ge=0, le=MAX_GUIDANCE)] | None = Field(
        default=None,
        description="Above 1 leans further towards the words, at twice the work; 0 ignores.",
    )
    steps: Annotated[int, Field(ge=1, le=8)] | None = Field(
        default=None, description="Predictions a note: fewer is faster, more is finer."
    )
    threshold: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Decide at once what is at least so sure."
    )
    temperature: Annotated[float, Field(ge=0, le=10)] | None = Field(
        default=None, description="Below 1 is safer, above 1 bolder, 0 takes the likeliest."
    )
    top_p: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="Draw from the likeliest values that together have this probability.",
    )
    order: Literal["confidence", "entropy", "random", "fixed"] | None = Field(
        default=None, description="What is decided first in a note."
    )
    title: Title | None = Field(default=None, description="Of the new piece.")
    cancel_on_disconnect: bool = Field(
        default=False,
        description="Give the job up when the last one who follows its events leaves.",
    )

    def settings(self) -> dict[str, Any]:
        """The fields that were given, title and the like left out, as JSON values."""
        return self.model_dump(exclude_unset=True, exclude={"title", "cancel_on_disconnect"})

    def sampling(self) -> dict[str, Any]:
        """Settings of the composer that all jobs share, as far as they were given."""
        names = {"guidance", "steps", "threshold", "temperature", "top_p", "order"}
        return self.model_dump(include=names, exclude_none=True)


class ComposeRequest(JobRequest):
    """A new piece."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"prompt": "a slow piano waltz in A minor", "bars": 16},
                {"prompt": "jazz trio", "constraints": ["tempo: 90->120"], "seed": 7},
            ]
        }
    )

    bars: Bars | None = Field(default=None, description="Exact length; the prompt's, or 16.")
    notes: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        default=None, description="Most notes."
    )
    tries: Annotated[int, Field(ge=1, le=8)] = Field(
        default=DEFAULT_TRIES,
        description="Beginnings to compose; the one that is most like what people write goes on.",
    )
    prompt_constraints: bool = Field(
        default=True, description="Hold the music to what the prompt states exactly."
    )


class ContinueRequest(JobRequest):
    """New bars after a piece."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"piece": "9b1d6a7c3e5f2048", "bars": 8}]}
    )

    piece: Identifier
    bars: Bars = Field(default=8, description="Bars to add.")
    notes: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        default=None, description="Most notes."
    )


class EditRequest(JobRequest):
    """Some of a piece composed anew; the rest stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"piece": "9b1d6a7c3e5f2048", "bars": [9, 12]},
                {"piece": "9b1d6a7c3e5f2048", "add": ["bass", "drums"]},
                {"piece": "9b1d6a7c3e5f2048", "resample": ["pitch"], "keep": ["rhythm"]},
                {"piece": "9b1d6a7c3e5f2048", "notes": ["C4-G5 for cello from 9:1 to 9:3"]},
            ]
        }
    )

    piece: Identifier
    bars: tuple[Bars, Bars | None] | None = Field(
        default=None, description="First and last bar that change, counted from 1; null to the end."
    )
    parts: Names = Field(default=[], description="Instruments whose notes change; all if empty.")
    add: Names = Field(
        default=[], description="Instruments that join in, or beside parts take over."
    )
    notes: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=100)]],
        Field(max_length=MOST_NAMED),
    ] = Field(
        default=[],
        description="Notes that change, and no others: pitch, instrument and place as bar:beat.",
    )
    resample: Names = Field(
        default=[], description="Attributes to draw anew, instead of new notes."
    )
    keep: Names = Field(default=[], description="Attributes to keep while others are drawn anew.")
    vary: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Share of the notes to change a little."
    )
    tries: Annotated[int, Field(ge=1, le=8)] = Field(
        default=DEFAULT_TRIES,
        description="Passages to compose; the one that leads on best is kept.",
    )


class Chip(BaseModel):
    """A phrase of a prompt that is understood."""

    label: str = Field(examples=["tempo"])
    value: str = Field(examples=["60-70 BPM"])
    start: int
    end: int
    text: str = Field(examples=["slow"])


class Explained(BaseModel):
    """A constraint, who stated it, and what is hard and soft about it."""

    constraint: str
    source: str
    hard: str
    soft: str


class Progress(BaseModel):
    """How far a job has come."""

    bars: int = 0
    notes: int = 0
    of_bars: int | None = Field(default=None, description="Bars in all; null if the model decides.")


class Fault(BaseModel):
    """Why something did not work."""

    code: str = Field(examples=["invalid"])
    message: str = Field(examples=["the prompt states two keys: 'A minor' and 'C major'"])


class FieldFault(BaseModel):
    """A part of a request that does not fit the description."""

    path: str = Field(examples=["body.bars"])
    message: str


class RequestFault(Fault):
    """Why a request was refused."""

    fields: list[FieldFault] = []


class ErrorResponse(BaseModel):
    """What every error looks like."""

    error: RequestFault


class Job(BaseModel):
    """Something that is being composed, or was, or will be."""

    id: Identifier
    kind: Literal["compose", "continue", "edit"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    created: str
    position: int = Field(description="Jobs that begin before it; 0 unless it is queued.")
    progress: Progress
    seed: int
    understood: list[Chip] = Field(description="Phrases of the prompt that hold exactly.")
    explained: list[Explained] = Field(description="All that the music is held to.")
    changes: list[str] = Field(description="What an edit changes and locks, in words.")
    piece: Identifier | None = Field(description="The new piece, once it is done.")
    error: Fault | None = None


class Jobs(BaseModel):
    jobs: list[Job]


class Note(BaseModel):
    """A note, in quarter notes and in seconds from the beginning of the piece."""

    onset: float
    duration: float
    onset_seconds: float
    duration_seconds: float
    pitch: int = Field(ge=0, le=127)
    velocity: int = Field(ge=1, le=127)
    program: int = Field(ge=0, le=127, description="General MIDI program; 0 for drums.")
    is_drum: bool
    instrument: str = Field(examples=["piano"])
    bar: int = Field(description="Counted from 1.")
    chord: str = Field(description="The harmony in force; empty for none.", examples=["Am"])
    tempo: float = Field(description="At its onset, in quarter notes a minute.")
    track: int | None = Field(default=None, description="Null while it is being composed.")


class Bar(BaseModel):
    """Where a bar begins."""

    bar: int = Field(description="Counted from 1.")
    onset: float
    onset_seconds: float
    quarters: float | None = Field(
        default=None, description="Its length; null while being composed."
    )
    metre: str = Field(examples=["3/4"])
    tempo: float


class TempoChange(BaseModel):
    onset: float
    onset_seconds: float
    bpm: float


class ChordChange(BaseModel):
    onset: float
    onset_seconds: float
    chord: str


class Pedal(BaseModel):
    """The sustain pedal of an instrument moves."""

    onset: float
    onset_seconds: float
    value: int = Field(ge=0, le=127, description="64 and above is down.")
    program: int
    is_drum: bool


class TrackInfo(BaseModel):
    track: int
    name: str
    program: int
    is_drum: bool
    instrument: str
    notes: int


class PieceNotes(BaseModel):
    """All of a piece that is heard, to draw it and to play it."""

    piece: Identifier
    quarters: float
    seconds: float
    tracks: list[TrackInfo]
    notes: list[Note]
    bars: list[Bar]
    tempos: list[TempoChange]
    chords: list[ChordChange]
    pedals: list[Pedal] = Field(description="Of each instrument, in order of onset.")


class Summary(BaseModel):
    """A piece in a few numbers."""

    bars: int
    notes: int
    seconds: float
    tempo: float
    metre: str
    key: str | None
    instruments: list[str]


class Piece(Summary):
    """A piece that is kept."""

    id: Identifier
    title: str
    starred: bool
    created: str
    parent: Identifier | None = Field(description="The piece it was made of.")
    root: Identifier = Field(description="The first piece of its takes.")
    kind: Kind
    settings: dict[str, Any] = Field(description="The fields of its job that were given.")


class Pieces(BaseModel):
    pieces: list[Piece]
    next: int | None = Field(
        default=None, description="`before` of the next page; null on the last."
    )


class PieceChange(Given):
    title: Title | None = None
    starred: bool | None = None


class ParseRequest(Given):
    """Words to be understood."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"prompt": "a slow piano waltz in A minor"}]}
    )

    prompt: Text
    constraints: Constraints = []
    bars: Bars | None = None


class ParsedPrompt(BaseModel):
    """What words state exactly; null and empty where it is left to the model."""

    chips: list[Chip]
    tempo: float | None = None
    tempo_range: tuple[float, float] | None = None
    key: str | None = None
    metre: str | None = None
    instruments: list[str] = []
    only: bool = Field(default=False, description="Whether nothing else plays.")
    without: list[str] = []
    bars: int | None = Field(
        default=None, description="Length of the piece; null if the model decides."
    )
    seconds: float | None = None
    explained: list[Explained] = []
    problem: str | None = Field(default=None, description="Why nothing can be composed of this.")


class Captions(BaseModel):
    captions: list[str]
    facts: dict[str, Any]


class Evaluation(BaseModel):
    metrics: dict[str, float | None] = Field(description="By the names of `amadeus evaluate`.")
    alignment: dict[str, float] = Field(
        description="How it follows its prompt, 0 to 1, as far as that states anything."
    )


class InstrumentInfo(BaseModel):
    program: int
    name: str
    family: str


class Info(BaseModel):
    version: str
    model: str
    limits: dict[str, int]
    attributes: list[str]
    instruments: list[InstrumentInfo]
    files: list[str] = Field(examples=[["midi", "audio", "picture", "score"]])


class Health(BaseModel):
    status: Literal["ok", "stopping", "failed"]
    version: str
    running: int
    waiting: int
