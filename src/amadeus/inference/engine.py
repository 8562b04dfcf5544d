"""The engine in torch: cached, batched inference on any device, and where nothing is compiled.

`prefill` reads the rows that are given, `step` takes one more row of every slot, `predict` is the
note decoder; what becomes of the predictions is decided in `session`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from amadeus.inference.request import token_states
from amadeus.model import Amadeus
from amadeus.model.layers import rms_norm, rotate
from amadeus.model.note_generator import Block

_FIRST_CAPACITY = 256
_FEW = 4
"""Pieces up to which predictions cost a CPU more for their number than for their size."""


class Engine:
    """The network and its memory of B pieces.

    Positions count from the beginning of the text; row n of a piece with S text tokens is at S + n.
    """

    def __init__(self, model: Amadeus, texts: Sequence[np.ndarray | None], context: int) -> None:
        """texts: the caption of every piece that is there from the start, as in `admit`.

        context: most rows of a piece.
        """
        config, self.model = model.config, model
        weight = model.text_projection.weight
        self.device = weight.device
        self.texts: list[Tensor] = []
        self.blocks = cast("list[Block]", list(model.generator.blocks))
        slots, most_text = max(1, len(texts)), config.max_text
        shape = (2, slots, config.kv_heads, _FIRST_CAPACITY, config.width // config.heads)
        # One per layer, keys and values, [2, B, kv_heads, capacity, K]; zero where unwritten.
        self.cache = [weight.new_zeros(shape) for _ in range(config.layers)]
        positions = torch.arange(most_text + context, device=self.device)
        self.cos, self.sin = model.generator.positions(positions)  # [1, capacity, K / 2]
        self.lengths = np.zeros(0, dtype=np.int64)
        self.latents = weight.new_zeros(0, 1, config.width)
        self.theme_mask = torch.zeros(0, most_text + 1, dtype=torch.bool, device=self.device)
        width = config.decoder_width // config.decoder_heads
        self.theme = None
        if config.enhancement:
            self.theme = weight.new_zeros(2, 0, config.decoder_heads, most_text + 1, width)
        self.slots = weight.new_zeros(0)
        for text in texts:
            self.admit(text)

    @property
    def size(self) -> int:
        """The number of pieces, B."""
        return len(self.texts)

    @torch.inference_mode()
    def admit(self, text: np.ndarray | None) -> None:
        """Make room for one more piece, after the last one; `prefill` comes next.

        text: its caption, [S, text_width], or None. Raises ConfigError for one that does not fit.
        """
        states = torch.from_numpy(token_states(text, self.model.config))
        self.texts.append(states.to(self.device, self.latents.dtype))
        if self.size > (slots := self.cache[0].shape[1]):
            self.cache = [F.pad(cache, (0, 0) * 3 + (0, slots)) for cache in self.cache]
        self.lengths = np.append(self.lengths, 0)
        self.latents = F.pad(self.latents, (0, 0, 0, 0, 0, 1))
        self.theme_mask = F.pad(self.theme_mask, (0, 0, 0, 1))
        if self.theme is not None:
            self.theme = F.pad(self.theme, (0, 0) * 3 + (0, 1))

    @torch.inference_mode()
    def prefill(self, slot: int, rows: np.ndarray) -> None:
        """Read the text and the rows [N, A] of the piece in this slot, from the beginning."""
        text = self.model.text_projection(self.texts[slot])
        embedded = self.model.embedder(torch.from_numpy(rows).to(self.device))
        x = torch.cat([rms_norm(text), embedded])[None]  # [1, T, D]
        length = x.shape[1]
        self._reserve(length)
        cos, sin = self.cos[:, :length], self.sin[:, :length]
        for block, cache in zip(self.blocks, self.cache, strict=True):
            queries, keys, values = _project(block, x, cos, sin)
            cache[0, slot, :, :length], cache[1, slot, :, :length] = keys[0], values[0]
            x = x + block.attention.attend(queries, keys, values, causal=True)
            x = x + block.mlp(rms_norm(x))
        latents = rms_norm(x)
        self.lengths[slot] = length
        self.latents[slot] = latents[0, -1:]
        self._remember_theme(slot, latents[:, : len(text) + 1])

    @torch.inference_mode()
    def step(self, rows: np.ndarray) -> None:
        """Read one more row of every piece. rows: int64 [B, A]."""
        x = self.model.embedder(torch.from_numpy(rows).to(self.device)[:, None])  # [B, 1, D]
        positions = torch.from_numpy(self.lengths).to(self.device)  # [B]
        self.lengths = self.lengths + 1  # not in place: `positions` shares the memory
        longest = int(self.lengths.max())
        self._reserve(longest)
        cos, sin = self.cos[0, positions][:, None, None], self.sin[0, positions][:, None, None]
        slots = torch.arange(self.size, device=self.device)
        mask = None
        if (self.lengths < longest).any():
            seen = torch.arange(longest, device=self.device) <= positions[:, None]
            mask = seen[:, None, None]  # [B, 1, 1, T]
        for block, cache in zip(self.blocks, self.cache, strict=True):
            queries, keys, values = _project(block, x, cos, sin)
            cache[0, slots, :, positions] = keys[:, :, 0]
            cache[1, slots, :, positions] = values[:, :, 0]
            # The queries that share a key take the place of positions: no key is copied.
            mixed = F.scaled_dot_product_attention(
                queries.view(self.size, keys.shape[1], -1, keys.shape[-1]),
                cache[0, : self.size, :, :longest],
                cache[1, : self.size, :, :longest],
                attn_mask=mask,
            )
            x = x + block.attention.output(mixed.reshape(x.shape))
            x = x + block.mlp(rms_norm(x))
        self.latents = rms_norm(x)

    @torch.inference_mode()
    def enhance(self) -> None:
        """Turn the latent of every piece into the slots of its next row."""
        theme = None if self.theme is None else (self.theme[0], self.theme[1])
        self.slots = self.model.enhancement(self.latents, theme, self.theme_mask)[:, 0]

    @torch.inference_mode()
    def predict(
        self, values: np.ndarray, known: np.ndarray, places: np.ndarray | None = None
    ) -> np.ndarray:
        """Logits of the next row, float32 [M, A, V], for M states of what is known; see `unmask`.

        places: int [M], the slot of each state; by default one state for every slot.
        """
        logits = self.model.decoder(
            self.slots if places is None else self.slots[torch.from_numpy(places).to(self.device)],
            torch.from_numpy(values).to(self.device),
            torch.from_numpy(~known).to(self.device),
        )
        return logits.cpu().numpy()

    def looks_ahead(self, pieces: int) -> bool:
        """Whether it would rather predict seldom, for several states of each of so many pieces."""
        return self.device.type != "cpu" or pieces <= _FEW

    @torch.inference_mode()
    def retire(self, slot: int) -> None:
        """Forget the piece in this slot; the last one takes the place."""
        last = self.size - 1
        length = int(self.lengths[last])
        for cache in self.cache:
            cache[:, slot, :, :length] = cache[:, last, :, :length]
        for state in (self.lengths, self.latents, self.theme_mask, self.texts):
            state[slot] = state[last]
        self.lengths, self.latents = self.lengths[:last], self.latents[:last]
        self.theme_mask, self.texts = self.theme_mask[:last], self.texts[:last]
        if self.theme is not None:
            self.theme[:, slot] = self.theme[:, last]
            self.theme = self.theme[:, :last]

    def _reserve(self, length: int) -> None:
        """Double the cache until it holds this many positions."""
        while (capacity := self.cache[0].shape[3]) < length:
            self.cache = [F.pad(cache, (0, 0, 0, capacity)) for cache in self.cache]

    def _remember_theme(self, slot: int, memory: Tensor) -> None:
        """Keys and values of the theme. memory: [1, M, D]."""
        length = memory.shape[1]
        self.theme_mask[slot] = torch.arange(self.theme_mask.shape[1], device=self.device) < length
        theme = self.model.enhancement.theme(memory)
        if self.theme is not None and theme is not None:
            keys, values = theme
            self.theme[0, slot, :, :length], self.theme[1, slot, :, :length] = keys[0], values[0]


def _project(block: Block, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Turned queries and keys, and values, of x: [B, T, D]. Returns [B, H or kv_heads, T, K]."""
    normed = rms_norm(x)
    keys, values = block.attention.keys_values(normed)
    queries = rotate(block.attention.queries(normed), cos, sin)
    return queries, rotate(keys, cos, sin), values
