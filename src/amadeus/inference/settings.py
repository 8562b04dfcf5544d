"""Keyword arguments of the composer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amadeus.control import Constraints
from amadeus.inference.sampling import SamplingSettings
from amadeus.profile import Profile

OnProgress = Callable[[int, int], None]
"""Called with the bars and the rows composed so far, of all pieces together, after every row."""


class RequestSettings(SamplingSettings, total=False):
    """Settings of all requests."""

    seed: int
    """Equal seeds and settings give equal music; 0 by default."""
    guidance: float
    """Above 1 the model follows the words more closely, which takes twice the work; 0 ignores
    them. By default 1, but 2 by the values of `profile` if one is given."""


class PieceSettings(RequestSettings, total=False):
    """Settings of a new piece."""

    bars: int | None
    """Exact length; by default the prompt's, or 16, or with `notes`, the model's."""
    notes: int | None
    """Maximum number of notes; the piece may end before its last bar."""
    prompt_constraints: bool
    """Whether the exact values in a prompt (tempo, key, time signature, instruments, bars) are
    enforced; True by default. The rest of the prompt is left to the model."""
    constraints: Constraints | Sequence[Constraints] | None
    """Further constraints, for all pieces or for each."""
    tries: int
    """Candidates for every phrase of 4 bars; the piece continues with the one that the critic
    (`amadeus.critic`) finds most like real music. 1 composes the piece in one go."""
    profile: Profile | Sequence[Profile] | None
    """The profile to aim for, of all pieces or of each. The model follows it, but it is not
    enforced."""
    fill_profile: bool
    """Whether to take missing values from a real piece with a similar profile; True by default."""
    leave_open: Sequence[str]
    """Values of the profile that are left to the model, even if they are stated."""
    guided_by: Sequence[str]
    """Values of the profile that guidance strengthens; by default all of them and the words."""


class ContinuationSettings(RequestSettings, total=False):
    """Settings of new bars after a score."""

    bars: int
    """Number of bars; 8 by default."""
    notes: int | None
    """Maximum number of new notes."""
    prompt: str
    """Words for the model. A model with profiles takes the values that they do not state from the
    score."""
    prompt_constraints: bool
    """Enforce what the prompt states exactly in the new bars; True by default."""
    constraints: Constraints | None
    """Constraints on the new bars; bar 1 is the first new bar."""
    tries: int
    """Candidates for every phrase, as in `PieceSettings`."""


class EditSettings(RequestSettings, total=False):
    """Settings of an edit."""

    prompt: str
    """Words for the model. A model with profiles takes the values that they do not state from the
    score."""
    prompt_constraints: bool
    """Enforce what the prompt states exactly, as far as the edit changes it; True by default."""
    constraints: Constraints | None
    """Constraints on the new notes; bars are those of the piece."""
    tries: int
    """Candidates for the passage; the one that best leads into what follows is kept."""
