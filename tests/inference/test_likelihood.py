import math
from functools import lru_cache
from itertools import permutations

import numpy as np
import pytest
import torch

from amadeus.errors import ConfigError
from amadeus.inference.likelihood import nats_of_rows
from amadeus.inference.native import NativeNetwork
from amadeus.model import PRESETS, Amadeus
from amadeus.music.midi import read_midi
from amadeus.native import library
from amadeus.tokens import NUM_ATTRIBUTES, SIZES, Attribute, RowType, encode
from amadeus.tokens.tokenizer import mark
from amadeus.training.loss import Noise, Objective

A = NUM_ATTRIBUTES


@pytest.fixture(scope="module")
def piece(fixtures):
    """Rows of real music, [N, A]."""
    return encode(read_midi(fixtures / "string_quartet.mid"))[:40]


def decoder_of(model, tokens, text=None):
    """log p of the attributes of the last row, as a function of which are known."""
    rows = torch.from_numpy(tokens.astype(np.int64))
    states = None if text is None else text[None]
    lengths = None if text is None else torch.tensor([len(text)])
    context = model.contextualize(rows[None], states, lengths)
    slots = model.slots(context, context.latents[:, -2:-1])

    def log_p(known):
        masked = torch.tensor([[[a not in known for a in range(A)]]])
        logits = model.decoder(slots, rows[None, -1:], masked)[0, 0]
        return logits.log_softmax(-1).gather(1, rows[-1][:, None])[:, 0].double().numpy()

    return log_p


@torch.inference_mode()
def bound_over_all_orders(model, tokens, text=None, counted=range(A)):
    """Expected nats of each attribute of the last row, over every set that may be known before."""
    log_p = lru_cache(maxsize=None)(decoder_of(model, tokens, text))
    given = [a for a in range(A) if a not in counted]
    nats = np.zeros(A)
    for order in permutations(counted):
        for k, attribute in enumerate(order):
            nats[attribute] -= log_p(frozenset([*given, *order[:k]]))[attribute]
    return nats / math.factorial(len(counted))


def test_a_new_model_pays_the_logarithm_of_every_size(piece):
    nats = nats_of_rows(Amadeus(PRESETS["nano"]), piece)
    assert nats.shape == (len(piece) - 1, A)
    np.testing.assert_allclose(nats, np.log([SIZES] * len(nats)), rtol=1e-6)


@pytest.mark.parametrize("with_text", [False, True])
def test_the_mean_over_orders_is_the_bound(tiny_model, piece, caption, with_text):
    text = caption if with_text else None
    part = piece[:12]
    exact = bound_over_all_orders(tiny_model, part, text)
    drawn = np.stack([
        nats_of_rows(tiny_model, part, first=11, text=text, orders=50, seed=s)[0] for s in range(40)
    ])  # fmt: skip
    error = drawn.std(axis=0) / len(drawn) ** 0.5
    assert np.all(np.abs(drawn.mean(axis=0) - exact) < 4.5 * error + 1e-6)


def test_one_attribute_given_the_others_needs_no_order(tiny_model, piece):
    part = piece[:9]
    exact = bound_over_all_orders(tiny_model, part, counted=[Attribute.PITCH])
    nats = nats_of_rows(tiny_model, part, first=8, attributes=[Attribute.PITCH])
    np.testing.assert_allclose(nats[0], exact, rtol=1e-5)


def test_attributes_that_are_given_cost_nothing(tiny_model, piece):
    free = [Attribute.PITCH, Attribute.VELOCITY, Attribute.BEAT]
    part = piece[:7]
    nats = nats_of_rows(tiny_model, part, first=6, attributes=free, orders=3000)[0]
    exact = bound_over_all_orders(tiny_model, part, counted=free)
    given = [a for a in range(A) if a not in free]
    assert not nats[given].any()
    np.testing.assert_allclose(nats[free], exact[free], rtol=0.05)
    assert not nats_of_rows(tiny_model, piece, attributes=[]).any()


def test_it_is_the_bound_that_training_minimises(tiny_model, piece):
    tokens = torch.from_numpy(piece.astype(np.int64))[None].expand(16, -1, -1)
    generator = torch.Generator().manual_seed(0)
    objective = Objective(tiny_model)
    estimates = []
    with torch.no_grad():
        for _ in range(30):
            noise = Noise.draw(len(tokens), tokens.shape[1] - 1, generator)
            noise = noise._replace(places=torch.zeros_like(noise.places))
            estimates.append(float(objective(tokens, None, None, noise).nats_per_note))
    ours = nats_of_rows(tiny_model, piece, orders=20).sum(1).mean()
    error = np.std(estimates) / len(estimates) ** 0.5
    assert ours == pytest.approx(np.mean(estimates), abs=5 * error + 0.02)


def test_equal_last_rows_are_compared_in_equal_orders(piece, monkeypatch):
    """The decoder sees the same values known for rows at the same place after `first`."""
    model = Amadeus(PRESETS["nano"])
    seen = []
    decoder = model.decoder.forward

    def record(slots, values, masked):
        seen.append(masked.clone())
        return decoder(slots, values, masked)

    def masks_seen(tokens, first, seed):
        seen.clear()
        nats_of_rows(model, tokens, first=first, seed=seed, orders=2)
        return torch.cat(seen)

    monkeypatch.setattr(model.decoder, "forward", record)
    last = piece[-6:]
    one = masks_seen(np.concatenate([piece[:3], last]), 3, seed=3)
    assert torch.equal(one, masks_seen(np.concatenate([piece[:10], last]), 10, seed=3))
    shorter = masks_seen(np.concatenate([piece[:3], last[:-2]]), 3, seed=3)
    assert torch.equal(one[: len(shorter)], shorter)
    assert not torch.equal(one, masks_seen(np.concatenate([piece[:3], last]), 3, seed=4))


def test_rows_after_do_not_matter(tiny_model, piece):
    whole = nats_of_rows(tiny_model, piece)
    part = nats_of_rows(tiny_model, piece[:-5])
    np.testing.assert_allclose(whole[:-5], part, rtol=1e-4, atol=1e-4)


def test_rows_that_are_given_are_zero(tiny_model, piece):
    tokens = np.concatenate([mark(RowType.FUTURE), piece[1:4], mark(RowType.RESUME), piece[1:6]])
    nats = nats_of_rows(tiny_model, tokens)
    assert not nats[3].any()  # the row of RESUME
    assert nats[[0, 1, 2, 4, 5]].sum(1).all()


@pytest.mark.skipif(library.load() is None, reason="the core is not compiled")
def test_the_compiled_core_gives_the_same_nats(tiny_model, piece):
    weights = {name: w.numpy() for name, w in tiny_model.state_dict().items()}
    core = NativeNetwork(tiny_model.config, weights, exact=True)
    np.testing.assert_allclose(
        nats_of_rows(core, piece), nats_of_rows(tiny_model, piece), rtol=1e-3, atol=1e-4
    )


def test_equal_seeds_give_equal_nats(tiny_model, piece):
    one, again, other = (nats_of_rows(tiny_model, piece, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("wrong", [{"first": 0}, {"first": 99}, {"orders": 0}])
def test_what_cannot_be_looked_at_is_refused(tiny_model, piece, wrong):
    with pytest.raises(ConfigError, match="must be"):
        nats_of_rows(tiny_model, piece[:10], **wrong)


def test_no_rows_cost_nothing(tiny_model, piece):
    assert nats_of_rows(tiny_model, piece, first=len(piece)).shape == (0, A)
