"""Request bodies."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from amadeus.inference.candidates import DEFAULT_CANDIDATES
from amadeus.inference.request import MAX_GUIDANCE
from amadeus.inference.sampling import OPTIONS, Option
from amadeus.profile import Profile
from amadeus.profile.wording import MOST
from amadeus.text.profile_of_prompt import profile_settings
from amadeus.text.prompt import MAX_CHARACTERS

MAX_BARS = 100_000
MAX_TITLE = 200
MAX_NOTE_SELECTORS = 1024
"""Most notes or ranges of notes that an edit may name."""

Text = Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE)]
Names = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100)]], Field(max_length=32)
]
Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Bars = Annotated[int, Field(ge=1, le=MAX_BARS)]
Seed = Annotated[int, Field(ge=0, lt=2**53)]
Kind = Literal["compose", "continue", "edit", "import"]
ProfileText = Annotated[str, StringConstraints(max_length=1000)]
ProfileValues = Annotated[
    dict[
        Annotated[str, StringConstraints(max_length=60)],
        Annotated[float, Field(ge=0, le=MOST)]
        | Annotated[str, StringConstraints(max_length=300)]
        | None,
    ],
    Field(max_length=32),
]
Constraints = Annotated[
    list[Annotated[str, StringConstraints(max_length=500)]], Field(max_length=64)
]


class RequestModel(BaseModel):
    """Base of all request bodies."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Request(RequestModel):
    """The first fields of all jobs."""

    prompt: Text = Field(default="", description="Description of the music in words.")
    constraints: Constraints = Field(
        default=[], description="Further constraints, such as 'key: D dorian'."
    )
    seed: Seed | None = Field(
        default=None, description="The same seed gives the same piece. By default random."
    )
    guidance: Annotated[float, Field(ge=0, le=MAX_GUIDANCE)] | None = Field(
        default=None,
        description="Strength of the prompt: above 1 is stronger and takes twice the work; 0 "
        "ignores it.",
    )


def _field(option: Option) -> Any:
    """A type and a default for `create_model`."""
    kind = Annotated[option.kind, Field(**option.limits)] if option.limits else option.kind
    return kind | None, Field(default=None, description=option.help)


_SampledRequest: Any = create_model(
    "_SampledRequest",
    __base__=_Request,
    **{name: _field(option) for name, option in OPTIONS.items()},
)


class JobRequest(_SampledRequest):  # type: ignore[misc]
    """Fields common to all jobs."""

    title: Title | None = Field(default=None, description="Title of the new piece.")
    cancel_on_disconnect: bool = Field(
        default=False,
        description="Cancel the job when the last client following its events disconnects.",
    )

    def settings(self) -> dict[str, Any]:
        """The fields that affect the music and were set, as JSON values."""
        return self.model_dump(exclude_unset=True, exclude={"title", "cancel_on_disconnect"})

    def sampling(self) -> dict[str, Any]:
        """The sampling settings that were set, for the composer."""
        return self.model_dump(include={"guidance", *OPTIONS}, exclude_none=True)


class ProfileFields(RequestModel):
    """The profile to aim for; the model follows it, but it is not enforced."""

    profile: ProfileText | ProfileValues | None = Field(
        default=None,
        description="The profile as text or as values by name; null or 'open' leaves a value "
        "to the model.",
        examples=[{"chord changes per bar": 1, "spread of velocities": "wide", "mood": None}],
    )
    like: Identifier | None = Field(
        default=None, description="A piece whose profile supplies the values missing in `profile`."
    )
    fill_profile: bool = Field(
        default=True,
        description="Take missing values from a real piece with a similar profile.",
    )

    def profile_settings(self, like: Profile | None) -> dict[str, Any]:
        """Settings for the composer. like: the profile of the piece that `like` names.

        Raises ConfigError for an unknown name or value.
        """
        text = self.profile
        if isinstance(text, dict):
            values = {k: f"{x:.3f}" if isinstance(x, float) else x for k, x in text.items()}
            return {**profile_settings(values, like), "fill_profile": self.fill_profile}
        return {**profile_settings(text, like), "fill_profile": self.fill_profile}


class ComposeRequest(ProfileFields, JobRequest):
    """A new piece."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"prompt": "a slow piano waltz in A minor", "bars": 16},
                {"prompt": "jazz trio", "constraints": ["tempo: 90->120"], "seed": 7},
                {"prompt": "a jig", "profile": {"notes per bar": "busy"}, "bars": 8},
            ]
        }
    )

    bars: Bars | None = Field(
        default=None, description="Length in bars; by default the prompt's, or 16."
    )
    notes: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        default=None, description="Maximum number of notes."
    )
    tries: Annotated[int, Field(ge=1, le=8)] = Field(
        default=DEFAULT_CANDIDATES,
        description="Candidates for every phrase; the best one is continued.",
    )
    prompt_constraints: bool = Field(
        default=True, description="Enforce the values that the prompt states."
    )


class ContinueRequest(JobRequest):
    """New bars at the end of a piece."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"piece": "9b1d6a7c3e5f2048", "bars": 8}]}
    )

    piece: Identifier
    bars: Bars = Field(default=8, description="Number of bars to add.")
    from_bar: Annotated[int, Field(ge=2, le=10**6)] | None = Field(
        default=None,
        description="The first new bar; notes from there on are replaced. By default, new bars "
        "come after the last bar that sounds or that the file has.",
    )
    notes: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        default=None, description="Maximum number of notes."
    )
    tries: Annotated[int, Field(ge=1, le=8)] = Field(
        default=DEFAULT_CANDIDATES,
        description="Candidates for every phrase; the best one is continued.",
    )


class EditRequest(JobRequest):
    """A rewrite of part of a piece; the rest stays as it is."""

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
        default=None,
        description="First and last bar to change, counted from 1; null means to the end.",
    )
    parts: Names = Field(default=[], description="Instruments to change; all if empty.")
    add: Names = Field(
        default=[], description="Instruments to add; with `parts`, they replace those parts."
    )
    notes: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=100)]],
        Field(max_length=MAX_NOTE_SELECTORS),
    ] = Field(
        default=[],
        description="Notes to change, and no others: pitch, instrument and position as bar:beat.",
    )
    resample: Names = Field(default=[], description="Attributes to resample while the notes stay.")
    keep: Names = Field(
        default=[], description="Attributes to keep while the others are resampled."
    )
    vary: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Fraction of the notes to vary slightly."
    )
    tries: Annotated[int, Field(ge=1, le=8)] = Field(
        default=DEFAULT_CANDIDATES,
        description="Number of candidates; the one that best leads into what follows is kept.",
    )


class PieceChange(RequestModel):
    title: Title | None = None
    starred: bool | None = None


class ParseRequest(ProfileFields):
    """A prompt to parse."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"prompt": "a slow piano waltz in A minor"}]}
    )

    prompt: Text
    constraints: Constraints = []
    bars: Bars | None = None
    prompt_constraints: bool = Field(
        default=True, description="Enforce the values that the prompt states."
    )
    seed: Seed | None = Field(
        default=None, description="Seed of the piece; without it, the profile is not filled in."
    )
