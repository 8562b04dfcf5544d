"""The network for a GPU: the same weights with fewer and larger kernels.

Queries, keys and values become one product. All functions are pure functions of tensors, except
that they write to the caches.
"""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from amadeus.model import Amadeus
from amadeus.model.conditional_enhancement import ConditionalEnhancement
from amadeus.model.kv_cache import CachePositions, KVCache
from amadeus.model.layers import Attention, Block, Rotary, rms_norm, rotate
from amadeus.model.note_decoder import NoteDecoder
from amadeus.model.note_embedder import NoteEmbedder


def fused(model: Amadeus) -> Amadeus:
    """A copy of a network for decoding; it shares all weights that it does not rearrange."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    copy = deepcopy(model, shared)
    for network, kind in ((copy.generator, CachedAttention), (copy.decoder, FusedAttention)):
        for block in network.modules():
            if isinstance(block, Block):
                block.attention = kind(block.attention)
    if copy.enhancement.enhancement:
        copy.enhancement.among_slots = FusedAttention(copy.enhancement.among_slots)
    return copy


class FusedAttention(Attention):
    """Attention that projects queries, keys and values in one product."""

    inputs: Tensor
    """[(H + 2 kv_heads) K, D]."""

    def __init__(self, attention: Attention) -> None:
        nn.Module.__init__(self)
        self.heads, self.kv_heads = attention.heads, attention.kv_heads
        parts = (attention.query, attention.key, attention.value)
        self.register_buffer("inputs", torch.cat([part.weight.detach() for part in parts]))
        self.output = attention.output

    def project(self, x: Tensor, rotary: Rotary | None = None) -> tuple[Tensor, Tensor, Tensor]:
        heads = (self.heads, self.kv_heads, self.kv_heads)
        inputs = F.linear(x, self.inputs).unflatten(-1, (sum(heads), -1)).transpose(1, 2)
        if rotary is None:
            queries, keys, values = inputs.split(heads, dim=1)
            # Normalised separately: for both together, a compiler makes one kernel more.
            return rms_norm(queries), rms_norm(keys), values
        turned = rotate(rms_norm(inputs[:, : -self.kv_heads]), *rotary)  # queries and keys
        return turned[:, : self.heads], turned[:, self.heads :], inputs[:, -self.kv_heads :]


class CachedAttention(FusedAttention):
    """Attention that only works with a cache, one position at a time.

    The columns of its output are in the order in which attention leaves its heads in memory:
    [H / kv_heads, kv_heads]. This saves a copy.
    """

    def __init__(self, attention: Attention) -> None:
        super().__init__(attention)
        weight = attention.output.weight.detach()
        width = len(weight)
        columns = weight.unflatten(1, (self.kv_heads, -1, width // self.heads)).transpose(1, 2)
        self.output = nn.Linear(width, width, bias=False, device="meta")
        self.output.weight = nn.Parameter(columns.flatten(1), requires_grad=False)

    def merge_groups(self, mixed: Tensor) -> Tensor:
        return mixed.transpose(1, 2).reshape(len(mixed), 1, -1)


def embed(
    embedder: NoteEmbedder, rows: Tensor, positions: Tensor, cos: Tensor, sin: Tensor, capacity: int
) -> tuple[Tensor, Rotary, CachePositions]:
    """The next rows, int64 [B, A], at these positions, int64 [B], and what `read_block` needs.

    cos, sin: of all positions, [1, positions, K / 2]; capacity: positions in the caches.
    """
    x = embedder(rows[:, None])  # [B, 1, D]
    hidden = torch.arange(capacity, device=x.device) > positions[:, None]
    mask = torch.where(hidden, -torch.inf, 0.0).to(x.dtype)[:, None, None]
    slots = torch.arange(len(x), device=x.device)
    at = CachePositions(slots, positions[:, None], capacity, mask)
    return x, (cos[0, positions, None, None], sin[0, positions, None, None]), at


def read_block(
    block: Block, x: Tensor, rotary: Rotary, cache: KVCache, at: CachePositions
) -> Tensor:
    """One layer of the generator. x: [B, 1, D]. Same shape."""
    return block(x, rotary, causal=True, cache=cache, at=at)


def enhance(
    enhancement: ConditionalEnhancement,
    latents: Tensor,
    memory: tuple[Tensor, Tensor] | None,
    memory_mask: Tensor,
) -> Tensor:
    """The slots of the next rows, [B, A, E]. latents: [B, 1, D]."""
    return enhancement(latents, memory, memory_mask)[:, 0]


class Seen(NamedTuple):
    """The inputs of the decoder that do not depend on what is known of a row."""

    conditional: Tensor
    """[R, A, E] slots."""
    unconditional: Tensor | None
    """The same without the text, if any row is guided."""
    scales: Tensor
    """float32 [R], the guidance."""


def predict(decoder: NoteDecoder, seen: Seen, shown: Tensor) -> Tensor:
    """`NoteDecoder` with guidance. shown: int64 [R, A], `UNKNOWN` at [MASK].

    Returns logits, float32 [R, A, V]; those of values that an attribute lacks mean nothing.
    """
    inputs = torch.minimum(shown, decoder.masks)
    if seen.unconditional is None:
        return decoder.predict(seen.conditional, inputs)
    slots = torch.cat([seen.conditional, seen.unconditional])
    with_text, without = decoder.predict(slots, torch.cat([inputs, inputs])).chunk(2)
    return without + seen.scales[:, None, None] * (with_text - without)
