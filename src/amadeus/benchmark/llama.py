"""Llamas of `transformers` with a given number of parameters, for the baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amadeus.errors import ConfigError

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


def llama(
    parameters: int, *, width: int, layers: int, heads: int, kv_heads: int, vocabulary: int
) -> LlamaForCausalLM:
    """As many parameters as asked for, give or take a row of the MLPs: their width is what gives.

    Weights are random, but always the same. Raises ConfigError where the rest is too large.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    attention = 2 * width * width + 2 * width * (width // heads * kv_heads)
    left = (parameters - 2 * vocabulary * width) / layers - attention
    if left < 3 * width:
        raise ConfigError(f"{parameters:,} parameters are too few for a Llama of width {width}")
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=round(left / (3 * width)),
        num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv_heads,
        max_position_embeddings=2**17, bos_token_id=None, eos_token_id=None, pad_token_id=None,
        tie_word_embeddings=False,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return LlamaForCausalLM(config).eval()
