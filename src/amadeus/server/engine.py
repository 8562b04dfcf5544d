"""The engine: one thread that composes the pieces of all clients in a shared batch."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue

import numpy as np

from amadeus.errors import AmadeusError, BusyError
from amadeus.inference.request import PieceState, Request
from amadeus.inference.session import Model, Session

_LOG = logging.getLogger(__name__)
STALL_SECONDS = 300.0
"""Longer than any step takes, including the first step on a GPU, which compiles kernels."""
_JOIN_SECONDS = 1.0


class Cancelled(Exception):
    """The rows being read have been cancelled."""


class OutOfTime(AmadeusError):
    """A job exceeded its time limit."""


class EngineFailed(BusyError):
    """The engine is stuck, has terminated, or has dropped a piece."""


class RowStream:
    """The rows composed for some requests; filled by the engine's thread, read by another."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.pieces: list[PieceState] = []
        """The requests' pieces in the session, in order; used by the engine only."""
        self._items: SimpleQueue[tuple[int, np.ndarray] | BaseException | None] = SimpleQueue()

    def put(self, item: tuple[int, np.ndarray] | BaseException | None) -> None:
        """item: the index of a request and a row, an error, or None after the last row."""
        self._items.put(item)

    def rows(self, deadline: float) -> Iterator[tuple[int, np.ndarray]]:
        """Yields the index of a request and a row, int64 [A], until all pieces have ended.

        deadline: by `time.monotonic`. Raises OutOfTime after it, and any error that was put.
        """
        while True:
            try:
                item = self._items.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise OutOfTime(
                    "this takes too long; ask for fewer bars, or try again later"
                ) from None
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item


class Engine(threading.Thread):
    """Composes until it is stopped. The public methods are thread-safe."""

    def __init__(
        self,
        model: Model,
        *,
        context: int,
        max_pieces: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """clock: returns seconds; decides whether a step takes too long."""
        super().__init__(name="engine", daemon=True)
        self._new_session = lambda: Session(model, max_pieces=max_pieces, context=context)
        self._clock = clock
        self._step_began: float | None = None
        self._session = self._new_session()
        self._commands: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._owners: dict[PieceState, tuple[RowStream, int]] = {}

    def compose(self, requests: Sequence[Request]) -> RowStream:
        """Queue requests; composing starts as soon as the batch has room."""
        stream = RowStream(requests)
        self._commands.put(lambda: self._submit(stream))
        return stream

    def cancel(self, stream: RowStream) -> None:
        """Stop composing a stream. Its reader gets Cancelled, even if the engine is stuck."""
        stream.put(Cancelled())
        self._commands.put(lambda: self._remove(stream))

    def fault(self) -> EngineFailed | None:
        """Why the engine cannot compose at the moment; None if it can."""
        if not self.is_alive():
            return EngineFailed(
                "the engine has terminated; see the server's log, and restart the server"
            )
        began = self._step_began
        if began is not None and self._clock() - began > STALL_SECONDS:
            return EngineFailed(
                f"the engine has been busy for more than {STALL_SECONDS:.0f} seconds with one "
                "step; try again later, or restart the server"
            )
        return None

    def stop(self) -> None:
        """Stop the thread, and wait for it unless it is stuck."""
        self._commands.put(None)
        while self.is_alive() and self.fault() is None:
            self.join(_JOIN_SECONDS)

    def run(self) -> None:
        error: Exception = Cancelled()
        try:
            while self._run_commands():
                self._step()
        except BaseException as failure:
            _LOG.critical("the engine has terminated", exc_info=failure)
            error = EngineFailed("the engine failed; see the server's log")
        for stream, _ in self._owners.values():
            stream.put(error)

    def _step(self) -> None:
        """Compose the next row of every piece."""
        self._step_began = self._clock()
        try:
            for piece, row in self._session.step():
                self._deliver(piece, row)
        except Exception as error:
            self._restart_session(error)
        self._step_began = None
        self._fail_dropped()

    def _run_commands(self) -> bool:
        """Run queued commands; wait for one if there is nothing to compose. False to stop."""
        while not self._owners or not self._commands.empty():
            command = self._commands.get()
            if command is None:
                return False
            command()
        return True

    def _submit(self, stream: RowStream) -> None:
        try:
            for index, request in enumerate(stream.requests):
                piece = self._session.submit(request)
                stream.pieces.append(piece)
                self._owners[piece] = stream, index
        except Exception as error:
            self._fail(stream, error)
        if not stream.requests:
            stream.put(None)

    def _deliver(self, piece: PieceState, row: np.ndarray) -> None:
        stream, index = self._owners[piece]
        stream.put((index, row))
        if piece.grammar.ended:
            del self._owners[piece]
            if not any(other in self._owners for other in stream.pieces):
                stream.put(None)

    def _fail(self, stream: RowStream, error: BaseException) -> None:
        stream.put(error)
        self._remove(stream)

    def _remove(self, stream: RowStream) -> None:
        for piece in stream.pieces:
            self._owners.pop(piece, None)
            self._session.cancel(piece)

    def _fail_dropped(self) -> None:
        """Fail the streams of pieces that the session dropped before they ended."""
        active = {*self._session.pieces, *self._session.waiting}
        for piece in [piece for piece in self._owners if piece not in active]:
            if piece in self._owners:
                dropped = EngineFailed("the engine stopped before the end of the piece; try again")
                self._fail(self._owners[piece][0], piece.error or dropped)

    def _restart_session(self, error: Exception) -> None:
        """Replace the session after an unexpected error; fails all but the waiting pieces."""
        waiting = set(self._session.waiting)
        streams = dict.fromkeys(stream for stream, _ in self._owners.values())
        self._owners.clear()
        self._session = self._new_session()
        for stream in streams:
            if waiting.issuperset(stream.pieces):
                stream.pieces.clear()
                self._submit(stream)
            else:
                stream.put(error)
