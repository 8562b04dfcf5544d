"""Wrong tokens are answered late, so that guessing takes long and costs the server little."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address

FIRST_SECONDS = 0.5
MOST_SECONDS = 8.0
"""How late the first wrong token of a client is answered; each one after it twice as late."""
_PENDING_EACH = 4
_PENDING = 64
"""Late answers at once, to one client and in all."""
_REMEMBERED = 1024
"""Clients whose wrong tokens are counted."""


class Throttle:
    """Counts the wrong tokens of each client, and has the next one answered later.

    A right token works at any time, unless this client awaits as many late answers as it may.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._wrong: OrderedDict[str, int] = OrderedDict()
        self._pending: Counter[str] = Counter()

    def may_try(self, client: str) -> bool:
        """Whether a token of this client is looked at now."""
        client = _network(client)
        if self._pending[client] >= _PENDING_EACH:
            return False
        return client not in self._wrong or self._pending.total() < _PENDING

    def right(self, client: str) -> None:
        """A client has brought the right token."""
        self._wrong.pop(_network(client), None)

    async def wrong(self, client: str) -> None:
        """A client has brought a wrong token; returns when that may be answered."""
        client = _network(client)
        count = self._wrong[client] = self._wrong.get(client, 0) + 1
        self._wrong.move_to_end(client)
        if len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)
        if self._pending.total() >= _PENDING:
            return
        self._pending[client] += 1
        try:
            await self._sleep(min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(count - 1, 16)))
        finally:
            self._pending[client] -= 1
            self._pending += Counter()  # forgets clients without any


def _network(client: str) -> str:
    """What one client can draw addresses from: of IPv6, a whole network."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(int(address) >> 64)
    return client
