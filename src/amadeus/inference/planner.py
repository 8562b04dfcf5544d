"""Planning: turns prompts and settings into pieces that are ready to be composed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from amadeus.control import Constraints
from amadeus.control.piece import Frame
from amadeus.control.plan import Plan
from amadeus.control.prompted import constraints_on_continuation
from amadeus.errors import ConfigError
from amadeus.inference.candidates import DEFAULT_CANDIDATES
from amadeus.inference.phrases import PiecePlan
from amadeus.inference.profile_plan import ProfilePlanner
from amadeus.inference.request import Request, Text
from amadeus.inference.sampling import SamplingSettings, sampling_config
from amadeus.inference.session import Model
from amadeus.music.grid import clip_end
from amadeus.music.score import Score
from amadeus.profile import Profile
from amadeus.profile.distance import POSITION
from amadeus.text.encoder import EncodePrompts, load_prompt_encoder
from amadeus.text.prompt import PromptFacts, parse_prompt
from amadeus.tokens import encode
from amadeus.tokens.rows import count_bars

if TYPE_CHECKING:
    from typing_extensions import Unpack

PROFILE_GUIDANCE = 2.0
"""Default strength of the guidance by the values of a profile that was asked for."""

_Each = TypeVar("_Each", Constraints, Profile)


class Planner:
    """Plans pieces for one model."""

    def __init__(self, model: Model, name: str) -> None:
        """name: what messages call the model."""
        self.profiles = ProfilePlanner(model, name)
        self._config = model.config
        self._encode_text: EncodePrompts | None = None

    def load_text_encoder(self) -> EncodePrompts:
        """The encoder of prompts, loaded once.

        Raises ConfigError if it needs a package that is missing.
        """
        if self._encode_text is None:
            config = self._config
            self._encode_text = load_prompt_encoder(
                config.text_encoder, config.max_text, config.text_width
            )
        return self._encode_text

    def new_pieces(
        self,
        prompts: Sequence[str],
        *,
        bars: int | None = None,
        notes: int | None = None,
        seed: int = 0,
        guidance: float | None = None,
        prompt_constraints: bool = True,
        constraints: Constraints | Sequence[Constraints] | None = None,
        tries: int = DEFAULT_CANDIDATES,
        profile: Profile | Sequence[Profile] | None = None,
        fill_profile: bool = True,
        leave_open: Sequence[str] = (),
        guided_by: Sequence[str] = (),
        **sampling: Unpack[SamplingSettings],
    ) -> list[PiecePlan]:
        """The plan of every piece; settings as in `PieceSettings`.

        Raises ConfigError as `Composer.generate_many`.
        """
        if not prompts:
            raise ConfigError("there is nothing to compose; give at least one prompt")
        stated = [parse_prompt(p) if prompt_constraints else PromptFacts() for p in prompts]
        held = _one_for_each(constraints, Constraints, "constraints", len(prompts))
        texts = self.text_states(prompts)
        unmask = sampling_config(**sampling)
        asked = _one_for_each(profile, Profile, "profiles", len(prompts))
        self.profiles.check(asked, (*leave_open, *guided_by))
        pieces = []
        for i, prompt in enumerate(prompts):
            # Without words, time signatures are left to the model.
            draws = prompt.strip() and "time_signature" not in leave_open
            draw = partial(self.profiles.draw, prompt, held[i], asked[i], texts[i], seed + i)
            frame = Frame(stated[i], held[i], bars, notes, draw if draws else None)
            plan = frame.plan()
            planned = self.profiles.plan(
                prompt, held[i], asked[i], texts[i],
                bars=plan.num_bars, seed=seed + i, fill=fill_profile, leave_open=leave_open,
            )  # fmt: skip
            strength, fields = guidance, guided_by
            if strength is None:
                # A profile that was asked for is followed more closely; the words stay as they are.
                fields = guided_by or tuple(asked[i].without((*POSITION, *leave_open)).stated)
                strength = PROFILE_GUIDANCE if fields else 1.0
            request = Request(
                num_bars=plan.num_bars, max_notes=notes, seed=seed + i, unmask=unmask,
                text=self.profiles.prefix(planned.profile, texts[i]),
                contrast=self.profiles.contrast(planned.profile, texts[i], fields),
                guidance=strength,
            )  # fmt: skip
            pieces.append(PiecePlan(request, plan, tries, stated[i], frame.constraints, planned))
        return pieces

    def continuation(
        self,
        score: Score,
        *,
        bars: int = 8,
        notes: int | None = None,
        seed: int = 0,
        prompt: str = "",
        guidance: float = 1.0,
        constraints: Constraints | None = None,
        prompt_constraints: bool = True,
        tries: int = DEFAULT_CANDIDATES,
        **sampling: Unpack[SamplingSettings],
    ) -> PiecePlan:
        """The plan of new bars after a score.

        Settings as in `ContinuationSettings`. Raises as `Composer.continue_score`.
        """
        given = encode(score, clip_end(score))[:-1]
        num_given = count_bars(given)
        held = constraints or Constraints()
        if prompt_constraints:
            held = constraints_on_continuation(prompt, held, bars)
        plan = Plan([*held], bars, notes, is_passage=True)
        text = self.prefix_within(given, prompt, held, bars=num_given + bars)
        request = Request(
            prompt=given, num_bars=bars, max_notes=notes, seed=seed,
            unmask=sampling_config(**sampling), text=text, guidance=guidance,
        )  # fmt: skip
        return PiecePlan(request, plan, tries, constraints=held)

    def prefix_within(
        self,
        rows: np.ndarray,
        prompt: str,
        constraints: Constraints,
        *,
        bars: int,
        joining: Sequence[int] = (),
    ) -> Text:
        """The prefix of a piece that gets new bars; see `ProfilePlanner`."""
        (text,) = self.text_states([prompt])
        return self.profiles.prefix_within(
            rows, prompt, constraints, text, bars=bars, joining=joining
        )

    def text_states(self, prompts: Sequence[str]) -> list[np.ndarray | None]:
        """Token states of each prompt, [S, text_width]; None for an empty one."""
        worded = list(dict.fromkeys(prompt for prompt in prompts if prompt.strip()))
        if not worded:
            return [None] * len(prompts)
        states = dict(zip(worded, self.load_text_encoder()(worded), strict=True))
        return [states.get(prompt) for prompt in prompts]


def _one_for_each(
    given: _Each | Sequence[_Each] | None, kind: type[_Each], name: str, pieces: int
) -> Sequence[_Each]:
    """The value of every piece, given a value for all or for each."""
    if given is None:
        return [kind()] * pieces
    if isinstance(given, kind):
        return [given] * pieces
    if isinstance(given, str):
        raise ConfigError(f"{given!r} is text; write {kind.__name__}({given!r})")
    each = cast("Sequence[_Each]", given)
    if len(each) != pieces:
        raise ConfigError(
            f"{len(each)} {name} do not go with {pieces} prompts; give one for all, or one for each"
        )
    return each
