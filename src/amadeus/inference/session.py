"""Composing on demand: pieces come and go while others are being composed.

Every piece has a slot in the engine, and a guided piece has a second slot without its text. When a
piece leaves, the last slot moves into the gap, and the next waiting piece takes a slot at the end.
A piece does not depend on what is composed at the same time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from amadeus.diffusion.unmasking import LogitBias
from amadeus.errors import AmadeusError, BusyError, ConfigError, GrammarError
from amadeus.inference.engine import Engine, OpenPiece
from amadeus.inference.native import NativeEngine, NativeNetwork
from amadeus.inference.request import PieceState, Request, token_states

if TYPE_CHECKING:
    from amadeus.model import Amadeus

Model: TypeAlias = "Amadeus | NativeNetwork"
_Rows = list[tuple[PieceState, np.ndarray]]
_Prepared = dict[PieceState, tuple[np.ndarray, "LogitBias | None"]]
MAX_PIECES = 16
MAX_WAITING = 1024


class Session:
    """Composes submitted pieces in order of submission, several at once.

    A piece that cannot be completed, because its constraints contradict each other, ends with its
    `error` set; the others continue. Not thread-safe.
    """

    def __init__(
        self,
        model: Model,
        *,
        max_pieces: int = MAX_PIECES,
        max_waiting: int = MAX_WAITING,
        context: int | None = None,
    ) -> None:
        """max_pieces: maximum pieces composed at once. max_waiting: maximum pieces waiting.

        context: maximum rows that the network sees; by default, as many as it was trained on.
        Raises ConfigError if a maximum is below 1.
        """
        for name, value in (("max_pieces", max_pieces), ("max_waiting", max_waiting)):
            if value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        self.max_pieces, self.max_waiting = max_pieces, max_waiting
        self._config = model.config
        self.context = context or model.config.context
        self._engine = engine_of(model, [], self.context)
        self._waiting: deque[PieceState] = deque()
        self._slots = SlotTable()
        self._ahead: deque[_Rows] = deque()
        """Rows that the engine has composed ahead and that have not been returned yet."""
        self._is_read = True
        """Whether the engine has read the last row of every piece."""

    @property
    def pieces(self) -> list[PieceState]:
        """The pieces that are being composed."""
        return self._slots.active

    @property
    def waiting(self) -> list[PieceState]:
        """The pieces that wait, the next one first."""
        return list(self._waiting)

    def submit(self, request: Request) -> PieceState:
        """Submit a piece. Returns its state, which grows as it is composed.

        Raises BusyError if too many pieces wait, GrammarError for a prompt that is not the
        beginning of a piece, and ConfigError for a prompt or caption that does not fit the network.
        """
        if len(self._waiting) >= self.max_waiting:
            raise BusyError(
                f"{len(self._waiting)} pieces are waiting already; "
                "let some of them begin first, or raise max_waiting"
            )
        token_states(request.text, self._config)
        piece = PieceState(request, self.context)
        self._waiting.append(piece)
        return piece

    def cancel(self, piece: PieceState) -> None:
        """Stop a piece and free its slots; nothing happens if it has ended."""
        if piece in self._waiting:
            self._waiting.remove(piece)
        for slot in self._slots.leave(piece):
            self._engine.retire(slot)

    def step(self) -> list[tuple[PieceState, np.ndarray]]:
        """Compose the next row, int64 [A], of up to `max_pieces` pieces.

        Returns nothing if there is nothing left to compose.
        """
        while self._slots.slots or self._waiting:
            if not self._ahead:
                self._read()
                self._admit()
                self._ahead.extend(self._compose())
            if taken := self._take(self._ahead.popleft()):
                return taken
        self._ahead.clear()
        return []

    def __iter__(self) -> Iterator[tuple[PieceState, np.ndarray]]:
        """Yields the rows of all pieces as they are composed, until all have ended."""
        while rows := self.step():
            yield from rows

    def _read(self) -> None:
        """Have the engine read the last row of every piece."""
        slots = self._slots.slots
        if slots and not self._is_read:
            self._engine.step(np.stack([piece.grammar.last for piece, _ in slots]))
        self._is_read = True
        for slot, (piece, _) in enumerate(slots):
            if piece.window.moved_on:
                self._engine.prefill(slot, piece.window.rows)

    def _admit(self) -> None:
        """Begin waiting pieces, up to `max_pieces`."""
        while self._waiting and len(self._slots.active) < self.max_pieces:
            piece = self._waiting.popleft()
            for slot, text in self._slots.take(piece):
                self._engine.admit(text)
                self._engine.prefill(slot, piece.window.rows)

    def _take(self, rows: _Rows) -> list[tuple[PieceState, np.ndarray]]:
        """Append the rows of the pieces that have not ended or been cancelled."""
        active = set(self._slots.active)
        taken = [(piece, row) for piece, row in rows if piece in active]
        for piece, row in taken:
            piece.accept(row)
            if piece.grammar.ended:
                self.cancel(piece)
        return taken

    def _compose(self) -> list[_Rows]:
        """The next row of every piece, or several rows if the engine composes ahead."""
        pieces = self._slots.active
        if all(piece.is_free for piece in pieces) and (ahead := self._compose_ahead(pieces)):
            self._is_read = True
            return ahead
        self._is_read = False
        prepared: _Prepared = {}
        for piece in pieces:
            with _failing(piece):
                prepared[piece] = piece.prepare()
        rows = self._rows(prepared) if prepared else []
        for piece in pieces:
            if piece.error is not None:
                self.cancel(piece)
        return [rows]

    def _compose_ahead(self, pieces: Sequence[PieceState]) -> list[_Rows]:
        """Several rows of every piece, if the engine composes and reads them by itself."""
        rows = self._engine.compose_ahead(
            self._slots.open(pieces),
            lambda count: np.stack([piece.noise(count) for piece in pieces], axis=1),
            min(piece.window.room for piece in pieces),
        )
        return [list(zip(pieces, step, strict=True)) for step in rows]

    def _rows(self, prepared: _Prepared) -> _Rows:
        """The next row of every piece that can continue."""
        self._engine.enhance()
        try:
            return list(zip(prepared, self._reveal(prepared), strict=True))
        except GrammarError:  # rows are independent, so this finds the piece that failed
            rows = []
            for piece, given in prepared.items():
                with _failing(piece):
                    rows.append((piece, self._reveal({piece: given})[0]))
            return rows

    def _reveal(self, prepared: _Prepared) -> np.ndarray:
        """The next rows of the pieces, int64 [R, A]."""
        noise, biases = zip(*prepared.values(), strict=True)
        return self._engine.unmask(self._slots.open(prepared), np.stack(noise), biases)


def engine_of(model: Model, texts: Sequence[np.ndarray | None], context: int) -> Engine:
    """The engine for a model, with a piece for each text.

    texts: token states of the caption of every piece, [S, text_width], or None.
    context: maximum rows of a piece.
    """
    if isinstance(model, NativeNetwork):
        return NativeEngine(model, texts, context)
    from amadeus.inference.device.engine import DeviceEngine
    from amadeus.inference.torch_engine import TorchEngine

    on_cpu = next(model.parameters()).device.type == "cpu"
    return (TorchEngine if on_cpu else DeviceEngine)(model, texts, context)


@contextmanager
def _failing(piece: PieceState) -> Iterator[None]:
    """Record an error in its piece, so that the others continue."""
    try:
        yield
    except AmadeusError as error:
        piece.error = error


class SlotTable:
    """The pieces in the slots of the engine; a guided piece has two slots.

    The last slot moves into a slot that is freed.
    """

    def __init__(self) -> None:
        self.slots: list[tuple[PieceState, bool]] = []
        """The piece in every slot, and whether the slot is the conditional one, with its text."""

    @property
    def active(self) -> list[PieceState]:
        """The pieces that are being composed, without repetition."""
        return [piece for piece, is_conditional in self.slots if is_conditional]

    def open(self, pieces: Iterable[PieceState]) -> list[OpenPiece]:
        """The pieces as the engine knows them."""
        slot_of = {entry: slot for slot, entry in enumerate(self.slots)}
        return [
            OpenPiece(
                piece.grammar, piece.request.unmask, slot_of[piece, True],
                slot_of.get((piece, False), -1), piece.request.guidance,
            )
            for piece in pieces
        ]  # fmt: skip

    def take(self, piece: PieceState) -> Iterator[tuple[int, np.ndarray | None]]:
        """Append the slots of a piece; yields each slot with its prefix."""
        request = piece.request
        texts = [(True, request.text)]
        if request.is_guided:
            texts.append((False, request.contrast))
        for is_conditional, text in texts:
            self.slots.append((piece, is_conditional))
            yield len(self.slots) - 1, text

    def leave(self, piece: PieceState) -> list[int]:
        """Free the slots of a piece; returns them in the order to retire them."""
        left = [slot for slot, (seated, _) in enumerate(self.slots) if seated is piece][::-1]
        for slot in left:
            self.slots[slot] = self.slots[-1]
            self.slots.pop()
        return left
