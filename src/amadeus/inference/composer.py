"""The composer: scores in, scores out.

composer = amadeus.load_model("amadeus-small")
score = composer.generate("a slow piano waltz in A minor", bars=16, seed=1)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amadeus.control import Constraints
from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.unmasking import Order
from amadeus.errors import CheckpointError, ConfigError
from amadeus.inference.continuation import append_bars
from amadeus.inference.engine import compose
from amadeus.inference.request import Request
from amadeus.model import Amadeus
from amadeus.model.checkpoint import CONFIG, load_checkpoint
from amadeus.music.score import Score
from amadeus.text.prompt import PromptFacts, parse_prompt
from amadeus.tokens import decode, encode
from amadeus.tokens.vocabulary import Attribute, opens_bar

WEIGHTS = Path(__file__).parents[1] / "weights"
DEFAULT_MODEL = "amadeus-small"
DEFAULT_TOP_P = (1.0, 0.98, 0.98, 0.95, 0.9, 0.99, 0.98, 0.98)
"""Per attribute. Plain sampling lets a stray instrument in every few bars; with these, statistics
of unconditional pieces come closest to those of real ones (docs/log.md)."""
DEFAULT_BARS = 16
_BATCH_SIZE = 16

OnProgress = Callable[[int, int], None]
"""Called with the bars and the rows composed so far, of all pieces together, after every row."""


def available_models() -> list[str]:
    """Names of the models that come with the package."""
    return sorted(path.parent.name for path in WEIGHTS.glob(f"*/{CONFIG}"))


def load_model(
    name: str | os.PathLike[str] = DEFAULT_MODEL, *, device: str | torch.device = "cpu"
) -> Composer:
    """A composer with the weights of a packaged model, or of a checkpoint folder.

    Raises CheckpointError for a name that is neither.
    """
    packaged = WEIGHTS / name
    if Path(name).is_dir():
        return Composer(load_checkpoint(Path(name), device))
    if str(name) in available_models():
        return Composer(load_checkpoint(packaged, device))
    known = ", ".join(available_models()) or "none is packaged here"
    raise CheckpointError(
        f"there is no model {str(name)!r}; give the folder of a checkpoint or one of: {known}"
    )


class Composer:
    """A model that composes."""

    def __init__(self, model: Amadeus) -> None:
        """A piece longer than the model's context forgets its beginning."""
        self.model, self.context = model.eval(), model.config.context
        self._encode_text: Callable[[str], Tensor] | None = None

    def generate(
        self,
        prompt: str = "",
        *,
        bars: int | None = None,
        notes: int | None = None,
        seed: int = 0,
        prompt_constraints: bool = True,
        progress: OnProgress | None = None,
        **sampling: Any,
    ) -> Score:
        """A new piece.

        prompt: what it should be, in words. What they state exactly (tempo, key, metre,
        instruments, bars) holds, unless prompt_constraints is False; the rest is the model's
        reading.
        bars: its exact length; by default the prompt's, or 16, or with `notes`, the model's.
        notes: most notes, which ends the piece before its last bar if need be.
        seed: equal seeds give equal pieces.
        sampling: steps, temperature, top_p, order, as in `sampling_config`.

        Raises ConfigError for a setting that cannot work, or a prompt that contradicts itself.
        """
        return self.generate_many(
            1, prompt, bars=bars, notes=notes, seed=seed, prompt_constraints=prompt_constraints,
            progress=progress, **sampling,
        )[0]  # fmt: skip

    def generate_many(
        self,
        count: int,
        prompt: str = "",
        *,
        bars: int | None = None,
        notes: int | None = None,
        seed: int = 0,
        prompt_constraints: bool = True,
        progress: OnProgress | None = None,
        **sampling: Any,
    ) -> list[Score]:
        """Several new pieces at once, piece i of which is `generate(seed=seed + i)`."""
        if count < 1:
            raise ConfigError(f"count must be at least 1, got {count}")
        facts = parse_prompt(prompt) if prompt_constraints else PromptFacts()
        constraints = Constraints.from_prompt(facts)
        text = self._text_states(prompt) if prompt.strip() else None
        requests = [
            Request(
                num_bars=length_in_bars(facts, bars, notes), max_notes=notes, seed=seed + i,
                unmask=sampling_config(**sampling), text=text, constrain=constraints.apply(),
                bias=constraints.bias(),
            )
            for i in range(count)
        ]  # fmt: skip
        pieces = self.compose(requests, progress=progress)
        return [constraints.finish(decode(tokens)) for tokens in pieces]

    def continue_score(
        self,
        score: Score,
        *,
        bars: int = 8,
        notes: int | None = None,
        seed: int = 0,
        progress: OnProgress | None = None,
        **sampling: Any,
    ) -> Score:
        """The score with new bars after the bar of its last onset; what is given stays as it is.

        The settings are those of `generate`. Where a grid step is no whole number of ticks, all
        ticks are made shorter, which changes no time. Raises ScoreError for a score without notes.
        """
        prompt = encode(score)[:-1]
        request = Request(
            prompt=prompt, num_bars=bars, max_notes=notes, seed=seed,
            unmask=sampling_config(**sampling),
        )  # fmt: skip
        return append_bars(score, prompt, self.compose([request], progress=progress)[0])

    def compose(
        self, requests: Sequence[Request], *, progress: OnProgress | None = None
    ) -> list[np.ndarray]:
        """The tokens of every request, uint16 [N, A] each, a few at a time."""
        bars = rows = 0

        def on_row(_: int, row: np.ndarray) -> None:
            nonlocal bars, rows
            bars, rows = bars + int(opens_bar(row[Attribute.TYPE])), rows + 1
            if progress is not None:
                progress(bars, rows)

        pieces: list[np.ndarray] = []
        for first in range(0, len(requests), _BATCH_SIZE):
            batch = requests[first : first + _BATCH_SIZE]
            pieces += compose(self.model, batch, context=self.context, on_row=on_row)
        return pieces

    def _text_states(self, prompt: str) -> Tensor:
        """Token states of a prompt, [S, text_width]; the encoder is loaded when first needed."""
        if self._encode_text is None:
            from amadeus.text.encoder import PromptEncoder

            self._encode_text = PromptEncoder(self.model.config.max_text)
        return self._encode_text(prompt)


def sampling_config(
    steps: int = 8,
    temperature: float | tuple[float, ...] = 1.0,
    top_p: float | tuple[float, ...] = DEFAULT_TOP_P,
    order: Order = "confidence",
) -> UnmaskConfig:
    """How notes are drawn: the fields of `UnmaskConfig`, with our defaults."""
    return UnmaskConfig(num_steps=steps, temperature=temperature, top_p=top_p, order=order)


def length_in_bars(facts: PromptFacts, bars: int | None, notes: int | None) -> int | None:
    """Bars of a piece: those asked for, or the prompt's, or 16; None if only notes are limited."""
    if bars is None:
        bars = facts.num_bars
    return DEFAULT_BARS if bars is None and notes is None else bars
