"""Planning the profile of a piece: what was stated, and the rest from a real piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from amadeus.control import Constraints
from amadeus.control.constraints import profile_of_constraints
from amadeus.control.piece import Drawn
from amadeus.errors import ConfigError
from amadeus.inference.prefix import prefix, profile_vectors
from amadeus.inference.request import Prefix, Text
from amadeus.profile import Part, Profile, measure_profile
from amadeus.profile.catalogue import CATALOGUE_ENCODER, embed, packaged_catalogue
from amadeus.profile.profile import MAX_PARTS
from amadeus.profile.wording import describe
from amadeus.text.profile_of_prompt import profile_of_prompt
from amadeus.text.prompt import PromptFacts, parse_prompt

if TYPE_CHECKING:
    from amadeus.inference.session import Model


@dataclass(frozen=True, slots=True)
class ProfilePlan:
    """The profile that a piece is composed with."""

    profile: Profile = field(default_factory=Profile)
    stated: frozenset[str] = frozenset()
    """Fields that the prompt, the constraints or the caller stated; a real piece gave the rest."""

    def to_dict(self) -> dict[str, dict[str, str]]:
        """What was "stated" and what was "filled" in, by the names of `wording.describe`."""
        values = describe(self.profile)
        given = describe(self.profile.without(set(self.profile.stated) - self.stated))
        return {
            "stated": {name: value for name, value in values.items() if name in given},
            "filled": {name: value for name, value in values.items() if name not in given},
        }


class ProfilePlanner:
    """Plans the profiles of pieces, and puts them before the rows as a model reads them."""

    def __init__(self, model: Model, name: str) -> None:
        """name: what messages call the model."""
        self.name = name
        self._vectors = profile_vectors(model)
        # The catalogue compares words as this encoder reads them.
        self._compares_words = model.config.text_encoder == CATALOGUE_ENCODER

    @property
    def has_profiles(self) -> bool:
        """Whether the model was trained with profiles."""
        return self._vectors is not None

    def check(self, asked: Sequence[Profile], fields: Sequence[str]) -> None:
        """Raises ConfigError where a model without profiles is asked for one.

        fields: values that are to stay open, or to be guided by.
        """
        if not self.has_profiles and (fields or any(profile.stated for profile in asked)):
            raise ConfigError(
                f"{self.name} has no profiles; leave out the profile and the piece to be like, "
                "or use a model that was trained with profiles"
            )

    def plan(
        self, prompt: str, held: Constraints, asked: Profile, text: np.ndarray | None, **how: Any
    ) -> ProfilePlan:
        """As `plan_profile`; nothing for a model without profiles."""
        if not self.has_profiles:
            return ProfilePlan()
        return plan_profile(prompt, held, asked, text if self._compares_words else None, **how)

    def draw(
        self, prompt: str, held: Constraints, asked: Profile, text: np.ndarray | None, seed: int
    ) -> Drawn:
        """Time signature and tempo of a real piece near to what is stated, for any model."""
        words = text if self._compares_words else None
        near = plan_profile(prompt, held, asked, words, bars=None, seed=seed, fill=True).profile
        usual = Drawn()
        return Drawn(near.time_signature or usual.time_signature, near.bpm or usual.bpm)

    def prefix_within(
        self,
        rows: np.ndarray,
        prompt: str,
        held: Constraints,
        text: np.ndarray | None,
        *,
        bars: int,
        joining: Iterable[int] = (),
    ) -> Text:
        """Profile and text for new bars of a piece that is there already.

        rows: tokens of the piece, [N, A]; bars: how many it will have; joining: values of the
        attribute `instrument` that are new to it.
        """
        if not self.has_profiles:
            return text
        return self.prefix(profile_within(rows, prompt, held, bars=bars, joining=joining), text)

    def prefix(self, profile: Profile, text: np.ndarray | None) -> Prefix | None:
        """Profile and text as `Request.text` takes them."""
        return prefix(self._vectors, profile, text)

    def contrast(
        self, profile: Profile, text: np.ndarray | None, fields: Sequence[str]
    ) -> Prefix | None:
        """What guidance by these fields leads away from: all but their values.

        None, which is nothing at all, without fields.
        """
        return self.prefix(profile.without(fields), text) if fields else None


def plan_profile(
    prompt: str,
    constraints: Constraints,
    asked: Profile,
    text: np.ndarray | None,
    *,
    bars: int | None,
    seed: int,
    fill: bool,
    leave_open: Sequence[str] = (),
) -> ProfilePlan:
    """The profile of a piece to be composed.

    asked: outweighs the constraints, which outweigh the prompt; text: token states of the prompt,
    [S, text_width].
    fill: take what is left open from a real piece that is near to it.
    leave_open: fields that stay open, whatever is stated or filled in.
    Raises ConfigError for a field that is unknown.
    """
    said = profile_of_prompt(prompt, _facts(prompt))
    said = said.with_values_of(profile_of_constraints(constraints)).with_values_of(asked)
    profile = given = said.without(leave_open)
    if fill:
        words = None if text is None else embed(text)
        filled = packaged_catalogue().complete(given, words, np.random.default_rng(seed))
        profile = filled.without(leave_open)
    profile = replace(profile, from_start=True, bars_left=bars)
    return ProfilePlan(profile, frozenset(given.stated))


def profile_within(
    rows: np.ndarray,
    prompt: str,
    constraints: Constraints,
    *,
    bars: int,
    joining: Iterable[int] = (),
) -> Profile:
    """The profile for new bars of a piece: its own, but for what prompt and constraints state.

    rows: tokens, [N, A]; bars: how many the piece will have, or those that the network sees.
    joining: values of the attribute `instrument` that are new to it.
    """
    profile = measure_profile(rows)
    playing = {part.instrument for part in profile.parts}
    new = tuple(Part(value) for value in joining if value not in playing)
    if new:
        parts = (*profile.parts[: MAX_PARTS - len(new)], *new)[:MAX_PARTS]
        profile = replace(profile, parts=parts, num_parts=(profile.num_parts or 0) + len(new))
    said = profile_of_prompt(prompt, _facts(prompt))
    said = said.with_values_of(profile_of_constraints(constraints))
    return replace(profile.with_values_of(said), bars_left=bars)


def _facts(prompt: str) -> PromptFacts:
    try:
        return parse_prompt(prompt)
    except ConfigError:  # without constraints a prompt may contradict itself
        return PromptFacts()
