"""The network for a GPU: what `model` computes for the next row, in fewer and larger kernels.

Queries, keys and values are one product, and are turned and remembered together. A layer hands on
what is to be added up instead of adding it, so that a compiler adds where the next one begins. All
are pure functions of tensors, but for the cache, which is written to.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from amadeus.model import Amadeus
from amadeus.model.layers import Attention, rms_norm, rotate
from amadeus.model.note_decoder import DecoderBlock
from amadeus.model.note_generator import Block


class AttentionWeights(NamedTuple):
    """Of an `Attention` that looks at what its queries are made of."""

    inputs: Tensor
    """[H + 2 kv_heads, K, D], queries, keys and values."""
    output: Tensor
    """[D, D]."""


class BlockWeights(NamedTuple):
    """Of an attention and the MLP after it."""

    attention: AttentionWeights
    up: Tensor
    """[ratio D, D]."""
    down: Tensor
    """[D, ratio D]."""


class DecoderWeights(NamedTuple):
    """Of a `NoteDecoder`."""

    table: Tensor
    """[all values and masks, E]."""
    offsets: Tensor
    """int64 [A], where an attribute's values begin."""
    masks: Tensor
    """int64 [A], the value that is its [MASK], above all others."""
    blocks: tuple[BlockWeights, ...]
    heads: Tensor
    """[A, E, V]."""


class EnhancementWeights(NamedTuple):
    """Of a `ConditionalEnhancement`."""

    spread: Tensor
    """[E, D]."""
    slots: Tensor
    """[A, E]."""
    among_slots: AttentionWeights | None
    memory_query: Tensor | None
    """[H, K, E]."""
    memory_output: Tensor | None
    """[E, E]."""


class Weights(NamedTuple):
    """Of an `Amadeus`, as they are needed here."""

    table: Tensor
    """[all values, D], of the `NoteEmbedder`."""
    offsets: Tensor
    """int64 [A], where an attribute's values begin."""
    blocks: tuple[BlockWeights, ...]
    decoder: DecoderWeights
    enhancement: EnhancementWeights


def weights_of(model: Amadeus) -> Weights:
    """The weights of a network; those of queries, keys and values are copied."""
    decoder, enhancement = model.decoder, model.enhancement
    enhanced = enhancement.enhancement
    return Weights(
        model.embedder.table.weight, model.embedder.offsets,
        tuple(_generator_block(cast("Block", block)) for block in model.generator.blocks),
        DecoderWeights(
            decoder.table.weight, decoder.offsets, decoder.masks,
            tuple(_block(cast("DecoderBlock", block)) for block in decoder.blocks), decoder.heads,
        ),
        EnhancementWeights(
            enhancement.spread.weight, enhancement.slots,
            _attention(enhancement.among_slots) if enhanced else None,
            _by_head(enhancement.to_theme, enhancement.to_theme.query) if enhanced else None,
            enhancement.to_theme.output.weight if enhanced else None,
        ),
    )  # fmt: skip


def _generator_block(block: Block) -> BlockWeights:
    """With the output's columns in the order of `read_block`: positions before the shared keys."""
    weights, kv_heads = _block(block), block.attention.kv_heads
    width = weights.attention.inputs.shape[1]
    output = weights.attention.output.unflatten(1, (kv_heads, -1, width)).transpose(1, 2).flatten(1)
    return weights._replace(attention=weights.attention._replace(output=output))


def _block(block: Block | DecoderBlock) -> BlockWeights:
    return BlockWeights(_attention(block.attention), block.mlp.up.weight, block.mlp.down.weight)


def _attention(attention: Attention) -> AttentionWeights:
    parts = (attention.query, attention.key, attention.value)
    inputs = torch.cat([_by_head(attention, part) for part in parts])
    return AttentionWeights(inputs, attention.output.weight)


def _by_head(attention: Attention, projection: torch.nn.Linear) -> Tensor:
    """[heads or kv_heads, K, D]."""
    width = attention.query.weight.shape[0] // attention.heads
    return projection.weight.unflatten(0, (-1, width))


Residual = tuple[Tensor, Tensor, Tensor]
"""[B, D] each, to be added up: what a layer reads, and what its two halves change."""


class Positions(NamedTuple):
    """Where the next row of every piece is read."""

    slots: Tensor
    """int64 [B], 0, 1, ..."""
    positions: Tensor
    """int64 [B]."""
    cos: Tensor
    """[B, 1, K / 2]; see `RotaryPositions`."""
    sin: Tensor
    mask: Tensor
    """What hides later positions from attention when it is added, [B, 1, 1, capacity]."""


def embed(
    weights: Weights, rows: Tensor, positions: Tensor, cos: Tensor, sin: Tensor, cache: Tensor
) -> tuple[Residual, Positions]:
    """`NoteEmbedder` for the next rows, int64 [B, A], at these positions, int64 [B].

    cos, sin: of all positions, [1, positions, K / 2]; cache: of any layer.
    """
    x = rms_norm(F.embedding(rows + weights.offsets, weights.table).sum(-2))
    hidden = torch.arange(cache.shape[3], device=x.device) > positions[:, None]
    mask = torch.where(hidden, -torch.inf, 0.0).to(x.dtype)[:, None, None]
    slots = torch.arange(len(x), device=x.device)
    at = Positions(slots, positions, cos[0, positions, None], sin[0, positions, None], mask)
    return (x, torch.zeros_like(x), torch.zeros_like(x)), at


def read_block(residual: Residual, weights: BlockWeights, cache: Tensor, at: Positions) -> Residual:
    """A layer of the generator for one more row of every piece, which the cache remembers.

    cache: [2, B, kv_heads, capacity, K].
    """
    x = residual[0] + residual[1] + residual[2]
    _, size, kv_heads, _, width = cache.shape
    inputs = F.linear(rms_norm(x), weights.attention.inputs.flatten(0, 1)).view(size, -1, width)
    turned = rotate(rms_norm(inputs[:, :-kv_heads]), at.cos, at.sin)  # queries and keys
    written = torch.cat([turned[:, -kv_heads:], inputs[:, -kv_heads:]], dim=1)
    cache[:, at.slots, :, at.positions] = written.view(size, 2, kv_heads, width)
    # The queries that share a key take the place of positions: no key is copied.
    mixed = F.scaled_dot_product_attention(
        turned[:, :-kv_heads].view(size, kv_heads, -1, width), cache[0], cache[1],
        attn_mask=at.mask,
    )  # fmt: skip
    # [B, kv_heads, H / kv_heads, K] lies in memory the other way round.
    attended = F.linear(mixed.transpose(1, 2).reshape(size, -1), weights.attention.output)
    return x, attended, _mlp(x + attended, weights)


def latents_of(residual: Residual) -> Tensor:
    """What the last layer hands on, as latents [B, 1, D]."""
    return rms_norm(residual[0] + residual[1] + residual[2])[:, None]


def predict(
    weights: DecoderWeights, slots: Tensor, shown: Tensor, unconditional: Tensor | None = None,
    scales: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """`NoteDecoder`, guided where there are slots without the text.

    slots, unconditional: [R, A, E]; shown: int64 [R, A], `UNKNOWN` at [MASK]; scales: float32 [R].
    Returns logits, float32 [R, A, V]; where an attribute lacks a value, they mean nothing.
    """
    x = slots if unconditional is None else torch.cat([slots, unconditional])
    shown = shown if unconditional is None else torch.cat([shown, shown])
    change = F.embedding(torch.minimum(shown, weights.masks) + weights.offsets, weights.table)
    for block in weights.blocks:
        x = x + change
        x = x + _attend(x, block.attention)
        change = _mlp(x, block)
    logits = torch.einsum("rae,aev->rav", rms_norm(x + change), weights.heads).float()
    if unconditional is None or scales is None:
        return logits
    with_text, without = logits.chunk(2)
    return without + scales[:, None, None] * (with_text - without)


def enhance(
    weights: EnhancementWeights, latents: Tensor, memory: Tensor | None, memory_mask: Tensor
) -> Tensor:
    """`ConditionalEnhancement` of the next rows. latents: [B, 1, D]. Returns slots [B, A, E].

    memory: [2, B, heads, M, K] keys and values; memory_mask: bool [B, M].
    """
    x = F.linear(latents, weights.spread) + weights.slots
    if weights.among_slots is None or weights.memory_query is None or memory is None:
        return x
    assert weights.memory_output is not None
    x = x + _attend(x, weights.among_slots)
    queries = F.linear(rms_norm(x), weights.memory_query.flatten(0, 1))
    queries = queries.unflatten(-1, weights.memory_query.shape[:2]).transpose(1, 2)
    mixed = F.scaled_dot_product_attention(
        rms_norm(queries), memory[0], memory[1], attn_mask=memory_mask[:, None, None]
    )
    return x + F.linear(mixed.transpose(1, 2).flatten(2), weights.memory_output)


def _attend(x: Tensor, weights: AttentionWeights) -> Tensor:
    """What the slots of a row, [R, A, E], tell each other. Same shape."""
    inputs = F.linear(rms_norm(x), weights.inputs.flatten(0, 1))
    inputs = inputs.unflatten(-1, (3, -1, weights.inputs.shape[1])).permute(2, 0, 3, 1, 4)
    queries, keys, values = inputs.unbind()  # [R, H, A, K]
    # One norm each: of both together, a compiler makes three kernels instead of two.
    mixed = F.scaled_dot_product_attention(rms_norm(queries), rms_norm(keys), values)
    return F.linear(mixed.transpose(1, 2).flatten(2), weights.output)


def _mlp(x: Tensor, weights: BlockWeights) -> Tensor:
    return F.linear(F.relu(F.linear(rms_norm(x), weights.up)).square(), weights.down)
