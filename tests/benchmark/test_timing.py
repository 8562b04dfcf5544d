"""Timing: turns, medians, ratios within a round."""

import numpy as np
import pytest
import torch

from amadeus.benchmark import timing
from amadeus.benchmark.engines import engines, naive, scales
from amadeus.benchmark.networks import Network, random_weights
from amadeus.benchmark.timing import Load, Measured, Spread, System, measure
from amadeus.model import PRESETS
from amadeus.tokens.grammar import Grammar


class Clock:
    """A clock of its own, which only players move on."""

    def __init__(self):
        self.now = 0.0

    def player(self, name, seconds, order):
        """A system whose events take so many seconds each."""

        def play(load, events, tick):
            order.append(name)
            for _ in range(events):
                self.now += seconds
                tick()

        return System(name, 1, play, events_per_note=2)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timing, "perf_counter", lambda: clock.now)
    return clock


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def nano():
    config = PRESETS["nano"]
    return Network("nano", config, random_weights(config), is_random=True)


def test_all_take_turns_and_every_other_round_goes_backwards(clock):
    order = []
    pairs = [(clock.player(name, 0.001, order), Load()) for name in "ab"]
    measure(pairs, rounds=2, seconds=0.001, progress=quiet)
    assert "".join(order) == "ab" + "ab" + "ba"


def test_a_note_is_as_many_events_as_it_takes(clock):
    system = clock.player("a", 0.01, [])
    (found,) = measure([(system, Load(batch=3))], rounds=3, seconds=0.05, progress=quiet)
    assert found.events == 5
    assert found.notes_per_second.median == pytest.approx(150)  # 3 pieces, 2 events of 10 ms a note
    assert found.first_ms.median == pytest.approx(10)
    assert found.ms_per_note == pytest.approx(20)


def test_what_comes_together_is_timed_from_one_time_to_the_next(clock):
    """As if 4 rows were composed before the first of them is handed over."""

    def play(load, events, tick):
        for number in range(events):
            clock.now += 0.0 if number % 4 else 0.04
            tick()

    bunches = System("bunches", 1, play, at_once=4)
    (found,) = measure([(bunches, Load())], rounds=1, seconds=0.1, progress=quiet)
    assert found.events % 4 == 0
    assert found.notes_per_second.median == pytest.approx(100)


def test_ratios_compare_what_was_timed_in_the_same_round(clock):
    def measured(*rounds):
        return Measured(clock.player("a", 0, []), Load(), 3, Spread(rounds), Spread([1]))

    busy_in_the_middle = measured(10, 2, 10), measured(5, 1, 5)
    assert busy_in_the_middle[0].times_as_fast_as(busy_in_the_middle[1]).rounds == [2, 2, 2]


def test_scales_are_the_beginning_of_a_piece():
    grammar = Grammar()
    for row in scales(300):
        grammar.advance(row)
    assert len(scales(300)) == 300
    assert not grammar.ended


@pytest.mark.parametrize("batch", [1, 2])
def test_every_engine_ticks_once_a_note(nano, batch):
    for system in engines(nano):
        ticks = []
        system.play(Load(batch=batch, steps=2, context=20), 5, lambda ticks=ticks: ticks.append(1))
        assert len(ticks) >= 5


def test_composing_without_a_cache_ticks_once_a_note(nano):
    ticks = []
    naive(nano).play(Load(steps=1, context=8), 4, lambda: ticks.append(1))
    assert len(ticks) >= 4


def test_random_weights_are_the_same_every_time_and_never_zero():
    config = PRESETS["nano"]
    first, second = random_weights(config), random_weights(config)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert all((weight != 0).mean() > 0.999 for weight in first.values())


def test_either_engine_gets_the_same_weights(nano):
    loaded = nano.torch.state_dict()
    assert loaded.keys() == nano.weights.keys()
    assert all(torch.equal(loaded[k], torch.from_numpy(w)) for k, w in nano.weights.items())
