"""Turns are fair: nobody starves, and nobody holds up others."""

import random
from collections import Counter

import pytest

from amadeus.errors import BusyError
from amadeus.server.turns import TooMany, Turns


def test_who_has_nothing_running_goes_first():
    turns = Turns(99, 99)
    for i in range(5):
        turns.add("a", f"a{i}")
    turns.add("b", "b0")
    turns.add("c", "c0")
    assert turns.order() == ["a0", "b0", "c0", "a1", "a2", "a3", "a4"]
    assert [turns.take() for _ in range(4)] == ["a0", "b0", "c0", "a1"]
    turns.add("b", "b1")
    turns.end("b")
    assert turns.take() == "b1"


def test_room_is_bounded_for_all_and_for_each():
    turns = Turns(3, 2)
    turns.add("a", 1), turns.add("a", 2)
    with pytest.raises(TooMany, match="2 of your jobs"):
        turns.add("a", 3)
    turns.add("b", 4)
    with pytest.raises(BusyError, match="3 jobs are waiting"):
        turns.add("c", 5)
    turns.remove(2)
    turns.add("c", 5)
    assert len(turns) == 3


@pytest.mark.parametrize("seed", range(20))
def test_everybody_gets_a_turn_and_an_even_share(seed):
    """One client asks for as much as it may, all the time, and others now and then."""
    rng = random.Random(seed)
    turns, begun, waited, running = Turns(64, 8), Counter(), {}, []
    for now in range(2000):
        for client in ("greedy", *(f"c{i}" for i in range(4) if rng.random() < 0.1)):
            try:
                turns.add(client, (client, now))
            except BusyError:
                continue
        while running and (len(running) >= 3 or rng.random() < 0.3):
            turns.end(running.pop(rng.randrange(len(running)))[0])
        while len(turns) and len(running) < 3:
            one = turns.take()
            running.append(one)
            begun[one[0]] += 1
            waited.setdefault(one[0], []).append(now - one[1])
    assert max(max(waited[f"c{i}"]) for i in range(4)) < 60
    assert max(waited["greedy"]) < 100
    assert begun["greedy"] > 100
