"""A baseline: one flat stream of tokens, a note being several, as most music Transformers have it.

A Llama of `transformers` as large as our network, on the REMI tokens of MidiTok with tempos,
metres and programs. How many tokens a note takes is counted in the validation pieces.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from amadeus.benchmark.llama import llama
from amadeus.benchmark.networks import Network
from amadeus.benchmark.timing import Load, System, Tick
from amadeus.corpus.shards import PACKAGED_VALIDATION, Shards
from amadeus.music.midi import write_midi
from amadeus.tokens import decode

NAME = "flat tokens"


@dataclass(frozen=True, slots=True)
class Remi:
    """The tokens of MidiTok's REMI on our validation pieces."""

    vocabulary: int
    tokens: int
    notes: int

    @property
    def tokens_per_note(self) -> float:
        return self.tokens / self.notes


@cache
def count_remi(most_pieces: int = 32) -> Remi:
    """Tokenise validation pieces."""
    from miditok import REMI, TokenizerConfig
    from symusic import Score

    tokenizer = REMI(TokenizerConfig(use_tempos=True, use_time_signatures=True, use_programs=True))
    held_out = Shards(PACKAGED_VALIDATION, "validation")
    tokens = notes = 0
    with tempfile.TemporaryDirectory() as folder:
        for index in range(min(most_pieces, len(held_out))):
            music = decode(held_out.tokens(index))
            path = write_midi(music, Path(folder) / "piece.mid")
            found = tokenizer(Score(path))
            streams = found if isinstance(found, list) else [found]
            tokens += sum(len(stream.ids) for stream in streams)
            notes += music.num_notes
    return Remi(len(tokenizer), tokens, notes)


def flat(network: Network) -> System:
    """One token an event."""
    from transformers import DynamicCache

    config, remi = network.config, count_remi()
    model = llama(
        network.parameters, width=config.width, layers=config.layers, heads=config.heads,
        kv_heads=config.kv_heads, vocabulary=remi.vocabulary,
    )  # fmt: skip
    head = config.width // config.heads

    @torch.inference_mode()
    def play(load: Load, events: int, tick: Tick) -> None:
        # Arbitrary keys and values: reading that many tokens would take minutes, and
        # a token takes as long after any.
        cache = DynamicCache()
        given = round(load.context * remi.tokens_per_note)
        for layer in range(config.layers):
            keys = torch.randn(load.batch, config.kv_heads, given, head)
            cache.update(keys, keys.clone(), layer)
        token = torch.zeros(load.batch, 1, dtype=torch.long)
        for _ in range(events):
            # By position: transformers 5.24 renamed `past_key_values` to `cache`.
            logits = model(token, None, None, cache, use_cache=True).logits[:, -1]
            token = torch.multinomial(logits.softmax(-1), 1)
            tick()

    size = sum(p.numel() for p in model.parameters())
    return System(NAME, size, play, events_per_note=remi.tokens_per_note)
