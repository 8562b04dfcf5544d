"""Delays the answers to wrong access tokens, which makes guessing slow."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address

FIRST_SECONDS = 0.5
"""Delay after a client's first wrong token; each further one doubles it."""
MAX_SECONDS = 8.0
_MAX_PENDING_EACH = 4
_MAX_PENDING = 64
"""Delayed answers at once, per client and in total."""
_REMEMBERED = 1024
"""Most clients whose wrong tokens are counted."""


class Throttle:
    """Counts the wrong tokens of each client, and delays answers accordingly.

    The right token always works, unless the client is waiting for _MAX_PENDING_EACH answers.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._wrong: OrderedDict[str, int] = OrderedDict()
        self._pending: Counter[str] = Counter()

    def may_try(self, client: str) -> bool:
        """Whether a token of this client is checked now."""
        client = _network(client)
        if self._pending[client] >= _MAX_PENDING_EACH:
            return False
        return client not in self._wrong or self._pending.total() < _MAX_PENDING

    def right(self, client: str) -> None:
        """A client has sent the right token."""
        self._wrong.pop(_network(client), None)

    async def wrong(self, client: str) -> None:
        """A client has sent a wrong token; returns after the delay."""
        client = _network(client)
        count = self._wrong[client] = self._wrong.get(client, 0) + 1
        self._wrong.move_to_end(client)
        if len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)
        if self._pending.total() >= _MAX_PENDING:
            return
        self._pending[client] += 1
        try:
            await self._sleep(min(MAX_SECONDS, FIRST_SECONDS * 2.0 ** min(count - 1, 16)))
        finally:
            self._pending[client] -= 1
            self._pending += Counter()  # drops clients whose count is 0


def _network(client: str) -> str:
    """The key to count a client by: its IPv4 address, or the /64 network of its IPv6 address."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(int(address) >> 64)
    return client
