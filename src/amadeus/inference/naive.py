"""Composing without a cache: slow but simple; tests compare the engines with it."""

from __future__ import annotations

import numpy as np
import torch

from amadeus.diffusion import guide, unmask
from amadeus.diffusion.unmasking import Predict
from amadeus.inference.request import PieceState, Request
from amadeus.model import Amadeus


@torch.inference_mode()
def compose_naively(model: Amadeus, request: Request, context: int) -> np.ndarray:
    """The tokens of the whole piece, uint16 [N, A]. context: maximum rows seen at once."""
    state = PieceState(request, context)
    while not state.grammar.ended:
        with_text = _predictor(model, state.window.rows, request.text)
        without = _predictor(model, state.window.rows, request.contrast)

        def predict(
            values: np.ndarray,
            known: np.ndarray,
            with_text: Predict = with_text,
            without: Predict = without,
        ) -> np.ndarray:
            logits = with_text(values, known)
            if not request.is_guided:
                return logits
            return guide(logits, without(values, known), request.guidance)

        noise, bias = state.prepare()
        row = unmask(predict, [state.grammar], [request.unmask], noise[None], biases=[bias])[0]
        state.accept(row)
    return state.tokens


def _predictor(model: Amadeus, rows: np.ndarray, text: np.ndarray | None) -> Predict:
    """Predictions of the row after rows [N, A]. text: [S, text_width] or None."""
    states = None if text is None else torch.as_tensor(text)[None]  # [1, S, text_width]
    text_lengths = None if text is None else torch.tensor([len(text)])
    seen = model.contextualize(torch.from_numpy(rows)[None], states, text_lengths)
    slots = model.slots(seen, seen.latents[:, -1:])[:, 0]  # [1, A, E]
    return lambda values, known: model.decoder(
        slots, torch.from_numpy(values), torch.from_numpy(~known)
    ).numpy()
