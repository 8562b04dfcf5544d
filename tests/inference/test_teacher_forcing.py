"""Real music under several policies."""

import numpy as np
import pytest

from amadeus.diffusion import UnmaskConfig
from amadeus.errors import GrammarError
from amadeus.inference.likelihood import nats_of_rows
from amadeus.inference.teacher_forcing import force
from amadeus.model import PRESETS, Amadeus
from amadeus.music.midi import read_midi
from amadeus.tokens import SIZES, encode


@pytest.fixture(scope="module")
def piece(fixtures):
    return encode(read_midi(fixtures / "string_quartet.mid"))[:16]


def test_a_new_model_pays_the_logarithm_of_every_size(piece):
    configs = [UnmaskConfig(num_steps=steps) for steps in (1, 3, 8)]
    for forced in force(Amadeus(PRESETS["nano"]), piece, configs, legal_only=False):
        assert forced.nats == pytest.approx(np.log([SIZES] * (len(piece) - 1)), rel=1e-5)


def test_random_orders_estimate_the_bound(tiny_model, piece):
    part = piece[:6]
    config = UnmaskConfig(order="random")
    drawn = [
        force(tiny_model, part, [config], legal_only=False, seed=seed)[0].nats.sum()
        for seed in range(40)
    ]
    bound = nats_of_rows(tiny_model, part, orders=40).sum()
    assert np.mean(drawn) == pytest.approx(bound, abs=4 * np.std(drawn) / 40**0.5)


def test_what_is_illegal_costs_nothing_because_it_is_never_drawn(tiny_model, piece):
    config = UnmaskConfig()
    (legal,) = force(tiny_model, piece, [config])
    (free,) = force(tiny_model, piece, [config], legal_only=False)
    assert legal.nats_per_row < free.nats_per_row
    assert np.all(legal.predictions <= 8)
    assert np.all(free.predictions == 8)


def test_policies_do_not_disturb_each_other(tiny_model, piece):
    configs = [UnmaskConfig(order=order) for order in ("confidence", "random")]
    together = force(tiny_model, piece, configs, seed=3)
    for config, forced in zip(configs, together, strict=True):
        (alone,) = force(tiny_model, piece, [config], seed=3)
        assert np.array_equal(alone.nats, forced.nats)


def test_music_that_breaks_the_grammar_is_refused(tiny_model, piece):
    backwards = np.concatenate([piece[:2], piece[:1:-1]])
    with pytest.raises(GrammarError):
        force(tiny_model, backwards, [UnmaskConfig()])
