"""Composing with flat tokens, one piece at a time, under the same grammar.

A token determines its attribute, so skipped attributes keep their values: the probability that an
attribute keeps its value is that of all tokens of later attributes.
"""

from __future__ import annotations

import numpy as np
import torch

from amadeus.diffusion import unmask
from amadeus.experiments.decoders.flat import (
    FIRST_ALWAYS,
    NUM_TOKENS,
    OFFSETS,
    FlatAmadeus,
    flatten,
)
from amadeus.inference.request import PieceState, Request
from amadeus.inference.torch_engine import TorchEngine
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, SIZES

_STARTS = [*OFFSETS.tolist(), NUM_TOKENS]


@torch.inference_mode()
def compose_flat(model: FlatAmadeus, request: Request, context: int) -> np.ndarray:
    """The tokens of the whole piece as rows, uint16 [N, A]. context: most rows in the context.

    Attributes are sampled in their own order; that of `request.unmask` is ignored.
    """
    progress = PieceState(request, context)
    writer = _Writer(model, request, context)
    writer.read(progress.window.rows)
    while not progress.grammar.ended:
        noise, bias = progress.prepare()
        row = unmask(
            writer.predict, [progress.grammar], [request.unmask], noise[None], biases=[bias]
        )[0]
        writer.finish(row)
        progress.accept(row)
        if progress.window.moved_on:
            writer.read(progress.window.rows)
    return progress.tokens


class _Writer:
    """The engine, which reads token by token, and the attributes of this row that it has read."""

    def __init__(self, model: FlatAmadeus, request: Request, context: int) -> None:
        self.model = model
        self.engine = TorchEngine(model, [request.text], context * NUM_ATTRIBUTES)

    def read(self, rows: np.ndarray) -> None:
        """Start after rows [N, A]."""
        tokens = flatten(torch.from_numpy(rows)[None]).tokens[0]
        self.engine.prefill(0, tokens.numpy())
        self.before, self.done = rows[-1], 0

    def predict(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """As in `unmask`, for the next attribute in order; logits of later ones are approximate."""
        self._write(values[0], int(np.argmin(known[0])))
        tokens = self.model.head(self.engine.latents[0, 0]).numpy()  # [NUM_TOKENS]
        logits = np.full((1, NUM_ATTRIBUTES, max(SIZES)), -np.inf, dtype=np.float32)
        for a in range(self.done, NUM_ATTRIBUTES):
            logits[0, a, : SIZES[a]] = tokens[_STARTS[a] : _STARTS[a + 1]]
            if a < FIRST_ALWAYS:
                skipped = np.logaddexp.reduce(tokens[_STARTS[a + 1] :])
                logits[0, a, self.before[a]] = skipped
        return logits

    def finish(self, row: np.ndarray) -> None:
        """Take the whole row, [A]."""
        self._write(row, NUM_ATTRIBUTES)
        self.before, self.done = row, 0

    def _write(self, row: np.ndarray, until: int) -> None:
        """Feed the engine the attributes before `until` that it has not read."""
        for a in range(self.done, until):
            if a >= FIRST_ALWAYS or row[a] != self.before[a]:
                self.engine.step(np.array([_STARTS[a] + row[a]]))
        self.done = until
