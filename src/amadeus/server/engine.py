"""The engine: one thread that owns the session in which everybody's pieces are composed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

from amadeus.errors import AmadeusError, BusyError
from amadeus.inference.request import PieceState, Request
from amadeus.inference.session import Session

if TYPE_CHECKING:
    from amadeus.inference.session import Model


_LOG = logging.getLogger(__name__)
STALL_SECONDS = 300.0
"""Longer than any step takes, even the first one on a GPU, which compiles kernels."""
_JOIN_SECONDS = 1.0


class GivenUp(Exception):
    """Nobody wants these pieces any more."""


class OutOfTime(AmadeusError):
    """A job that took longer than a job may."""


class EngineFailed(BusyError):
    """The engine is stuck, has ended, or has lost a piece."""


class Passages:
    """Rows that were asked for, as they come; read by one thread, filled by the engine's."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.pieces: list[PieceState] = []
        """In the session, in the order of the requests; the engine's business."""
        self._arrivals: SimpleQueue[tuple[int, np.ndarray] | BaseException | None] = SimpleQueue()

    def put(self, arrival: tuple[int, np.ndarray] | BaseException | None) -> None:
        """A row with the index of its request; what went wrong; or None, when all have ended."""
        self._arrivals.put(arrival)

    def rows(self, deadline: float) -> Iterator[tuple[int, np.ndarray]]:
        """Index of the request and row, int64 [A], of all of them until the last one ends.

        deadline: by `time.monotonic`. Raises OutOfTime after it, and whatever was put.
        """
        while True:
            try:
                arrived = self._arrivals.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise OutOfTime("this takes too long; ask for less, or again later") from None
            if arrived is None:
                return
            if isinstance(arrived, BaseException):
                raise arrived
            yield arrived


class Engine(threading.Thread):
    """Composes until it is stopped; its methods may be called from any thread."""

    def __init__(
        self,
        model: Model,
        *,
        context: int,
        max_pieces: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """clock: seconds, by which a step is found to take too long."""
        super().__init__(name="engine", daemon=True)
        self._open = lambda: Session(model, max_pieces=max_pieces, context=context)
        self._clock = clock
        self._step_began: float | None = None
        self._session = self._open()
        self._orders: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._places: dict[PieceState, tuple[Passages, int]] = {}

    def compose(self, requests: Sequence[Request]) -> Passages:
        """Ask for passages; they begin as soon as there is room."""
        passages = Passages(requests)
        self._orders.put(lambda: self._begin(passages))
        return passages

    def give_up(self, passages: Passages) -> None:
        """Free the room of passages; the reader gets GivenUp, even if the engine is stuck."""
        passages.put(GivenUp())
        self._orders.put(lambda: self._leave(passages))

    def fault(self) -> EngineFailed | None:
        """Why nothing can be composed at the moment; None if all is well."""
        if not self.is_alive():
            return EngineFailed("the engine has ended; restart the server, whose log says more")
        began = self._step_began
        if began is not None and self._clock() - began > STALL_SECONDS:
            return EngineFailed(
                f"the engine has taken more than {STALL_SECONDS:.0f} seconds over one step; "
                "try again later, or restart the server"
            )
        return None

    def stop(self) -> None:
        """End the thread, and wait until it has ended, unless it is stuck."""
        self._orders.put(None)
        while self.is_alive() and self.fault() is None:
            self.join(_JOIN_SECONDS)

    def run(self) -> None:
        error: Exception = GivenUp()
        try:
            while self._obey():
                self._step()
        except BaseException as failure:
            _LOG.critical("the engine has ended", exc_info=failure)
            error = EngineFailed("the engine failed; the server's log says more")
        for passages, _ in self._places.values():
            passages.put(error)

    def _step(self) -> None:
        """Compose the next row of every piece."""
        self._step_began = self._clock()
        try:
            for piece, row in self._session.step():
                self._hand_over(piece, row)
        except Exception as error:
            self._start_over(error)
        self._step_began = None
        self._end_dropped()

    def _obey(self) -> bool:
        """Carry out what was ordered; wait for orders where there is nothing to compose."""
        while not self._places or not self._orders.empty():
            order = self._orders.get()
            if order is None:
                return False
            order()
        return True

    def _begin(self, passages: Passages) -> None:
        try:
            for index, request in enumerate(passages.requests):
                piece = self._session.submit(request)
                passages.pieces.append(piece)
                self._places[piece] = passages, index
        except Exception as error:
            self._end(passages, error)
        if not passages.requests:
            passages.put(None)

    def _hand_over(self, piece: PieceState, row: np.ndarray) -> None:
        passages, index = self._places[piece]
        passages.put((index, row))
        if piece.grammar.ended:
            del self._places[piece]
            if not any(one in self._places for one in passages.pieces):
                passages.put(None)

    def _end(self, passages: Passages, error: BaseException) -> None:
        passages.put(error)
        self._leave(passages)

    def _leave(self, passages: Passages) -> None:
        for piece in passages.pieces:
            self._places.pop(piece, None)
            self._session.cancel(piece)

    def _end_dropped(self) -> None:
        """End the passages of pieces that the session has given up before their end."""
        held = {*self._session.pieces, *self._session.waiting}
        for piece in [piece for piece in self._places if piece not in held]:
            if piece in self._places:
                lost = EngineFailed("the engine stopped before the end of the piece; try again")
                self._end(self._places[piece][0], piece.error or lost)

    def _start_over(self, error: Exception) -> None:
        """After a bug a session is of no further use: what was being composed is lost."""
        waiting = set(self._session.waiting)
        everything = dict.fromkeys(passages for passages, _ in self._places.values())
        self._places.clear()
        self._session = self._open()
        for passages in everything:
            if waiting.issuperset(passages.pieces):
                passages.pieces.clear()
                self._begin(passages)
            else:
                passages.put(error)
