"""Response bodies: jobs, pieces, and information about them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from amadeus.server.requests import Identifier, Kind


class Chip(BaseModel):
    """A phrase of a prompt that was understood."""

    label: str = Field(examples=["tempo"])
    value: str = Field(examples=["60-70 BPM"])
    start: int
    end: int
    text: str = Field(examples=["slow"])


class Explained(BaseModel):
    """A constraint, its source, and its hard and soft parts."""

    constraint: str
    source: str
    hard: str
    soft: str


class PieceProfile(BaseModel):
    """The profile that a piece is composed with: values by name."""

    stated: dict[str, str] = Field(
        description="Values from the prompt, the constraints or the request.",
        examples=[{"key": "A minor", "metre": "3/4"}],
    )
    filled: dict[str, str] = Field(
        description="Values from a real piece with a similar profile.",
        examples=[{"notes per bar": "9.5"}],
    )


class Progress(BaseModel):
    """Progress of a job."""

    bars: int = 0
    notes: int = 0
    of_bars: int | None = Field(
        default=None, description="Total number of bars; null if the model decides."
    )


class Fault(BaseModel):
    """An error."""

    code: str = Field(examples=["invalid"])
    message: str = Field(examples=["the prompt states two keys: 'A minor' and 'C major'"])


class FieldFault(BaseModel):
    """An invalid field of a request."""

    path: str = Field(examples=["body.bars"])
    message: str


class RequestFault(Fault):
    """The error of a refused request."""

    fields: list[FieldFault] = []


class ErrorResponse(BaseModel):
    """The response body of every error."""

    error: RequestFault


class JobStatus(BaseModel):
    """The status of a job."""

    id: Identifier
    kind: Literal["compose", "continue", "edit"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    created: str
    position: int = Field(description="Number of jobs that start before it; 0 unless it is queued.")
    progress: Progress
    seed: int
    understood: list[Chip] = Field(description="Phrases of the prompt that are enforced.")
    explained: list[Explained] = Field(description="All constraints on the music.")
    profile: PieceProfile | None = Field(
        default=None,
        description="Null for edits, continuations and models without profiles.",
    )
    changes: list[str] = Field(description="What an edit changes and keeps, in words.")
    piece: Identifier | None = Field(
        description="The new piece, if the job is done or failed only because the disk is full."
    )
    error: Fault | None = None


class Jobs(BaseModel):
    jobs: list[JobStatus]


class Note(BaseModel):
    """A note; times are in quarter notes and seconds from the start of the piece."""

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
    chord: str = Field(description="The current chord; empty if there is none.", examples=["Am"])
    tempo: float = Field(description="Tempo at the onset, in quarter notes per minute.")
    track: int | None = Field(default=None, description="Null during composition.")


class Bar(BaseModel):
    """The start of a bar."""

    bar: int = Field(description="Counted from 1.")
    onset: float
    onset_seconds: float
    quarters: float | None = Field(
        default=None, description="Length of the bar; null during composition."
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
    """A movement of an instrument's sustain pedal."""

    onset: float
    onset_seconds: float
    value: int = Field(ge=0, le=127, description="64 and above means down.")
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
    """All notes and other events of a piece, for drawing and playing it."""

    piece: Identifier
    quarters: float
    seconds: float
    tracks: list[TrackInfo]
    notes: list[Note]
    bars: list[Bar]
    tempos: list[TempoChange]
    chords: list[ChordChange]
    pedals: list[Pedal] = Field(description="Pedal movements of each instrument, by onset.")


class Summary(BaseModel):
    """A piece in a few numbers."""

    bars: int
    notes: int
    seconds: float
    tempo: float
    metre: str
    key: str | None
    instruments: list[str]
    profile: PieceProfile | None = Field(
        default=None, description="The profile it was composed with, if any."
    )
    notices: list[str] = Field(
        default=[], description="What was repaired or passed over in reading its file."
    )


class Piece(Summary):
    """A stored piece."""

    id: Identifier
    title: str
    starred: bool
    created: str
    parent: Identifier | None = Field(description="The piece it was made from.")
    root: Identifier = Field(description="The first of its takes.")
    kind: Kind
    settings: dict[str, Any] = Field(description="The fields set in the request for its job.")
    saved: bool = Field(
        default=True, description="False if it is only in memory because the disk is full."
    )


class Pieces(BaseModel):
    pieces: list[Piece]
    next: int | None = Field(
        default=None, description="Value of `before` for the next page; null on the last page."
    )


class ParsedPrompt(BaseModel):
    """What a prompt states; fields are null or empty if the model decides."""

    chips: list[Chip]
    tempo: float | None = None
    tempo_range: tuple[float, float] | None = None
    key: str | None = None
    metre: str | None = None
    form: str | None = Field(default=None, examples=["A:8 B:8 A:8"])
    instruments: list[str] = []
    only: bool = Field(default=False, description="Whether no other instruments play.")
    without: list[str] = []
    bars: int | None = Field(
        default=None, description="Length of the piece; null if the model decides."
    )
    seconds: float | None = None
    not_understood: list[str] = Field(
        default=[], description="What looks like an instruction and was not understood."
    )
    explained: list[Explained] = []
    profile: PieceProfile | None = Field(
        default=None, description="Null for models without profiles, or if there is a problem."
    )
    problem: str | None = Field(default=None, description="Why no piece can be composed from this.")


class Captions(BaseModel):
    captions: list[str]
    facts: dict[str, Any]


class MeasuredProfile(BaseModel):
    """The profile of a piece, measured from its notes."""

    profile: dict[str, str] = Field(examples=[{"key": "A minor", "notes per bar": "9.5"}])


class Evaluation(BaseModel):
    metrics: dict[str, float | None] = Field(
        description="Values of the metrics of `amadeus evaluate`."
    )
    alignment: dict[str, float] = Field(
        description="How well it follows each value its prompt states, from 0 to 1."
    )


class InstrumentInfo(BaseModel):
    program: int
    name: str
    family: str


class MeasureInfo(BaseModel):
    """A measured value of a profile."""

    name: str = Field(examples=["spread of velocities"])
    unit: str
    low: str = Field(description="Word for low values.", examples=["flat"])
    high: str = Field(description="Word for high values.", examples=["wide"])


class ProfileInfo(BaseModel):
    """What a profile may contain besides key, tempo, time signature and instruments."""

    measures: list[MeasureInfo]
    labels: dict[str, list[str]] = Field(description="Genres, forms and moods.")


class Info(BaseModel):
    version: str
    model: str
    profile: ProfileInfo | None = Field(description="Null for a model without profiles.")
    limits: dict[str, int]
    attributes: list[str]
    instruments: list[InstrumentInfo]
    files: list[str] = Field(examples=[["midi", "audio", "picture", "score"]])


class Health(BaseModel):
    status: Literal["ok", "stopping", "failed"]
    version: str
    running: int
    waiting: int
