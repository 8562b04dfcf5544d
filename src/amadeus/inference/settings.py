"""Keyword arguments of the composer, typed once for every method that takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypedDict

from amadeus.control import Constraints
from amadeus.diffusion.unmasking import Order
from amadeus.profile import Profile

OnProgress = Callable[[int, int], None]
"""Called with the bars and the rows composed so far, of all pieces together, after every row."""


class SamplingSettings(TypedDict, total=False):
    """How notes are drawn; see `diffusion.UnmaskConfig` for the exact meaning."""

    steps: int
    """Most predictions per note, 1 to 8: fewer are faster."""
    threshold: float | None
    """Reveal in every step whatever has a value at least so likely; None for nothing more."""
    temperature: float | tuple[float, ...]
    """Below 1 is safer, above 1 bolder, 0 takes the likeliest; one, or one per attribute."""
    top_p: float | tuple[float, ...]
    """Draw from the likeliest values that together have this probability; as `temperature`."""
    order: Order
    """Which attribute of a note is drawn next."""
    fixed_order: tuple[str, ...]
    """All attributes, for order "fixed"."""


class RequestSettings(SamplingSettings, total=False):
    """What every request takes."""

    seed: int
    """Equal seeds and settings give equal music; 0 by default."""
    guidance: float
    """Above 1 the model follows the words more closely than it learned to, at twice the work; 0
    ignores them."""


class PieceSettings(RequestSettings, total=False):
    """What a new piece takes besides its prompt."""

    bars: int | None
    """Exact length; by default the prompt's, or 16, or with `notes`, the model's."""
    notes: int | None
    """Most notes, which ends a piece before its last bar if need be."""
    prompt_constraints: bool
    """Whether what a prompt states exactly (tempo, key, metre, instruments, bars) holds; True by
    default. The rest of a prompt is the model's reading."""
    constraints: Constraints | Sequence[Constraints] | None
    """What holds besides: in every piece, or in each its own."""
    tries: int
    """Candidates for the opening, of 2 bars; the most typical one (`inference.typicality`)
    continues. 1 takes the first."""
    profile: Profile | Sequence[Profile] | None
    """What the music should be like, beside what the prompts say, of all pieces or of each. The
    model follows it; nothing enforces it."""
    fill_profile: bool
    """Whether a real piece near to prompt, constraints and profile gives what these leave open;
    True by default."""
    leave_open: Sequence[str]
    """Values of the profile that stay open, even if they are stated or could be filled in."""
    guided_by: Sequence[str]
    """Values of the profile that guidance is about; all of it, and the words, by default."""


class ContinuationSettings(RequestSettings, total=False):
    """What new bars after a score take."""

    bars: int
    """How many; 8 by default."""
    notes: int | None
    """Most new notes."""
    prompt: str
    """Words that the model reads. A model with profiles continues with the profile of the score,
    but for what they state."""
    prompt_constraints: bool
    """Whether the new bars are held to what the prompt states exactly; True by default."""
    constraints: Constraints | None
    """What holds in the new bars, of which bar 1 is the first."""


class EditSettings(RequestSettings, total=False):
    """What an edit takes besides the change itself."""

    prompt: str
    """Words that the model reads. A model with profiles composes with the profile of the score,
    but for what they state."""
    prompt_constraints: bool
    """Whether what is composed is held to what the prompt states exactly, as far as the edit
    changes it; True by default."""
    constraints: Constraints | None
    """What holds for what is composed, in bars of the piece."""
    tries: int
    """Candidates for the passage, where something follows it; the one after which that is
    likeliest is kept."""
