"""Composing on demand: pieces come and go while others are being composed.

Every piece has a slot in the engine's memory, or two where it is guided, one of them deaf to the
text. When a piece leaves, the last slot moves into the gap, and the next piece that waits takes a
slot at the end. What is composed at the same time makes no difference to a piece.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from amadeus.diffusion import guide, unmask, unmask_ahead
from amadeus.diffusion.lookahead import PredictStates
from amadeus.diffusion.unmasking import Bias, Lean
from amadeus.errors import BusyError, ConfigError
from amadeus.inference.native import NativeEngine, NativeNetwork
from amadeus.inference.request import Progress, Request, token_states

if TYPE_CHECKING:
    from amadeus.inference.engine import Engine as TorchEngine
    from amadeus.model import Amadeus

    Model = Amadeus | NativeNetwork
    Engine = TorchEngine | NativeEngine

MAX_PIECES = 16
MAX_WAITING = 1024


class Session:
    """Composes the pieces that are submitted, several at once, the others in order of submission.

    To be used by one thread at a time. After an error in a `step` it is of no further use.
    """

    def __init__(
        self,
        model: Model,
        *,
        max_pieces: int = MAX_PIECES,
        max_waiting: int = MAX_WAITING,
        context: int | None = None,
    ) -> None:
        """max_pieces: most pieces that are composed at once. max_waiting: most that wait for it.

        context: most rows that the network sees at once; by default, as many as it was trained on.
        Raises ConfigError for a session without room.
        """
        for name, value in (("max_pieces", max_pieces), ("max_waiting", max_waiting)):
            if value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        self.max_pieces, self.max_waiting = max_pieces, max_waiting
        self._config = model.config
        self.context = context or model.config.context
        self._engine = engine_of(model, [], self.context)
        self._waiting: deque[Progress] = deque()
        self._seats = _Seats()

    @property
    def pieces(self) -> list[Progress]:
        """What is being composed."""
        return self._seats.active

    @property
    def waiting(self) -> list[Progress]:
        """What is yet to begin, the next one first."""
        return list(self._waiting)

    def submit(self, request: Request) -> Progress:
        """Ask for a piece. Returns the piece, which grows as it is composed.

        Raises BusyError where too many wait, GrammarError for a prompt that no piece begins with,
        and ConfigError for a prompt or a caption that does not fit the network.
        """
        if len(self._waiting) >= self.max_waiting:
            raise BusyError(
                f"{len(self._waiting)} pieces are waiting already; "
                "let some of them begin first, or raise max_waiting"
            )
        token_states(request.text, self._config)
        piece = Progress(request, self.context)
        self._waiting.append(piece)
        return piece

    def cancel(self, piece: Progress) -> None:
        """Give a piece up and free its room; nothing happens if it has ended."""
        if piece in self._waiting:
            self._waiting.remove(piece)
        for slot in self._seats.leave(piece):
            self._engine.retire(slot)

    def step(self) -> list[tuple[Progress, np.ndarray]]:
        """Compose the next row, int64 [A], of every piece for which there is room.

        Empty when there is nothing left to compose.
        """
        self._read()
        self._admit()
        if not self._seats.slots:
            return []
        pieces = self._seats.active
        self._engine.enhance()
        rows = self._reveal(pieces)
        for piece, row in zip(pieces, rows, strict=True):
            piece.accept(row)
            if piece.grammar.ended:
                self.cancel(piece)
        return list(zip(pieces, rows, strict=True))

    def __iter__(self) -> Iterator[tuple[Progress, np.ndarray]]:
        """The rows of all pieces as they are composed, until there is nothing left to compose."""
        while rows := self.step():
            yield from rows

    def _read(self) -> None:
        """Have the engine read the row that every piece got in the last step."""
        slots = self._seats.slots
        if slots:
            self._engine.step(np.stack([piece.grammar.last for piece, _ in slots]))
        for slot, (piece, _) in enumerate(slots):
            if piece.window.moved_on:
                self._engine.prefill(slot, piece.window.rows)

    def _admit(self) -> None:
        """Let pieces that wait begin, as far as there is room."""
        while self._waiting and len(self._seats.active) < self.max_pieces:
            piece = self._waiting.popleft()
            for slot, text in self._seats.take(piece):
                self._engine.admit(text)
                self._engine.prefill(slot, piece.window.rows)

    def _reveal(self, pieces: Sequence[Progress]) -> np.ndarray:
        """The next rows of the pieces, int64 [R, A]; in the compiled core where it can be."""
        prepared = [piece.prepare() for piece in pieces]
        noise = np.stack([noise for noise, _ in prepared])
        biases: list[Bias | None] = [bias for _, bias in prepared]
        grammars = [piece.grammar for piece in pieces]
        configs = [piece.request.unmask for piece in pieces]
        leans = [bias for bias in biases if bias is None or isinstance(bias, Lean)]
        if isinstance(self._engine, NativeEngine) and len(leans) == len(biases):
            return self._engine.unmask(self._seats.places, grammars, configs, noise, leans)
        predict = self._seats.predictor(self._engine)
        if self._engine.looks_ahead(len(grammars)):
            return unmask_ahead(predict, grammars, configs, noise, biases)
        everyone = np.arange(len(grammars))
        return unmask(partial(predict, everyone), grammars, configs, noise, biases=biases)


def engine_of(model: Model, texts: Sequence[np.ndarray | None], context: int) -> Engine:
    """The engine that runs a model, with memory for as many pieces as there are texts.

    texts: token states of the caption of every piece, [S, text_width], or None.
    context: most rows of a piece.
    """
    if isinstance(model, NativeNetwork):
        return NativeEngine(model, texts, context)
    from amadeus.inference.engine import Engine as TorchEngine

    return TorchEngine(model, texts, context)


class _Seats:
    """Who sits in which slot of the engine: guided pieces take two, one of them deaf to the text.

    The last slot moves into the place of one that is given up.
    """

    def __init__(self) -> None:
        self.slots: list[tuple[Progress, bool]] = []
        """The piece in every slot, and whether it hears its text there."""

    @property
    def active(self) -> list[Progress]:
        """The pieces that are being composed, each once."""
        return [piece for piece, hears in self.slots if hears]

    @property
    def places(self) -> list[tuple[int, int, float]]:
        """Of every active piece its slot, the slot that is deaf to the text or -1, and how far it
        is guided."""
        deaf = {piece: slot for slot, (piece, hears) in enumerate(self.slots) if not hears}
        return [
            (slot, deaf.get(piece, -1), piece.request.guidance)
            for slot, (piece, hears) in enumerate(self.slots)
            if hears
        ]

    def take(self, piece: Progress) -> Iterator[tuple[int, np.ndarray | None]]:
        """Seat a piece at the end; yields every slot that it takes, and what it hears there."""
        for hears in (True, False) if piece.request.is_guided else (True,):
            self.slots.append((piece, hears))
            yield len(self.slots) - 1, piece.request.text if hears else None

    def leave(self, piece: Progress) -> list[int]:
        """Give up the slots of a piece; returns them in the order to retire them."""
        left = [slot for slot, (seated, _) in enumerate(self.slots) if seated is piece][::-1]
        for slot in left:
            self.slots[slot] = self.slots[-1]
            self.slots.pop()
        return left

    def predictor(self, engine: Engine) -> PredictStates:
        """Predictions for states of the active pieces, guided where that was asked for."""
        hearing, deaf, scales = (np.array(column) for column in zip(*self.places, strict=True))
        scales = scales.astype(np.float32)[:, None, None]

        def predict(of: np.ndarray, values: np.ndarray, known: np.ndarray) -> np.ndarray:
            guided = np.flatnonzero(deaf[of] >= 0)
            asked = np.concatenate([np.arange(len(of)), guided])
            slots = np.concatenate([hearing[of], deaf[of[guided]]])
            logits = engine.predict(values[asked], known[asked], slots)
            with_text, without = np.split(logits, [len(of)])
            with_text[guided] = guide(with_text[guided], without, scales[of[guided]])
            return with_text

        return predict
