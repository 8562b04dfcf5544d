"""A baseline: our generator with a decoder that writes a note's attributes one after another.

The second level of SkyTNT's midi-model, in our sizes: a small causal Llama, with as many parameters
as our note decoder and its enhancement, starts from the generator's latent and has a cache of its
own for the attributes of a note. Its weights are random; what counts is the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from amadeus.benchmark.engines import scales
from amadeus.benchmark.llama import llama
from amadeus.benchmark.networks import Network
from amadeus.benchmark.timing import Load, System, Tick
from amadeus.inference.torch_engine import TorchEngine
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, SIZES

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

NAME = "attributes in turn"
_OFFSETS = np.cumsum([0, *SIZES])


def autoregressive(network: Network) -> System:
    """The generator in torch, the decoder in `transformers`."""
    config, model = network.config, network.torch
    own = [w.size for k, w in network.weights.items() if k.startswith(("decoder", "enhancement"))]
    inner = llama(
        sum(own) - config.width * config.decoder_width,
        width=config.decoder_width, layers=config.decoder_layers, heads=config.decoder_heads,
        kv_heads=config.decoder_heads, vocabulary=sum(SIZES),
    )  # fmt: skip
    write = _writer(inner, config.width)

    @torch.inference_mode()
    def play(load: Load, events: int, tick: Tick) -> None:
        engine = TorchEngine(model, [None] * load.batch, load.context + events)
        for slot in range(load.batch):
            engine.prefill(slot, scales(load.context).astype(np.int64))
        for _ in range(events):
            rows = write(engine.latents)
            tick()
            engine.step(rows.numpy())

    inner_size = sum(p.numel() for p in inner.parameters()) + config.width * config.decoder_width
    return System(NAME, network.parameters - sum(own) + inner_size, play)


def _writer(inner: LlamaForCausalLM, width: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Gives the next rows, int64 [B, A], for latents, [B, 1, D]."""
    from transformers import DynamicCache

    table = inner.get_input_embeddings()
    generator = torch.Generator().manual_seed(0)
    project = torch.randn(width, inner.config.hidden_size, generator=generator) * width**-0.5

    def write(latents: torch.Tensor) -> torch.Tensor:
        cache, x, values = DynamicCache(), latents @ project, []
        for attribute in range(NUM_ATTRIBUTES):
            # By position: transformers 5.24 renamed `past_key_values` to `cache`.
            hidden = inner.model(None, None, None, cache, x, use_cache=True)[0]
            first, last = _OFFSETS[attribute], _OFFSETS[attribute + 1]
            logits = hidden[:, -1] @ inner.lm_head.weight[first:last].T  # of this attribute alone
            values.append(torch.multinomial(logits.softmax(-1), 1))  # [B, 1]
            x = table(values[-1] + int(first))
        return torch.cat(values, dim=1)

    return write
