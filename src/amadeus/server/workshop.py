"""The workshop: a process in which things are made of MIDI files, and which may break.

What comes from outside is parsed there, so that a file that kills its reader kills nothing else,
and rendering takes no time from composing.
"""

from __future__ import annotations

import asyncio
import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from amadeus.errors import AmadeusError, BusyError
from amadeus.server import making

T = TypeVar("T")

_LAST_SECONDS = 5
"""After its time, until a call that heeds no signal ends with its process."""


class Broken(AmadeusError):
    """What was to be made broke the workshop, or took too long."""


class Workshop:
    """Belongs to the event loop."""

    def __init__(self, most: int, seconds: int, memory: int) -> None:
        """most: that wait or are made at once. seconds, and bytes of memory: that one may take."""
        self._most, self._seconds, self._memory, self._busy = most, seconds, memory, 0
        self._turn = asyncio.Lock()
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            1, mp_context=context, initializer=_begin, initargs=(self._memory,)
        )

    def get_ready(self) -> None:
        """Start the process now, rather than when it is first needed."""
        self._pool.submit(making.get_ready)

    async def make(self, function: Callable[..., T], *arguments: Any) -> T:
        """What a function of `making` returns, or raises.

        Raises BusyError where too many wait, Broken if the process dies of it.
        """
        if self._busy >= self._most:
            raise BusyError("too much is being made already; try again later")
        self._busy += 1
        try:
            async with self._turn:  # one by one, so that nobody pays for what another one broke
                return await self._make(function, *arguments)
        finally:
            self._busy -= 1

    async def _make(self, function: Callable[..., T], *arguments: Any) -> T:
        await self._revive()
        try:
            call = self._pool.submit(_within, self._seconds, function, *arguments)
            return await asyncio.wrap_future(call)
        except TimeoutError:
            raise Broken("this takes too long to make; shorten the piece") from None
        except MemoryError:
            raise Broken("this takes too much memory to make; shorten the piece") from None
        except BrokenProcessPool:
            self._pool = self._open()
            raise Broken("this broke the process that makes it; shorten the piece") from None

    async def _revive(self) -> None:
        """Have a process that lives, whatever the last one died of."""
        try:
            await asyncio.wrap_future(self._pool.submit(making.get_ready))
        except BrokenProcessPool:
            self._pool = self._open()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _begin(memory: int) -> None:
    """Ctrl-C is the server's to answer; the process ends with it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(memory)
    threading.Thread(target=_end_with_server, daemon=True).start()


def _limit_memory(memory: int) -> None:
    """Have this process get no more than this many bytes, beside what it has: on Linux only.

    The limit is on memory that the process writes to. Limited address space would count libraries,
    which map far more than they use; macOS keeps to neither limit, Windows has none.
    """
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[5])  # data and stack
    limit = pages * resource.getpagesize() + memory
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def _end_with_server() -> None:
    if (server := multiprocessing.parent_process()) is not None:
        server.join()
        os._exit(1)


def _within(seconds: int, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function, and raise TimeoutError if it takes longer.

    The process ends where that cannot be raised: in the middle of compiled code, or on Windows.
    """
    faulthandler.dump_traceback_later(seconds + _LAST_SECONDS, exit=True)
    has_alarm = hasattr(signal, "setitimer")
    if has_alarm:
        signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function(*arguments)
    except MemoryError as error:
        raise MemoryError(str(error)) from None  # numpy's own kind cannot be sent to the server
    finally:
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def _ring(number: int, frame: FrameType | None) -> None:
    raise TimeoutError
