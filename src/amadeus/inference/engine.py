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
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

_FIRST_CAPACITY = 256
_FEW = 4
"""Pieces up to which predictions cost a CPU more for their number than for their size."""


class Engine:
    """The network and its memory of B pieces.

    Positions count from the beginning of the text; row n of a piece with S text tokens is at S + n.
    Memory is laid out for more slots and positions than are taken, and doubled where it is full.
    """

    reveals = False
    """Whether it draws rows from its predictions itself (`unmask`)."""
    goes_ahead = False
    """Whether it composes several rows by itself where there are no constraints (`compose`)."""

    def __init__(self, model: Amadeus, texts: Sequence[np.ndarray | None], context: int) -> None:
        """texts: the caption of every piece that is there from the start, as in `admit`.

        context: most rows of a piece.
        """
        config, self.model = model.config, model
        weight = model.text_projection.weight
        self.device = weight.device
        self.texts: list[Tensor] = []
        self.blocks = cast("list[Block]", list(model.generator.blocks))
        slots, most_text, self.most_rows = max(1, len(texts)), config.max_prefix, context
        shape = (2, slots, config.kv_heads, _FIRST_CAPACITY, config.width // config.heads)
        # One per layer, keys and values, [2, slots, kv_heads, capacity, K]; zero where unwritten.
        self.cache = [weight.new_zeros(shape) for _ in range(config.layers)]
        positions = torch.arange(most_text + context, device=self.device)
        self.cos, self.sin = model.generator.positions(positions)  # [1, most_text + context, K / 2]
        self.lengths = np.zeros(slots, dtype=np.int64)
        self.latents = weight.new_zeros(slots, 1, config.width)
        self.memory_mask = torch.zeros(slots, most_text + 1, dtype=torch.bool, device=self.device)
        heads = config.decoder_heads
        shape = (2, slots, heads, most_text + 1, config.decoder_width // heads)
        self.memory = weight.new_zeros(shape) if config.enhancement else None
        self.slots = weight.new_zeros(slots, NUM_ATTRIBUTES, config.decoder_width)
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
        if self.size > len(self.lengths):
            self._double_slots()
        self.lengths[self.size - 1] = 0

    @torch.inference_mode()
    def prefill(self, slot: int, rows: np.ndarray) -> None:
        """Read the text and the rows [N, A] of the piece in this slot, from the beginning."""
        text = self.model.text_projection(self.texts[slot])
        embedded = self.model.embedder(self._tensor(rows))
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
        self._write_memory(slot, latents[:, : len(text) + 1])

    @torch.inference_mode()
    def step(self, rows: np.ndarray) -> None:
        """Read one more row of every piece. rows: int64 [B, A]."""
        positions = self.lengths[: self.size].copy()
        longest = int(positions.max()) + 1
        self.lengths[: self.size] += 1
        self._reserve(longest)
        places = self._tensor(positions)
        mask = None
        if (positions + 1 < longest).any():
            mask = torch.arange(longest, device=self.device) <= places[:, None]
        self.latents[: self.size] = self.read(self._tensor(rows), places, longest, mask)

    def read(self, rows: Tensor, positions: Tensor, width: int, mask: Tensor | None) -> Tensor:
        """Remember a row of every piece, and give its latents, [B, 1, D].

        rows: int [B, A]; positions: int [B]; width: positions that are looked at;
        mask: bool [B, width], those that each piece has, or None for all.
        """
        x = self.model.embedder(rows[:, None])  # [B, 1, D]
        size = len(rows)
        cos, sin = self.cos[0, positions][:, None, None], self.sin[0, positions][:, None, None]
        slots = torch.arange(size, device=self.device)
        seen = None if mask is None else mask[:, None, None]  # [B, 1, 1, T]
        for block, cache in zip(self.blocks, self.cache, strict=True):
            queries, keys, values = _project(block, x, cos, sin)
            cache[0, slots, :, positions] = keys[:, :, 0]
            cache[1, slots, :, positions] = values[:, :, 0]
            # The queries that share a key take the place of positions: no key is copied.
            mixed = F.scaled_dot_product_attention(
                queries.view(size, keys.shape[1], -1, keys.shape[-1]),
                cache[0, :size, :, :width],
                cache[1, :size, :, :width],
                attn_mask=seen,
            )
            x = x + block.attention.output(mixed.reshape(x.shape))
            x = x + block.mlp(rms_norm(x))
        return rms_norm(x)

    @torch.inference_mode()
    def enhance(self) -> None:
        """Turn the latent of every piece into the slots of its next row."""
        self.slots[: self.size] = self.enhanced(self.size)

    def enhanced(self, size: int) -> Tensor:
        """The slots of the next rows of the first `size` pieces, [B, A, E]."""
        memory = None if self.memory is None else (self.memory[0, :size], self.memory[1, :size])
        return self.model.enhancement(self.latents[:size], memory, self.memory_mask[:size])[:, 0]

    @torch.inference_mode()
    def predict(
        self, values: np.ndarray, known: np.ndarray, places: np.ndarray | None = None
    ) -> np.ndarray:
        """Logits of the next row, float32 [M, A, V], for M states of what is known; see `unmask`.

        places: int [M], the slot of each state; by default one state for every slot.
        """
        logits = self.model.decoder(
            self.slots[: self.size] if places is None else self.slots[self._tensor(places)],
            self._tensor(values),
            self._tensor(~known),
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
        for state in (self.lengths, self.latents, self.memory_mask, self.texts):
            state[slot] = state[last]
        if self.memory is not None:
            self.memory[:, slot] = self.memory[:, last]
        self.texts.pop()

    def _reserve(self, length: int) -> None:
        """Double the cache until it holds this many positions."""
        while (capacity := self.cache[0].shape[3]) < length:
            self.cache = [F.pad(cache, (0, 0, 0, capacity)) for cache in self.cache]

    def _double_slots(self) -> None:
        """Twice as much room for pieces."""
        slots = len(self.lengths)
        self.lengths = np.pad(self.lengths, (0, slots))
        self.cache = [F.pad(cache, (0, 0) * 3 + (0, slots)) for cache in self.cache]
        self.latents = F.pad(self.latents, (0, 0) * 2 + (0, slots))
        self.slots = F.pad(self.slots, (0, 0) * 2 + (0, slots))
        self.memory_mask = F.pad(self.memory_mask, (0, 0, 0, slots))
        if self.memory is not None:
            self.memory = F.pad(self.memory, (0, 0) * 3 + (0, slots))

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device)

    def _write_memory(self, slot: int, memory: Tensor) -> None:
        """Store the keys and values of a piece's memory. memory: [1, M, D]."""
        length = memory.shape[1]
        self.memory_mask[slot] = (
            torch.arange(self.memory_mask.shape[1], device=self.device) < length
        )
        keys_values = self.model.enhancement.memory_keys_values(memory)
        if self.memory is not None and keys_values is not None:
            keys, values = keys_values
            self.memory[0, slot, :, :length], self.memory[1, slot, :, :length] = keys[0], values[0]


def _project(block: Block, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Turned queries and keys, and values, of x: [B, T, D]. Returns [B, H or kv_heads, T, K]."""
    normed = rms_norm(x)
    keys, values = block.attention.keys_values(normed)
    queries = rotate(block.attention.queries(normed), cos, sin)
    return queries, rotate(keys, cos, sin), values
