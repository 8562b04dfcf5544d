"""Guessing tokens is slow and costs the server little."""

import asyncio

import pytest

from amadeus.server import throttle
from amadeus.server.throttle import FIRST_SECONDS, MAX_SECONDS, Throttle


@pytest.fixture
def waits():
    """Records delays instead of sleeping."""
    return []


@pytest.fixture
def throttled(waits):
    async def sleep(seconds):
        waits.append(seconds)

    return Throttle(sleep)


def test_each_wrong_token_doubles_the_delay(throttled, waits):
    async def guess():
        for _ in range(2000):
            assert throttled.may_try("10.0.0.1")
            await throttled.wrong("10.0.0.1")
        await throttled.wrong("10.0.0.2")
        throttled.right("10.0.0.1")
        await throttled.wrong("10.0.0.1")

    asyncio.run(guess())
    assert waits[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert set(waits[10:2000]) == {MAX_SECONDS}
    assert waits[2000:] == [FIRST_SECONDS, FIRST_SECONDS]


def test_delayed_answers_are_limited_per_client_and_in_total():
    async def guess():
        go_on = asyncio.Event()
        throttled = Throttle(lambda _: go_on.wait())
        guesses = []

        async def send(client):
            """Whether a guess was looked at."""
            looked_at = throttled.may_try(client)
            if looked_at:
                guesses.append(asyncio.create_task(throttled.wrong(client)))
                await asyncio.sleep(0)
            return looked_at

        assert [await send("10.0.0.1") for _ in range(9)] == [True] * 4 + [False] * 5
        for number in range(99):
            await send(f"10.0.1.{number}")
        assert sum(not guess.done() for guess in guesses) == 64
        assert not throttled.may_try("10.0.1.0")  # of whom a wrong token is known
        assert throttled.may_try("10.0.2.0")
        go_on.set()
        await asyncio.gather(*guesses)
        assert throttled.may_try("10.0.0.1")
        assert not throttled._pending

    asyncio.run(guess())


def test_memory_is_bounded(throttled):
    async def guess():
        for number in range(3 * throttle._REMEMBERED):
            await throttled.wrong(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}")

    asyncio.run(guess())
    assert len(throttled._wrong) == throttle._REMEMBERED
    assert len(throttled._pending) == 0


def test_an_ipv6_network_counts_as_one_client(throttled, waits):
    async def guess():
        for host in range(3):
            await throttled.wrong(f"2001:db8::{host}")
        for client in ("2001:db8:1::1", "::ffff:10.0.0.1", "::ffff:10.0.0.2", "somewhere"):
            await throttled.wrong(client)

    asyncio.run(guess())
    assert waits == [FIRST_SECONDS * factor for factor in (1, 2, 4, 1, 1, 1, 1)]
