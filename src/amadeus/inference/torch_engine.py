"""The engine in PyTorch: cached, batched inference where there is no compiled core."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from amadeus.diffusion import guide, unmask, unmask_ahead
from amadeus.diffusion.lookahead import PredictStates
from amadeus.diffusion.unmasking import LogitBias
from amadeus.inference.engine import Engine, OpenPiece
from amadeus.inference.request import token_states
from amadeus.model import Amadeus
from amadeus.model.kv_cache import CachePositions, KVCache
from amadeus.model.layers import rms_norm
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

_FIRST_CAPACITY = 256
_FEW = 4
"""Up to this many pieces, a CPU is faster with fewer predictions of several states each."""


class TorchEngine(Engine):
    """The network and its state for B pieces; see `Engine` for the methods.

    Positions count from the beginning of the text; row n of a piece with S text tokens is at S + n.
    Caches have room for more slots and positions than are used, and are doubled when they are full.
    """

    def __init__(self, model: Amadeus, texts: Sequence[np.ndarray | None], context: int) -> None:
        """texts: the captions of the first pieces, as in `admit`. context: maximum rows of a
        piece."""
        config, self.model = model.config, model
        weight = model.text_projection.weight
        self.device = weight.device
        self.texts: list[Tensor] = []
        slots, most_text, self.most_rows = max(1, len(texts)), config.max_prefix, context
        head_width = config.width // config.heads
        self.caches = [
            KVCache(slots, config.kv_heads, _FIRST_CAPACITY, head_width, weight)
            for _ in range(config.layers)
        ]
        positions = torch.arange(most_text + context, device=self.device)
        self.cos, self.sin = model.generator.positions(positions)  # [1, most_text + context, K / 2]
        self.lengths = np.zeros(slots, dtype=np.int64)
        self.latents = weight.new_zeros(slots, 1, config.width)
        self.memory_mask = torch.zeros(slots, most_text + 1, dtype=torch.bool, device=self.device)
        heads, width = config.decoder_heads, config.decoder_width
        self.memory = (
            KVCache(slots, heads, most_text + 1, width // heads, weight)
            if config.enhancement
            else None
        )
        self.slots = weight.new_zeros(slots, NUM_ATTRIBUTES, config.decoder_width)
        for text in texts:
            self.admit(text)

    @property
    def size(self) -> int:
        return len(self.texts)

    @torch.inference_mode()
    def admit(self, text: np.ndarray | None) -> None:
        states = torch.from_numpy(token_states(text, self.model.config))
        self.texts.append(states.to(self.device, self.latents.dtype))
        if self.size > len(self.lengths):
            self._double_slots()
        self.lengths[self.size - 1] = 0

    @torch.inference_mode()
    def prefill(self, slot: int, rows: np.ndarray) -> None:
        text = self.model.text_projection(self.texts[slot])
        embedded = self.model.embedder(self._tensor(rows))
        x = torch.cat([rms_norm(text), embedded])[None]  # [1, T, D]
        length = x.shape[1]
        self._reserve(length)
        latents, _ = self.model.generator(
            x, (self.cos[:, :length], self.sin[:, :length]), self.caches, self._start(slot, length)
        )
        self.lengths[slot] = length
        self.latents[slot] = latents[0, -1:]
        self._write_memory(slot, latents[:, : len(text) + 1])

    @torch.inference_mode()
    def step(self, rows: np.ndarray) -> None:
        longest = int(self.lengths[: self.size].max()) + 1
        positions = self._tensor(self.lengths[: self.size].copy())
        self.lengths[: self.size] += 1
        self._reserve(longest)
        mask = None
        if (self.lengths[: self.size] < longest).any():
            mask = torch.arange(longest, device=self.device) <= positions[:, None]
            mask = mask[:, None, None]  # [B, 1, 1, T]
        slots = torch.arange(self.size, device=self.device)
        at = CachePositions(slots, positions[:, None], longest, mask)
        rotary = self.cos[0, positions][:, None, None], self.sin[0, positions][:, None, None]
        x = self.model.embedder(self._tensor(rows)[:, None])  # [B, 1, D]
        self.latents[: self.size], _ = self.model.generator(x, rotary, self.caches, at)

    @torch.inference_mode()
    def enhance(self) -> None:
        size = self.size
        memory = self.memory and self.memory.read(size, self.memory.capacity)
        slots = self.model.enhancement(self.latents[:size], memory, self.memory_mask[:size])
        self.slots[:size] = slots[:, 0]

    @torch.inference_mode()
    def predict(
        self, values: np.ndarray, known: np.ndarray, places: np.ndarray | None = None
    ) -> np.ndarray:
        logits = self.model.decoder(
            self.slots[: self.size] if places is None else self.slots[self._tensor(places)],
            self._tensor(values),
            self._tensor(~known),
        )
        return logits.cpu().numpy()

    def unmask(
        self, pieces: Sequence[OpenPiece], noise: np.ndarray, biases: Sequence[LogitBias | None]
    ) -> np.ndarray:
        grammars, configs, *places = zip(*pieces, strict=True)
        predict = self._predictor(*map(np.array, places))
        if self.device.type == "cpu" and len(pieces) > _FEW:
            predict_all = partial(predict, np.arange(len(pieces)))
            return unmask(predict_all, grammars, configs, noise, biases=biases)
        return unmask_ahead(predict, grammars, configs, noise, biases)

    def _predictor(
        self, conditional: np.ndarray, unconditional: np.ndarray, guidance: np.ndarray
    ) -> PredictStates:
        """Predictions for pieces in these slots, guided where they have an unconditional one."""
        scales = guidance.astype(np.float32)[:, None, None]

        def predict(of: np.ndarray, values: np.ndarray, known: np.ndarray) -> np.ndarray:
            guided = np.flatnonzero(unconditional[of] >= 0)
            states = np.concatenate([np.arange(len(of)), guided])
            slots = np.concatenate([conditional[of], unconditional[of[guided]]])
            with_text, without = np.split(
                self.predict(values[states], known[states], slots), [len(of)]
            )
            with_text[guided] = guide(with_text[guided], without, scales[of[guided]])
            return with_text

        return predict

    @torch.inference_mode()
    def retire(self, slot: int) -> None:
        last = self.size - 1
        for cache in self._all_caches():
            cache.move(last, slot)
        for state in (self.lengths, self.latents, self.memory_mask, self.texts):
            state[slot] = state[last]
        self.texts.pop()

    def _reserve(self, length: int) -> None:
        """Double the caches until they hold this many positions."""
        while self.caches[0].capacity < length:
            for cache in self.caches:
                cache.double_capacity()

    def _double_slots(self) -> None:
        """Make room for twice as many pieces."""
        slots = len(self.lengths)
        for cache in self._all_caches():
            cache.double_slots()
        self.lengths = np.pad(self.lengths, (0, slots))
        self.latents = F.pad(self.latents, (0, 0) * 2 + (0, slots))
        self.slots = F.pad(self.slots, (0, 0) * 2 + (0, slots))
        self.memory_mask = F.pad(self.memory_mask, (0, 0, 0, slots))

    def _all_caches(self) -> list[KVCache]:
        return self.caches if self.memory is None else [*self.caches, self.memory]

    def _start(self, slot: int, length: int) -> CachePositions:
        """The first positions of the piece in a slot."""
        positions = torch.arange(length, device=self.device)[None]
        return CachePositions(torch.tensor([slot], device=self.device), positions)

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device)

    def _write_memory(self, slot: int, memory: Tensor) -> None:
        """Store the keys and values of a piece's context memory. memory: [1, M, D]."""
        length = memory.shape[1]
        self.memory_mask[slot] = (
            torch.arange(self.memory_mask.shape[1], device=self.device) < length
        )
        keys_values = self.model.enhancement.memory_keys_values(memory)
        if self.memory is not None and keys_values is not None:
            self.memory.write(self._start(slot, length), *keys_values)
