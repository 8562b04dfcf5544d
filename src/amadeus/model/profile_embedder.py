"""Profile embedder: two learned vectors for every value of a profile.

The first has the width of the text encoder and precedes the token states of the text. The second is
added to the slots of the attributes that the value describes, in every row. It reaches the note
decoder directly, so values that are chosen once in a piece, such as its tempo, are learned from few
pieces.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from amadeus.music.keys import MAJOR_TONICS, Key
from amadeus.profile.conditions import FIRST, NUM_CONDITIONS, described, key_index
from amadeus.tokens.vocabulary import (
    DRUMS,
    METRES,
    NUM_ATTRIBUTES,
    SIZES,
    TEMPOS,
    Attribute,
    bar_type,
    chord_value,
)


class ProfileEmbedder(nn.Module):
    """Two tables for the values of all fields; vector 0 stays zero."""

    described: Tensor

    def __init__(self, text_width: int, decoder_width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(NUM_CONDITIONS, text_width, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.5)
        nn.init.zeros_(self.table.weight[0].detach())
        self.bias = nn.Embedding(NUM_CONDITIONS, NUM_ATTRIBUTES * decoder_width, padding_idx=0)
        nn.init.zeros_(self.bias.weight)
        self.register_buffer("described", torch.from_numpy(described())[..., None], False)

    def forward(self, conditions: Tensor) -> Tensor:
        """conditions: int [B, P, 2], padded with 0. Returns [B, P, text_width]."""
        return self.table(conditions).sum(-2)

    def slot_bias(self, conditions: Tensor) -> Tensor:
        """What a profile adds to the attribute slots of every row.

        conditions: as in `forward`. Returns [B, A, decoder_width].
        """
        bias = self.bias(conditions).unflatten(-1, (NUM_ATTRIBUTES, -1))  # [B, P, 2, A, E]
        return (bias * self.described[conditions]).sum((1, 2))


def join(
    profile: Tensor, profile_lengths: Tensor, text: Tensor, text_lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """Profile vectors followed by token states, without a gap.

    profile: [B, P, text_width]; text: [B, S, text_width]; both right-padded, with lengths int [B].
    Returns [B, P + S, text_width], right-padded, and the lengths, int [B].
    """
    both = torch.cat([profile, text.type_as(profile)], dim=1)
    places = torch.arange(both.shape[1], device=both.device)  # [P + S]
    width = profile.shape[1]
    first = profile_lengths[:, None]
    # Place n of the result is vector n of the profile, or else the next token of the text.
    source = torch.where(places < first, places, places - first + width)
    source = source.clamp(max=both.shape[1] - 1)
    joined = both.gather(1, source[..., None].expand(-1, -1, both.shape[2]))
    return joined, profile_lengths + text_lengths


@torch.no_grad()
def start_from_rows(embedder: ProfileEmbedder, rows: Tensor, text_projection: Tensor) -> None:
    """Initialise keys, tempos, time signatures and instruments with the vectors of such rows.

    A network that was trained without profiles then treats them like rows with these values.

    rows: the table of the note embedder, [sum of SIZES, D]; text_projection: [D, text_width].
    """
    inverse = torch.linalg.pinv(text_projection.float())  # [text_width, D]
    offset = {a: sum(SIZES[:a]) for a in Attribute}

    def put(index: int, *values: tuple[Attribute, int]) -> None:
        target = torch.stack([rows[offset[a] + value] for a, value in values]).float().mean(0)
        vector = inverse @ target
        # As large as the random vectors.
        size = embedder.table.weight.shape[1] ** 0.5 * 0.5
        embedder.table.weight[index] = vector * (size / vector.norm().clamp(min=1e-6))

    for tonic in range(len(MAJOR_TONICS)):
        for mode, qualities in (("major", ("maj", "maj", "maj")), ("minor", ("min", "min", "maj"))):
            roots = (tonic, tonic + 5, tonic + 7)
            chords = [
                (Attribute.CHORD, chord_value(root % 12, quality))
                for root, quality in zip(roots, qualities, strict=True)
            ]
            index = key_index(Key(tonic, "major" if mode == "major" else "minor"))
            put(FIRST["key"] + index, chords[0], *chords)
    for i in range(len(TEMPOS)):
        put(FIRST["bpm"] + i, (Attribute.TEMPO, i + 1))
    for i in range(len(METRES)):
        put(FIRST["time_signature"] + i, (Attribute.TYPE, bar_type(i)))
    for i in range(DRUMS):
        put(FIRST["parts"] + i, (Attribute.INSTRUMENT, i + 1))
