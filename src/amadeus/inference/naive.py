"""Composing without a cache: slow, and plain enough to be seen to be right.

The engine must give the same pieces; a test says so.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from amadeus.diffusion import unmask
from amadeus.inference.request import Progress, Request
from amadeus.model import Amadeus


@torch.inference_mode()
def compose_naively(model: Amadeus, request: Request, context: int) -> np.ndarray:
    """The tokens of the whole piece, uint16 [N, A]. context: most rows seen at once."""
    progress = Progress(request, context)
    text = None if request.text is None else request.text[None]  # [1, S, text_width]
    text_lengths = None if text is None else torch.tensor([text.shape[1]])
    while not progress.grammar.ended:
        tokens = torch.from_numpy(progress.window.rows)[None]  # [1, N, A]
        seen = model.contextualize(tokens, text, text_lengths)
        slots = model.slots(seen, seen.latents[:, -1:])[:, 0]  # [1, A, E]

        def predict(values: np.ndarray, known: np.ndarray, slots: Tensor = slots) -> np.ndarray:
            return model.decoder(slots, torch.from_numpy(values), torch.from_numpy(~known)).numpy()

        noise = progress.prepare()[None]
        grammars, configs, biases = [progress.grammar], [request.unmask], [request.bias]
        progress.accept(unmask(predict, grammars, configs, noise, biases=biases)[0])
    return progress.tokens
