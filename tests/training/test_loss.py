import math

import pytest
import torch

from amadeus.model import PRESETS, Amadeus, ModelConfig
from amadeus.tokens import ATTRIBUTES, NUM_ATTRIBUTES, SIZES, Attribute, RowType
from amadeus.training import loss
from amadeus.training.loss import Noise, Objective, dispersion_loss

A = NUM_ATTRIBUTES


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def objective(randomize):
    sizes = {"width": 32, "layers": 3, "heads": 4, "decoder_width": 16, "decoder_heads": 2}
    return Objective(randomize(Amadeus(ModelConfig(**sizes))))


@pytest.fixture
def all_masked(monkeypatch):
    """Without the randomness of masks: every attribute is hidden, with weight 1."""
    monkeypatch.setattr(
        loss,
        "draw_masks",
        lambda uniform: (uniform[:, 1:] >= 0, torch.ones(len(uniform))),
    )


def music(batch, rows, generator):
    """START, then random rows of types that are composed."""
    columns = [torch.randint(0, size, (batch, rows), generator=generator) for size in SIZES]
    tokens = torch.stack(columns, dim=-1)
    tokens[..., Attribute.TYPE].clamp_(min=RowType.JOIN)
    tokens[:, 0] = 0
    tokens[:, 0, Attribute.TYPE] = RowType.START
    return tokens


def fair_noise(batch, places):
    """Noise that looks at every row, and hides every attribute equally often for each count."""
    uniform = torch.empty(batch * places, 1 + A)
    uniform[:, 0] = torch.arange(len(uniform)) / len(uniform)
    for i in range(len(uniform)):
        uniform[i, 1:] = torch.arange(A).roll(i // A) / A
    return Noise(torch.zeros(batch, places), uniform)


def every_row(tokens):
    batch, rows = tokens.shape[:2]
    return Noise(torch.zeros(batch, rows - 1), torch.zeros(batch * (rows - 1), 1 + A))


def test_a_new_model_pays_the_logarithm_of_every_size(generator):
    objective = Objective(Amadeus(PRESETS["nano"]))
    with torch.no_grad():
        losses = objective(music(2, 33, generator), None, None, fair_noise(2, 32))
    per_attribute = losses.attribute_nats / losses.num_rows
    assert per_attribute.tolist() == pytest.approx([math.log(size) for size in SIZES], rel=1e-5)
    assert float(losses.nats_per_note) == pytest.approx(sum(map(math.log, SIZES)), rel=1e-5)
    assert len(per_attribute) == len(ATTRIBUTES)


def test_padding_never_counts(objective, all_masked, generator):
    tokens = music(2, 9, generator)
    padded = torch.cat([tokens, torch.zeros(2, 5, A, dtype=torch.long)], dim=1)
    alone, with_padding = (objective(t, None, None, every_row(t)) for t in (tokens, padded))
    assert int(with_padding.num_rows) == int(alone.num_rows) == 2 * 8
    torch.testing.assert_close(with_padding.attribute_nats, alone.attribute_nats)
    torch.testing.assert_close(with_padding.dispersion, alone.dispersion)


@pytest.mark.parametrize("row_type", [RowType.START, RowType.RESUME, RowType.FUTURE, RowType.PAD])
def test_rows_that_are_given_never_count(objective, all_masked, generator, row_type):
    tokens = music(2, 9, generator)
    tokens[:, -1] = 0
    tokens[:, -1, Attribute.TYPE] = row_type
    shorter = objective(tokens[:, :-1], None, None, every_row(tokens[:, :-1]))
    losses = objective(tokens, None, None, every_row(tokens))
    assert int(losses.num_rows) == 2 * 7
    torch.testing.assert_close(losses.attribute_nats, shorter.attribute_nats)


@pytest.mark.parametrize("row_type", [RowType.JOIN, RowType.END])
def test_ends_count(objective, all_masked, generator, row_type):
    tokens = music(2, 9, generator)
    tokens[:, -1] = 0
    tokens[:, -1, Attribute.TYPE] = row_type
    assert int(objective(tokens, None, None, every_row(tokens)).num_rows) == 2 * 8


@pytest.mark.parametrize(("places", "cells"), [(2, 5), (5, 2), (4, 5), (10, 1)])
def test_some_rows_stand_for_all_rows(objective, all_masked, generator, places, cells):
    """Over all draws every row is looked at equally often, also where parts are no whole rows."""
    tokens = music(3, 11, generator)  # 10 rows to be predicted
    with torch.no_grad():
        full = objective(tokens, None, None, every_row(tokens)).nats_per_note
        masks = torch.zeros(3 * places, 1 + A)
        drawn = [
            objective(tokens, None, None, Noise(torch.full((3, places), u), masks)).nats_per_note
            for u in ((torch.arange(cells) + 0.5) / cells).tolist()
        ]
    assert float(torch.stack(drawn).mean()) == pytest.approx(float(full), rel=1e-5)


@pytest.mark.parametrize("opening", [1, 3, 40])
def test_the_first_rows_of_every_excerpt_can_be_looked_at_in_addition(
    objective, all_masked, generator, opening
):
    tokens = music(3, 11, generator)
    with torch.no_grad():
        noise = Noise.draw(3, 2, torch.Generator().manual_seed(1), opening)
        assert len(noise.masks) == 3 * (2 + opening)
        both = objective(tokens, None, None, noise)
        first = min(opening, 10)
        rows = objective(tokens[:, : first + 1], None, None, every_row(tokens[:, : first + 1]))
        sampled = objective(tokens, None, None, Noise(noise.places, noise.masks[: 3 * 2]))
    if opening == first:
        expected = rows.attribute_nats + sampled.attribute_nats
        assert both.attribute_nats.tolist() == pytest.approx(expected.tolist(), rel=1e-4)
    assert int(both.num_rows) == 3 * (2 + opening)


def test_noise_makes_the_loss_reproducible(objective, generator):
    tokens = music(2, 17, generator)

    def nats(seed):
        noise = Noise.draw(2, 4, torch.Generator().manual_seed(seed))
        return objective(tokens, None, None, noise).attribute_nats

    assert torch.equal(nats(3), nats(3))
    assert not torch.equal(nats(3), nats(4))


def test_the_bound_falls_to_zero_for_a_model_that_knows(generator):
    """A head that always says the right value costs nothing, whatever is masked."""
    model = Amadeus(PRESETS["nano"])
    tokens = music(2, 17, generator)
    tokens[:, 1:] = tokens[0, 1]  # one row, again and again
    model.decoder.heads.data.zero_()
    slots = torch.zeros(A, model.config.decoder_width)
    slots[:, 0] = 1.0
    model.decoder.table.weight.data.zero_()
    model.enhancement.spread.weight.data.zero_()
    model.enhancement.slots.data.copy_(slots)
    for attribute, value in enumerate(tokens[0, 1].tolist()):
        model.decoder.heads.data[attribute, 0, value] = 100.0
    noise = Noise.draw(2, 16, generator)
    with torch.no_grad():
        assert Objective(model)(tokens, None, None, noise).nats_per_note < 1e-5


def mean_distance(hidden):
    unit = torch.nn.functional.normalize(hidden.mean(1), dim=-1)
    pieces = len(unit)
    return float((1 - unit @ unit.T).sum() / (pieces * (pieces - 1)))


def test_dispersion_gradient_pushes_pieces_apart(generator):
    hidden = torch.randn(6, 5, 8, generator=generator) + 1.0
    hidden.requires_grad_()
    valid = torch.ones(6, 5, dtype=torch.bool)
    dispersion_loss(hidden, valid, temperature=0.1).backward()
    moved = hidden.detach() - 1.0 * hidden.grad
    assert mean_distance(moved) > mean_distance(hidden.detach())


def test_dispersion_pushes_pieces_apart_through_the_generator(objective, generator):
    tokens = music(4, 9, generator)
    weight = objective.model.embedder.table.weight

    def hidden():
        return objective.model.contextualize(tokens).intermediate

    valid = torch.ones(4, 9, dtype=torch.bool)
    (gradient,) = torch.autograd.grad(dispersion_loss(hidden(), valid, 1.0), weight)
    original = weight.detach().clone()
    with torch.no_grad():
        before = mean_distance(hidden())
        weight -= 0.01 * gradient / gradient.norm()
        after = mean_distance(hidden())
        weight.copy_(original)
    assert after > before


def test_dispersion_is_greatest_where_pieces_collapse(generator):
    valid = torch.ones(4, 5, dtype=torch.bool)
    same = torch.ones(4, 5, 8)
    assert float(dispersion_loss(same, valid, 0.1)) == pytest.approx(0.0, abs=1e-5)
    orthogonal = torch.eye(4, 8)[:, None].expand(4, 5, 8)
    assert float(dispersion_loss(orthogonal, valid, 0.1)) == pytest.approx(-10.0)
    assert float(dispersion_loss(same[:1], valid[:1], 0.1)) == 0.0


def test_dispersion_excludes_padding(generator):
    hidden = torch.randn(4, 5, 8, generator=generator)
    valid = torch.arange(5) < torch.tensor([5, 3, 1, 4])[:, None]
    noisy = torch.where(valid[..., None], hidden, 100.0)
    assert torch.equal(dispersion_loss(noisy, valid, 0.1), dispersion_loss(hidden, valid, 0.1))
