"""The queue is fair: no client starves or blocks others."""

import random
from collections import Counter

import pytest

from amadeus.errors import BusyError
from amadeus.server.fair_queue import FairQueue, TooManyJobs


def test_clients_without_running_jobs_go_first():
    queue = FairQueue(99, 99)
    for i in range(5):
        queue.add("a", f"a{i}")
    queue.add("b", "b0")
    queue.add("c", "c0")
    assert queue.order() == ["a0", "b0", "c0", "a1", "a2", "a3", "a4"]
    assert [queue.take() for _ in range(4)] == ["a0", "b0", "c0", "a1"]
    queue.add("b", "b1")
    queue.end("b")
    assert queue.take() == "b1"


def test_the_queue_is_bounded_in_total_and_per_client():
    queue = FairQueue(3, 2)
    queue.add("a", 1), queue.add("a", 2)
    with pytest.raises(TooManyJobs, match="2 of your jobs"):
        queue.add("a", 3)
    queue.add("b", 4)
    with pytest.raises(BusyError, match="3 jobs are already waiting"):
        queue.add("c", 5)
    queue.remove(2)
    queue.add("c", 5)
    assert len(queue) == 3


@pytest.mark.parametrize("seed", range(20))
def test_every_client_gets_an_even_share(seed):
    """One client always submits as many jobs as it may; the others submit now and then."""
    rng = random.Random(seed)
    queue, started, waited, running = FairQueue(64, 8), Counter(), {}, []
    for now in range(2000):
        for client in ("greedy", *(f"c{i}" for i in range(4) if rng.random() < 0.1)):
            try:
                queue.add(client, (client, now))
            except BusyError:
                continue
        while running and (len(running) >= 3 or rng.random() < 0.3):
            queue.end(running.pop(rng.randrange(len(running)))[0])
        while len(queue) and len(running) < 3:
            job = queue.take()
            running.append(job)
            started[job[0]] += 1
            waited.setdefault(job[0], []).append(now - job[1])
    assert max(max(waited[f"c{i}"]) for i in range(4)) < 60
    assert max(waited["greedy"]) < 100
    assert started["greedy"] > 100
