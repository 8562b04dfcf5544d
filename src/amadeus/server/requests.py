"""What clients send: requests for jobs, and changes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from amadeus.inference.candidates import DEFAULT_CANDIDATES
from amadeus.inference.request import MAX_GUIDANCE
from amadeus.profile import Profile
from amadeus.profile.wording import MOST
from amadeus.text.profile_of_prompt import profile_settings
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


class Given(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class JobRequest(Given):
    """What every job takes."""

    prompt: Text = Field(default="", description="What it should be, in words.")
    constraints: Constraints = Field(
        default=[], description="What has to hold besides, as in 'key: D dorian'."
    )
    seed: Seed | None = Field(
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


class Profiled(Given):
    """What the music should be like; the model follows it, nothing enforces it."""

    profile: ProfileText | ProfileValues | None = Field(
        default=None,
        description="Values of the profile, as text or by name; null, or 'open', leaves a value "
        "open.",
        examples=[{"chord changes per bar": 1, "spread of velocities": "wide", "mood": None}],
    )
    like: Identifier | None = Field(
        default=None, description="A piece whose profile gives the values that `profile` does not."
    )
    fill_profile: bool = Field(
        default=True,
        description="Take what is left open from a real piece that is near to what is stated.",
    )

    def profile_settings(self, like: Profile | None) -> dict[str, Any]:
        """Settings of the composer. like: the profile of the piece that `like` names.

        Raises ConfigError for a name or a value that is unknown.
        """
        text = self.profile
        if isinstance(text, dict):
            values = {k: f"{x:.3f}" if isinstance(x, float) else x for k, x in text.items()}
            return {**profile_settings(values, like), "fill_profile": self.fill_profile}
        return {**profile_settings(text, like), "fill_profile": self.fill_profile}


class ComposeRequest(Profiled, JobRequest):
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

    bars: Bars | None = Field(default=None, description="Exact length; the prompt's, or 16.")
    notes: Annotated[int, Field(ge=1, le=10**6)] | None = Field(
        default=None, description="Most notes."
    )
    tries: Annotated[int, Field(ge=1, le=8)] = Field(
        default=DEFAULT_CANDIDATES,
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
        default=DEFAULT_CANDIDATES,
        description="Passages to compose; the one that leads on best is kept.",
    )


class PieceChange(Given):
    title: Title | None = None
    starred: bool | None = None


class ParseRequest(Profiled):
    """Words to be understood."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"prompt": "a slow piano waltz in A minor"}]}
    )

    prompt: Text
    constraints: Constraints = []
    bars: Bars | None = None
    prompt_constraints: bool = Field(
        default=True, description="Hold the music to what the prompt states exactly."
    )
    seed: Seed | None = Field(
        default=None, description="Of the piece; without it, nothing is filled into the profile."
    )
