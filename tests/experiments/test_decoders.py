"""The decoders that masked diffusion is compared with."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from amadeus.corpus.shards import Shards
from amadeus.diffusion import UnmaskConfig
from amadeus.experiments.decoders import DECODERS, FLAT, IN_TURN, INDEPENDENT
from amadeus.experiments.decoders.flat import NUM_TOKENS, OFFSETS, flatten
from amadeus.experiments.decoders.flat_composing import _Writer, compose_flat
from amadeus.inference.request import Request
from amadeus.tokens import ATTRIBUTES, NUM_ATTRIBUTES, SIZES, Attribute, RowType, decode
from amadeus.tokens.tokenizer import mark
from amadeus.training.loss import Noise


@pytest.fixture
def music(shards):
    """The first rows of two pieces, the second one padded, int [2, 40, A]."""
    held_out = Shards(shards, "validation")
    rows = torch.zeros(2, 40, NUM_ATTRIBUTES, dtype=torch.long)
    for target, index, length in zip(rows, (0, 3), (40, 25), strict=True):
        target[:length] = torch.from_numpy(held_out.tokens(index)[:length].astype(np.int64))
    return rows


@pytest.fixture
def build(recipe, randomize):
    """A decoder's loss with random weights."""

    def build(name):
        objective = DECODERS[name](recipe.config)
        randomize(objective.model)
        return objective.eval()

    return build


def noise(rows):
    return Noise.draw(len(rows), rows.shape[1] - 1, torch.Generator().manual_seed(0))


def test_attributes_in_turn_see_those_before_them_alone(build):
    decoder = build(IN_TURN).model.decoder
    slots = torch.randn(1, NUM_ATTRIBUTES, 16, generator=torch.Generator().manual_seed(0))
    values = torch.ones(1, NUM_ATTRIBUTES, dtype=torch.long)
    hidden = torch.ones(1, NUM_ATTRIBUTES, dtype=torch.bool)
    with torch.no_grad():
        before = decoder(slots, values, hidden)[0]
        for changed in range(NUM_ATTRIBUTES):
            other = values.clone()
            other[0, changed] = 2
            after = decoder(slots, other, hidden)[0]
            same = [torch.equal(a, b) for a, b in zip(after, before, strict=True)]
            assert same == [a <= changed for a in range(NUM_ATTRIBUTES)]


def test_independent_heads_see_no_attribute(build):
    decoder = build(INDEPENDENT).model.decoder
    slots = torch.randn(1, NUM_ATTRIBUTES, 16, generator=torch.Generator().manual_seed(0))
    values = torch.arange(NUM_ATTRIBUTES)[None]
    known = torch.zeros(1, NUM_ATTRIBUTES, dtype=torch.bool)
    with torch.no_grad():
        assert torch.equal(decoder(slots, values, known), decoder(slots, 0 * values, ~known))


@pytest.mark.parametrize("name", [IN_TURN, INDEPENDENT])
def test_an_exact_decoder_pays_for_every_attribute_once(recipe, music, name):
    """A new one knows nothing: the logarithm of every size, whatever the noise."""
    with torch.no_grad():
        losses = DECODERS[name](recipe.config)(music, None, None, noise(music))
    paid = losses.attribute_nats / losses.num_rows
    assert paid.tolist() == pytest.approx([math.log(size) for size in SIZES], rel=1e-4)


def test_flat_tokens_lose_nothing(music):
    flat = flatten(music)
    rows = torch.zeros_like(music)
    for piece, (tokens, places, valid) in enumerate(zip(*flat, strict=True)):
        for row in range(int(places[valid].max()) // NUM_ATTRIBUTES + 1):
            rows[piece, row] = rows[piece, max(0, row - 1)]
            here = valid & (places // NUM_ATTRIBUTES == row)
            for token, place in zip(tokens[here], places[here], strict=True):
                attribute = place % NUM_ATTRIBUTES
                rows[piece, row, attribute] = token - OFFSETS[attribute]
    assert torch.equal(rows, music)


def test_flat_rows_stand_for_all_rows(build, music):
    """Over all draws every row is looked at equally often."""
    objective = build(FLAT)
    with torch.no_grad():
        full = objective(music[:1], None, None, noise(music[:1])).attribute_nats
        parts = [
            objective(music[:1], None, None, Noise(torch.full((1, 13), u), torch.zeros(0)))
            for u in (1 / 6, 1 / 2, 5 / 6)
        ]
    assert sum(int(part.num_rows) for part in parts) == 39
    torch.testing.assert_close(sum(part.attribute_nats for part in parts), full)


def test_what_a_row_repeats_takes_no_flat_token(music):
    again = torch.cat([music[:1, :5], music[:1, 4:5]], dim=1)
    written = [ATTRIBUTES[p % NUM_ATTRIBUTES] for p in flatten(again).places[0, -3:].tolist()]
    assert written == ["pitch", "duration", "velocity"]


def test_a_new_flat_model_pays_for_every_token(recipe, music):
    with torch.no_grad():
        losses = DECODERS[FLAT](recipe.config)(music, None, None, noise(music))
    tokens = int(flatten(music).valid.sum()) - 2 * NUM_ATTRIBUTES  # START is given
    assert float(losses.attribute_nats.sum()) == pytest.approx(tokens * math.log(NUM_TOKENS))
    assert int(losses.num_rows) == 39 + 24


def test_every_decoder_counts_the_same_rows(build, music):
    with torch.no_grad():
        rows = {int(build(n)(music, None, None, noise(music)).num_rows) for n in DECODERS}
    assert len(rows) == 1


@torch.inference_mode()
def test_a_flat_model_composes_by_the_probabilities_it_was_trained_on(build, music):
    """Less what the loss paid for tokens that cannot come, of which a trained model has none."""
    objective = build(FLAT)
    objective.model.head.weight *= 0.1
    loss = objective(music[:1], None, None, noise(music[:1]))
    writer = _Writer(objective.model, Request(), 64)
    writer.read(music[0, :1].numpy())
    nats = 0.0
    for row in music[0, 1:].numpy():
        known = np.zeros((1, NUM_ATTRIBUTES), dtype=bool)
        for attribute in Attribute:
            logits = writer.predict(row[None], known)[0, attribute].astype(np.float64)
            nats += np.logaddexp.reduce(logits) - logits[row[attribute]]
            known[0, attribute] = True
        writer.finish(row)
    paid = float(loss.attribute_nats.sum())
    assert 0.5 * paid < nats < paid


def test_flat_pieces_are_music(build):
    request = Request(num_bars=3, max_notes=30, unmask=UnmaskConfig(order="fixed"))
    tokens = compose_flat(build(FLAT).model, request, 16)
    assert tokens[-1].tolist() == mark(RowType.END)[0].tolist()
    assert decode(tokens).num_notes > 0
    other = replace(request, seed=1)
    assert not np.array_equal(compose_flat(build(FLAT).model, other, 16), tokens)
