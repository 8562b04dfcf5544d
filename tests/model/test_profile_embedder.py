"""Profiles before the text, as the network reads them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from amadeus.model import PRESETS, Amadeus
from amadeus.model.profile_embedder import ProfileEmbedder, join, start_from_rows
from amadeus.music.keys import Key
from amadeus.profile import NUM_CONDITIONS, Part, Profile, conditions
from amadeus.profile.conditions import FIRST
from amadeus.tokens import SIZES
from amadeus.tokens.vocabulary import Attribute


def ragged(lengths, width, generator):
    states = torch.randn(len(lengths), max(lengths), width, generator=generator)
    return states, torch.tensor(lengths)


@pytest.mark.parametrize(
    ("profiles", "texts"), [([3, 0, 1, 4], [2, 5, 0, 5]), ([0, 0], [3, 1]), ([2, 1], [0, 0])]
)
def test_joining_is_concatenation_of_what_is_not_padding(profiles, texts):
    generator = torch.Generator().manual_seed(0)
    profile, profile_lengths = ragged(profiles, 6, generator)
    text, text_lengths = ragged(texts, 6, generator)
    joined, lengths = join(profile, profile_lengths, text, text_lengths)
    assert lengths.tolist() == [p + t for p, t in zip(profiles, texts, strict=True)]
    for i, (p, t) in enumerate(zip(profiles, texts, strict=True)):
        assert torch.equal(joined[i, : p + t], torch.cat([profile[i, :p], text[i, :t]]))


def test_values_are_sums_of_two_vectors_and_vector_0_is_zero():
    embedder = ProfileEmbedder(6, 4)
    table = embedder.table.weight
    assert table.shape == (NUM_CONDITIONS, 6)
    assert not table[0].any()
    pairs = conditions(Profile(num_parts=2, parts=(Part(1, 0.9),)))
    found = embedder(torch.from_numpy(pairs)[None])[0]
    assert torch.equal(found[0], table[pairs[0, 0]] + table[pairs[0, 1]])
    assert torch.equal(found[1], table[pairs[1, 0]])


def test_a_value_is_added_only_to_the_slots_of_the_attributes_it_describes():
    embedder = ProfileEmbedder(6, 4)
    assert not embedder.bias.weight.any()
    torch.nn.init.ones_(embedder.bias.weight)
    tempo, key, genre = (
        torch.from_numpy(conditions(profile))[None]
        for profile in (Profile(bpm=90), Profile(key=Key(0, "major")), Profile(genres=("jazz",)))
    )
    assert embedder.slot_bias(tempo)[0].any(-1).nonzero().flatten().tolist() == [Attribute.TEMPO]
    assert embedder.slot_bias(key)[0].any(-1).nonzero().flatten().tolist() == [
        Attribute.CHORD, Attribute.PITCH,
    ]  # fmt: skip
    assert not embedder.slot_bias(genre).any()
    embedder.slot_bias(tempo).sum().backward()
    trained = embedder.bias.weight.grad[tempo[0, 0, 0]].view(-1, 4).any(-1)
    assert trained.nonzero().flatten().tolist() == [Attribute.TEMPO]


def test_padding_and_vector_0_are_never_trained():
    embedder = ProfileEmbedder(6, 4)
    embedder(torch.tensor([[[3, 0], [0, 0]]])).sum().backward()
    gradient = embedder.table.weight.grad
    assert not gradient[0].any()
    assert gradient[3].tolist() == [1.0] * 6


def test_a_model_reads_profiles_of_other_lengths_in_one_batch_as_alone(randomize):
    model = randomize(Amadeus(PRESETS["nano"]))
    rows = torch.from_numpy(np.random.default_rng(0).integers(1, min(SIZES), (2, 5, 8)))
    generator = torch.Generator().manual_seed(0)
    text, text_lengths = ragged([4, 2], model.config.text_width, generator)
    told = [conditions(Profile(num_parts=2)), conditions(Profile(bpm=90, time_signature="3/4"))]
    padded = torch.zeros(2, 2, 2, dtype=torch.long)
    for i, pairs in enumerate(told):
        padded[i, : len(pairs)] = torch.from_numpy(pairs)
    both = model.prefix(padded, torch.tensor([1, 2]), text, text_lengths)
    together = model.contextualize(rows, *both).latents
    for i, pairs in enumerate(told):
        alone = model.prefix(
            torch.from_numpy(pairs)[None], torch.tensor([len(pairs)]),
            text[i : i + 1, : text_lengths[i]], text_lengths[i : i + 1],
        )  # fmt: skip
        assert torch.allclose(
            together[i], model.contextualize(rows[i : i + 1], *alone).latents[0], atol=1e-4
        )


def test_a_model_without_profiles_reads_the_text_alone():
    model = Amadeus(replace(PRESETS["nano"], profile=False))
    text, lengths = torch.randn(1, 3, model.config.text_width), torch.tensor([3])
    told = torch.ones(1, 2, 2, dtype=torch.long), torch.tensor([2])
    states, found = model.prefix(*told, text, lengths)
    assert states is text
    assert found is lengths
    assert model.profile_embedder is None


def test_vectors_begin_as_rows_with_the_same_value_look():
    embedder = ProfileEmbedder(32, 4)
    before = embedder.table.weight.detach().clone()
    rows = torch.randn(sum(SIZES), 16)
    projection = torch.randn(16, 32)
    start_from_rows(embedder, rows, projection)
    table = embedder.table.weight.detach()
    tempo = projection @ table[FIRST["bpm"]]
    offset = sum(SIZES[:3])
    assert torch.cosine_similarity(tempo, rows[offset + 1], dim=0) == pytest.approx(1, abs=1e-3)
    assert table[1:25].norm(dim=1) == pytest.approx(torch.full((24,), 32**0.5 * 0.5), rel=1e-3)
    kept = slice(FIRST["num_parts"], NUM_CONDITIONS)
    assert torch.equal(table[kept], before[kept])
    assert not table[0].any()
