"""Prompts to token states, which condition the generator: a frozen, pretrained encoder reads them.

all-MiniLM-L6-v2 comes with the package and needs neither torch nor transformers. Others are an
option: flan-t5-base, or the folder of any encoder that transformers knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from amadeus.errors import CheckpointError, ConfigError

MINILM = Path(__file__).parent / "minilm"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
MAX_TOKENS = 512
"""As many positions as MiniLM has."""
WIDTHS = {"minilm": 384, "flan-t5-base": 768}
"""Width of the token states of the encoders that go by a name."""

EncodePrompts = Callable[[Sequence[str]], list[np.ndarray]]
"""Prompts to the states of each, float32 [S, text_width], S the number of its tokens."""


def text_width(name: str) -> int:
    """Width of an encoder's token states.

    name: minilm, flan-t5-base or a folder. Raises ConfigError for anything else.
    """
    if name in WIDTHS:
        return WIDTHS[name]
    try:
        sizes = json.loads((Path(name) / "config.json").read_text(encoding="utf-8"))
        return int(sizes["d_model"] if "d_model" in sizes else sizes["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            f"text_encoder {name!r} is neither {' nor '.join(WIDTHS)} nor the folder of a text "
            "encoder, with its config.json; give one of them"
        ) from None


def load_prompt_encoder(name: str, max_tokens: int, width: int) -> EncodePrompts:
    """The encoder that a model was trained with.

    max_tokens: where longer prompts are cut. width: of the states that the model expects.
    Raises CheckpointError where it is not on this machine, or is another one.
    """
    if name == "minilm":
        return MiniLM(max_tokens)
    from amadeus.text.pretrained import PretrainedPrompts

    try:
        encode = PretrainedPrompts(name, max_tokens)
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"the text encoder {name} needs {error.name}; run: pip install 'amadeus-music[train]'"
        ) from None
    if encode.width != width:
        raise CheckpointError(
            f"the model was trained with token states of width {width}, those of {name} have "
            f"{encode.width}; name the encoder it was trained with in its config.json"
        )
    return encode


class MiniLM:
    """all-MiniLM-L6-v2 in ONNX Runtime."""

    def __init__(self, max_tokens: int) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(MINILM / TOKENIZER))
        self._tokenizer.enable_truncation(min(max_tokens, MAX_TOKENS))
        self._tokenizer.no_padding()
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Makes float32 of the stored weights once, when loading.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        self._session = onnxruntime.InferenceSession(
            MINILM / MODEL, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, prompts: Sequence[str]) -> list[np.ndarray]:
        """One by one, so that the states of a prompt do not depend on its company, bit for bit."""
        return [self._states(prompt) for prompt in prompts]

    def _states(self, prompt: str) -> np.ndarray:
        ids = np.array([self._tokenizer.encode(prompt).ids], dtype=np.int64)  # [1, S]
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return self._session.run(["states"], inputs)[0][0]  # [S, 384]
