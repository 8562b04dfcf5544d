"""A worker process that converts and analyses MIDI files.

Uploads are parsed there, so that a file that crashes the parser does not crash the server, and
rendering does not slow composing down.
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
from amadeus.server import worker_functions

T = TypeVar("T")

_KILL_SECONDS = 5
"""Time after the limit until the process is killed, for calls that no signal can interrupt."""


class WorkerFailed(AmadeusError):
    """A call crashed the worker process, or exceeded its time or memory."""


class WorkerProcess:
    """Runs one call at a time; used on the event loop."""

    def __init__(self, max_calls: int, seconds: int, memory: int) -> None:
        """max_calls: calls waiting or running. seconds, memory (bytes): limits per call."""
        self._max_calls, self._num_calls = max_calls, 0
        self._seconds, self._memory = seconds, memory
        self._call_lock = asyncio.Lock()
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            1, mp_context=context, initializer=_initialize, initargs=(self._memory,)
        )

    def start(self) -> None:
        """Start the process now rather than with the first call."""
        self._pool.submit(worker_functions.warm_up)

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function of `worker_functions`; returns its result or raises its error.

        Raises BusyError if too many calls are waiting, WorkerFailed if the call fails otherwise.
        """
        if self._num_calls >= self._max_calls:
            raise BusyError("too many files are being processed; try again later")
        self._num_calls += 1
        try:
            async with self._call_lock:  # one at a time, so that a crash fails no other call
                return await self._run(function, *arguments)
        finally:
            self._num_calls -= 1

    async def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        await self._ensure_alive()
        try:
            call = self._pool.submit(_call_with_timeout, self._seconds, function, *arguments)
            return await asyncio.wrap_future(call)
        except TimeoutError:
            raise WorkerFailed("this takes too long to process; shorten the piece") from None
        except MemoryError:
            raise WorkerFailed("this takes too much memory; shorten the piece") from None
        except BrokenProcessPool:
            self._pool = self._open()
            raise WorkerFailed("this crashed the worker process; shorten the piece") from None

    async def _ensure_alive(self) -> None:
        """Start a new process if the last one died."""
        try:
            await asyncio.wrap_future(self._pool.submit(worker_functions.warm_up))
        except BrokenProcessPool:
            self._pool = self._open()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _initialize(memory: int) -> None:
    """Leave Ctrl-C to the server, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(memory)
    threading.Thread(target=_end_with_server, daemon=True).start()


def _limit_memory(memory: int) -> None:
    """Limit the memory that this process may use beyond what it uses now, in bytes; Linux only.

    Limits the data segment rather than the address space, which also counts libraries that map far
    more than they use. macOS enforces neither limit, and Windows has none.
    """
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[5])  # data and stack
    limit = pages * resource.getpagesize() + memory
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _end_with_server() -> None:
    if (server := multiprocessing.parent_process()) is not None:
        server.join()
        os._exit(1)


def _call_with_timeout(seconds: int, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function; raises TimeoutError if it takes longer than `seconds`.

    Kills the process if the call cannot be interrupted: in compiled code, or on Windows.
    """
    faulthandler.dump_traceback_later(seconds + _KILL_SECONDS, exit=True)
    has_alarm = hasattr(signal, "setitimer")
    if has_alarm:
        signal.signal(signal.SIGALRM, _raise_timeout)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function(*arguments)
    except MemoryError as error:
        raise MemoryError(str(error)) from None  # numpy's subclass cannot be pickled
    finally:
        if has_alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def _raise_timeout(number: int, frame: FrameType | None) -> None:
    raise TimeoutError
