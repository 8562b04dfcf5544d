"""The composer: scores in, scores out.

composer = amadeus.load_model("amadeus-small")
score = composer.generate(bars=16, seed=1)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.unmasking import Order
from amadeus.errors import CheckpointError, ConfigError
from amadeus.inference.continuation import append_bars
from amadeus.inference.engine import compose
from amadeus.inference.request import Request
from amadeus.model import Amadeus
from amadeus.model.checkpoint import CONFIG, load_checkpoint
from amadeus.music.score import Score
from amadeus.tokens import decode, encode
from amadeus.tokens.vocabulary import Attribute, opens_bar

WEIGHTS = Path(__file__).parents[1] / "weights"
DEFAULT_MODEL = "amadeus-small"
DEFAULT_TOP_P = (0.99, 0.97, 0.95, 0.9, 0.8, 0.97, 0.97, 0.97)
"""Per attribute. Plain sampling lets a stray instrument in every few bars; with these, statistics
of unconditional pieces come closest to those of real ones (docs/log.md)."""
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

    def generate(
        self,
        *,
        bars: int | None = 16,
        notes: int | None = None,
        seed: int = 0,
        steps: int = 8,
        temperature: float | tuple[float, ...] = 1.0,
        top_p: float | tuple[float, ...] = DEFAULT_TOP_P,
        order: Order = "confidence",
        count: int = 1,
        progress: OnProgress | None = None,
    ) -> Score | list[Score]:
        """A new piece; a list of them if count is above 1, piece i of which has seed + i.

        bars: its exact length; None leaves the end to the model. notes: most notes, which ends the
        piece before its last bar if need be. The others: see `UnmaskConfig`.

        Raises ConfigError for a setting that cannot work.
        """
        if count < 1:
            raise ConfigError(f"count must be at least 1, got {count}")
        if bars is None and notes is None:
            raise ConfigError("a piece needs a length; set bars or notes")
        config = UnmaskConfig(num_steps=steps, order=order, temperature=temperature, top_p=top_p)
        requests = [
            Request(num_bars=bars, max_notes=notes, seed=seed + i, unmask=config)
            for i in range(count)
        ]
        scores = [decode(tokens) for tokens in self.compose(requests, progress=progress)]
        return scores if count > 1 else scores[0]

    def continue_score(
        self,
        score: Score,
        *,
        bars: int = 8,
        notes: int | None = None,
        seed: int = 0,
        steps: int = 8,
        temperature: float | tuple[float, ...] = 1.0,
        top_p: float | tuple[float, ...] = DEFAULT_TOP_P,
        order: Order = "confidence",
        progress: OnProgress | None = None,
    ) -> Score:
        """The score with new bars after the bar of its last onset; what is given stays as it is.

        Where a grid step is no whole number of ticks, all ticks are made shorter, which changes no
        time. Raises ScoreError for a score without notes.
        """
        config = UnmaskConfig(num_steps=steps, order=order, temperature=temperature, top_p=top_p)
        prompt = encode(score)[:-1]
        request = Request(prompt=prompt, num_bars=bars, max_notes=notes, seed=seed, unmask=config)
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
