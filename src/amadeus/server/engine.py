"""The engine: one thread that owns the session in which everybody's pieces are composed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

from amadeus.errors import AmadeusError
from amadeus.inference.request import Progress, Request
from amadeus.inference.session import Session

if TYPE_CHECKING:
    from amadeus.inference.session import Model


class GivenUp(Exception):
    """Nobody wants these pieces any more."""


class OutOfTime(AmadeusError):
    """A job that took longer than a job may."""


class Passages:
    """Rows that were asked for, as they come; read by one thread, filled by the engine's."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.pieces: list[Progress] = []
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

    def __init__(self, model: Model, *, context: int, max_pieces: int) -> None:
        super().__init__(name="engine", daemon=True)
        self._open = lambda: Session(model, max_pieces=max_pieces, context=context)
        self._session = self._open()
        self._orders: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._places: dict[Progress, tuple[Passages, int]] = {}

    def compose(self, requests: Sequence[Request]) -> Passages:
        """Ask for passages; they begin as soon as there is room."""
        passages = Passages(requests)
        self._orders.put(lambda: self._begin(passages))
        return passages

    def give_up(self, passages: Passages) -> None:
        """Free the room of passages; whoever reads them gets GivenUp, if they have not ended."""
        self._orders.put(lambda: self._end(passages, GivenUp()))

    def stop(self) -> None:
        """End the thread, and wait until it has ended."""
        self._orders.put(None)
        if self.is_alive():
            self.join()

    def run(self) -> None:
        try:
            while self._obey():
                try:
                    for piece, row in self._session.step():
                        self._hand_over(piece, row)
                except Exception as error:
                    self._start_over(error)
                self._end_failed()
        finally:  # nobody is left waiting for what will not come
            for passages, _ in self._places.values():
                passages.put(GivenUp())

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

    def _hand_over(self, piece: Progress, row: np.ndarray) -> None:
        passages, index = self._places[piece]
        passages.put((index, row))
        if piece.grammar.ended:
            del self._places[piece]
            if not any(one in self._places for one in passages.pieces):
                passages.put(None)

    def _end(self, passages: Passages, error: BaseException) -> None:
        passages.put(error)
        for piece in passages.pieces:
            self._places.pop(piece, None)
            self._session.cancel(piece)

    def _end_failed(self) -> None:
        """Tell those whose pieces could not go on; the session has given those up."""
        failed = {p: p.error for p in self._places if p.error is not None}
        for piece, error in failed.items():
            if piece in self._places:
                self._end(self._places[piece][0], error)

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
