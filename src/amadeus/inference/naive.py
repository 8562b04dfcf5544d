"""Composing without a cache: slow but simple; tests compare the engines with it."""

from __future__ import annotations

import numpy as np
import torch

from amadeus.diffusion import guide, unmask
from amadeus.diffusion.unmasking import Predict
from amadeus.inference.request import PieceState, Request, Text, read_prefix
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


def _predictor(model: Amadeus, rows: np.ndarray, text: Text) -> Predict:
    """Predictions of the row after rows [N, A], with this prefix."""
    prefix = read_prefix(text, model.config)
    states, bias = (torch.from_numpy(array)[None] for array in prefix if array is not None)
    seen = model.contextualize(
        torch.from_numpy(rows)[None], states, torch.tensor([len(prefix.states)])
    )
    slots = model.slots(seen, seen.latents[:, -1:], bias)[:, 0]  # [1, A, E]
    return lambda values, known: model.decoder(
        slots, torch.from_numpy(values), torch.from_numpy(~known)
    ).numpy()
