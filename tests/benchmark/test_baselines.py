"""Baselines of equal size."""

import pytest

from amadeus.benchmark.networks import Network, random_weights
from amadeus.benchmark.timing import Load
from amadeus.errors import ConfigError
from amadeus.model import PRESETS

pytest.importorskip("transformers")
pytest.importorskip("miditok")

CONFIG = PRESETS["nano"]


@pytest.fixture(scope="module")
def nano():
    return Network("nano", CONFIG, random_weights(CONFIG), is_random=True)


def test_baselines_have_as_many_parameters_as_the_network(nano):
    from amadeus.benchmark.autoregressive import autoregressive
    from amadeus.benchmark.flat import flat

    for make in (autoregressive, flat):
        assert make(nano).parameters == pytest.approx(nano.parameters, rel=0.01)


def test_attributes_in_turn_are_a_note_an_event(nano):
    from amadeus.benchmark.autoregressive import autoregressive

    ticks = []
    system = autoregressive(nano)
    system.play(Load(batch=2, context=10), 4, lambda: ticks.append(1))
    assert (len(ticks), system.events_per_note) == (4, 1)


def test_a_note_of_remi_is_several_tokens(nano):
    from amadeus.benchmark.flat import count_remi, flat

    ticks = []
    system = flat(nano)
    system.play(Load(batch=2, context=10), 4, lambda: ticks.append(1))
    assert len(ticks) == 4
    # Pitch, velocity and duration, and a place, a bar or a program for some.
    assert 3 < system.events_per_note == count_remi().tokens_per_note < 8


def test_a_llama_that_cannot_be_so_small_is_refused():
    from amadeus.benchmark.llama import llama

    with pytest.raises(ConfigError, match="too few"):
        llama(1000, width=64, layers=2, heads=2, kv_heads=2, vocabulary=10)
