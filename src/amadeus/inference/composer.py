"""The composer: scores in, scores out.

composer = amadeus.load_model("amadeus-small")
score = composer.generate("a slow piano waltz in A minor", bars=16, seed=1)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from amadeus.control import Constraints, Control
from amadeus.control.finish import finish
from amadeus.control.piece import plan_piece
from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.unmasking import Order
from amadeus.errors import ConfigError
from amadeus.inference.composition import compose
from amadeus.inference.continuation import append_bars
from amadeus.inference.native import NativeNetwork, fits
from amadeus.inference.request import Request
from amadeus.model.checkpoint_files import read_sizes, read_weights
from amadeus.model.packaged import DEFAULT_MODEL, find_checkpoint
from amadeus.music.score import Score
from amadeus.text.encoder import EncodePrompts, load_prompt_encoder
from amadeus.text.prompt import PromptFacts, parse_prompt
from amadeus.tokens import decode, encode
from amadeus.tokens.vocabulary import Attribute, opens_bar

if TYPE_CHECKING:
    import torch

    from amadeus.inference.composition import Model

DEFAULT_TOP_P = (1.0, 0.98, 0.98, 0.95, 0.9, 0.99, 0.98, 0.98)
"""Per attribute. Plain sampling lets a stray instrument in every few bars; with these, statistics
of unconditional pieces come closest to those of real ones (docs/log.md)."""
_BATCH_SIZE = 16

OnProgress = Callable[[int, int], None]
"""Called with the bars and the rows composed so far, of all pieces together, after every row."""


def load_model(
    name: str | os.PathLike[str] = DEFAULT_MODEL, *, device: str | torch.device = "cpu"
) -> Composer:
    """A composer with the weights of a packaged model, or of a checkpoint folder.

    On the CPU it runs in the compiled core, with weights of a byte each, where there is one;
    elsewhere in torch. Raises CheckpointError for a name that is neither.
    """
    folder = find_checkpoint(name)
    if str(device) == "cpu" and fits(sizes := read_sizes(folder)):
        from safetensors.numpy import load_file

        return Composer(NativeNetwork(sizes, read_weights(folder, sizes, load_file)))
    from amadeus.model.checkpoint import load_checkpoint

    return Composer(load_checkpoint(folder, device).eval())


class Composer:
    """A model that composes."""

    def __init__(self, model: Model) -> None:
        """A piece longer than the model's context forgets its beginning."""
        self.model, self.context = model, model.config.context
        self._encode_text: EncodePrompts | None = None

    def generate(self, prompt: str = "", **settings: Any) -> Score:
        """A new piece; the settings are those of `generate_many`."""
        return self.generate_many([prompt], **settings)[0]

    def generate_many(
        self,
        prompts: Sequence[str],
        *,
        bars: int | None = None,
        notes: int | None = None,
        seed: int = 0,
        guidance: float = 1.0,
        prompt_constraints: bool = True,
        constraints: Constraints | None = None,
        progress: OnProgress | None = None,
        **sampling: Any,
    ) -> list[Score]:
        """New pieces, several at once; piece i is `generate(prompts[i], seed=seed + i)`.

        prompts: what each should be, in words; "" leaves it to the model. What they state exactly
        (tempo, key, metre, instruments, bars) holds, unless prompt_constraints is False; the rest
        is the model's reading.
        bars: exact length; by default the prompt's, or 16, or with `notes`, the model's.
        notes: most notes, which ends a piece before its last bar if need be.
        seed: equal seeds give equal pieces.
        guidance: above 1 the model leans further towards the words than it learned to, at twice
        the work; 0 ignores them.
        constraints: what holds in every piece, besides what its prompt states.
        sampling: steps, temperature, top_p, order, as in `sampling_config`.

        Raises ConfigError for a setting that cannot work, and before anything is composed, for
        prompts and constraints that contradict themselves or each other.
        """
        if not prompts:
            raise ConfigError("there is nothing to compose; give at least one prompt")
        facts = [parse_prompt(p) if prompt_constraints else PromptFacts() for p in prompts]
        plans = [plan_piece(stated, constraints or Constraints(), bars, notes) for stated in facts]
        texts = self._text_states(prompts)
        requests = [
            Request(
                num_bars=plan.num_bars, max_notes=notes, seed=seed + i,
                unmask=sampling_config(**sampling), text=texts[i], guidance=guidance,
                constrain=Control(plan),
            )
            for i, plan in enumerate(plans)
        ]  # fmt: skip
        pieces = self.compose(requests, progress=progress)
        return [finish(decode(tokens), plan) for tokens, plan in zip(pieces, plans, strict=True)]

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

    def _text_states(self, prompts: Sequence[str]) -> list[np.ndarray | None]:
        """Token states of each prompt, [S, text_width]; None for an empty one.

        The encoder is loaded when it is first needed.
        """
        worded = list(dict.fromkeys(prompt for prompt in prompts if prompt.strip()))
        if not worded:
            return [None] * len(prompts)
        if self._encode_text is None:
            config = self.model.config
            self._encode_text = load_prompt_encoder(
                config.text_encoder, config.max_text, config.text_width
            )
        states = dict(zip(worded, self._encode_text(worded), strict=True))
        return [states.get(prompt) for prompt in prompts]


def sampling_config(
    steps: int = 8,
    temperature: float | tuple[float, ...] = 1.0,
    top_p: float | tuple[float, ...] = DEFAULT_TOP_P,
    order: Order = "confidence",
) -> UnmaskConfig:
    """How notes are drawn: the fields of `UnmaskConfig`, with our defaults."""
    return UnmaskConfig(num_steps=steps, temperature=temperature, top_p=top_p, order=order)
