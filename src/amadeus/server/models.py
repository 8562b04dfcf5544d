"""What is answered: jobs, pieces, and what is said of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from amadeus.server.requests import Identifier, Kind


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


class PieceProfile(BaseModel):
    """The profile that a piece is composed with, in words and numbers by name."""

    stated: dict[str, str] = Field(
        description="By the prompt, the constraints or the request.",
        examples=[{"key": "A minor", "metre": "3/4"}],
    )
    filled: dict[str, str] = Field(
        description="From a real piece that is near to what was stated.",
        examples=[{"notes per bar": "9.5"}],
    )


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
    profile: PieceProfile | None = Field(
        default=None, description="Null for edits, for new bars and for models without profiles."
    )
    changes: list[str] = Field(description="What an edit changes and locks, in words.")
    piece: Identifier | None = Field(
        description="The new piece, once it is done, or has failed for want of room on the disk."
    )
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
    profile: PieceProfile | None = Field(
        default=None, description="What it was composed with, if that was a profile."
    )


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
    saved: bool = Field(
        default=True, description="False while it is in memory for want of room on the disk."
    )


class Pieces(BaseModel):
    pieces: list[Piece]
    next: int | None = Field(
        default=None, description="`before` of the next page; null on the last."
    )


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
    profile: PieceProfile | None = Field(
        default=None, description="Null for a model without profiles, or where there is a problem."
    )
    problem: str | None = Field(default=None, description="Why nothing can be composed of this.")


class Captions(BaseModel):
    captions: list[str]
    facts: dict[str, Any]


class MeasuredProfile(BaseModel):
    """The profile of a piece, measured in its notes."""

    profile: dict[str, str] = Field(examples=[{"key": "A minor", "notes per bar": "9.5"}])


class Evaluation(BaseModel):
    metrics: dict[str, float | None] = Field(description="By the names of `amadeus evaluate`.")
    alignment: dict[str, float] = Field(
        description="How it follows its prompt, 0 to 1, as far as that states anything."
    )


class InstrumentInfo(BaseModel):
    program: int
    name: str
    family: str


class MeasureInfo(BaseModel):
    """A number of a profile."""

    name: str = Field(examples=["spread of velocities"])
    unit: str
    low: str = Field(description="A word for low values.", examples=["flat"])
    high: str = Field(description="A word for high values.", examples=["wide"])


class ProfileInfo(BaseModel):
    """What a profile may say, besides key, tempo, metre and instruments."""

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
