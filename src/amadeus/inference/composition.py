"""Composing: pieces grow row by row, several at once, on whatever engine runs the network.

Pieces of a batch may differ in length: each has a slot in the engine's memory, or two where it is
guided, and the last one moves into a slot that is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from amadeus.diffusion import UnmaskConfig, guide, unmask, unmask_ahead
from amadeus.diffusion.lookahead import PredictStates
from amadeus.diffusion.unmasking import Bias, Lean
from amadeus.inference.native import NativeEngine, NativeNetwork
from amadeus.inference.request import Progress, Request
from amadeus.tokens.grammar import Grammar

if TYPE_CHECKING:
    from amadeus.inference.engine import Engine as TorchEngine
    from amadeus.model import Amadeus

    Model = Amadeus | NativeNetwork
    Engine = TorchEngine | NativeEngine

OnRow = Callable[[int, np.ndarray], None]
"""Called with the index of the request and each row, int64 [A], as it is composed."""


def compose(
    model: Model,
    requests: Sequence[Request],
    *,
    context: int | None = None,
    on_row: OnRow | None = None,
) -> list[np.ndarray]:
    """The tokens of every piece, prompts included, uint16 [N, A] each.

    context: most rows that the network sees at once; by default, as many as it was trained on.
    """
    context = context or model.config.context
    pieces = [Progress(request, context) for request in requests]
    for index, row in _rows(model, pieces, context):
        if on_row is not None:
            on_row(index, row)
    return [piece.tokens for piece in pieces]


def stream(model: Model, request: Request, *, context: int | None = None) -> Iterator[np.ndarray]:
    """The rows of one piece, int64 [A] each, as they are composed; the prompt's are left out."""
    context = context or model.config.context
    for _, row in _rows(model, [Progress(request, context)], context):
        yield row


def _rows(
    model: Model, pieces: Sequence[Progress], context: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Compose all pieces in step; yields the index of a piece and its next row, int64 [A]."""
    if not pieces:
        return
    seats = _Seats(pieces)
    engine = engine_of(model, seats.texts, context)
    for slot, piece in enumerate(seats.pieces):
        engine.prefill(slot, piece.window.rows)
    while seats.pieces:
        engine.enhance()
        active = seats.active
        noise, biases = zip(*(pieces[i].prepare() for i in active), strict=True)
        rows = _reveal(
            engine,
            seats,
            [pieces[i].grammar for i in active],
            [pieces[i].request.unmask for i in active],
            np.stack(noise),
            biases,
        )
        for index, row in zip(active, rows, strict=True):
            pieces[index].accept(row)
            yield index, row
        for slot in seats.leave():
            engine.retire(slot)
        if seats.pieces:
            engine.step(np.stack([piece.grammar.last for piece in seats.pieces]))
        for slot, piece in enumerate(seats.pieces):
            if piece.window.moved_on:
                engine.prefill(slot, piece.window.rows)


def engine_of(model: Model, texts: Sequence[np.ndarray | None], context: int) -> Engine:
    """The engine that runs a model, with memory for as many pieces as there are texts.

    texts: token states of the caption of every piece, [S, text_width], or None.
    context: most rows of a piece.
    """
    if isinstance(model, NativeNetwork):
        return NativeEngine(model, texts, context)
    from amadeus.inference.engine import Engine as TorchEngine

    return TorchEngine(model, texts, context)


def _reveal(
    engine: Engine,
    seats: _Seats,
    grammars: Sequence[Grammar],
    configs: Sequence[UnmaskConfig],
    noise: np.ndarray,
    biases: Sequence[Bias | None],
) -> np.ndarray:
    """The next row of every active piece, int64 [R, A]; in the compiled core where it can be."""
    leans = [bias for bias in biases if bias is None or isinstance(bias, Lean)]
    if isinstance(engine, NativeEngine) and len(leans) == len(biases):
        return engine.unmask(seats.places, grammars, configs, noise, leans)
    predict = seats.predictor(engine)
    if engine.looks_ahead(len(grammars)):
        return unmask_ahead(predict, grammars, configs, noise, biases)
    everyone = np.arange(len(grammars))
    return unmask(partial(predict, everyone), grammars, configs, noise, biases=biases)


class _Seats:
    """Who sits in which slot of the engine: guided pieces take two, one of them deaf to the text.

    The last slot moves into the place of one that is given up.
    """

    def __init__(self, pieces: Sequence[Progress]) -> None:
        self._all = pieces
        self._slots = [(index, True) for index in range(len(pieces))]
        self._slots += [(i, False) for i, piece in enumerate(pieces) if piece.request.is_guided]

    @property
    def pieces(self) -> list[Progress]:
        """The piece in every slot."""
        return [self._all[index] for index, _ in self._slots]

    @property
    def texts(self) -> list[np.ndarray | None]:
        """What every slot hears."""
        return [self._all[i].request.text if hears else None for i, hears in self._slots]

    @property
    def active(self) -> list[int]:
        """Indices of the pieces that are being composed."""
        return [index for index, hears in self._slots if hears]

    @property
    def places(self) -> list[tuple[int, int, float]]:
        """Of every active piece its slot, the slot that is deaf to the text or -1, and how far it
        is guided."""
        deaf = {index: slot for slot, (index, hears) in enumerate(self._slots) if not hears}
        return [
            (slot, deaf.get(index, -1), self._all[index].request.guidance)
            for slot, (index, hears) in enumerate(self._slots)
            if hears
        ]

    def leave(self) -> list[int]:
        """Give up the slots of pieces that have ended; returns them in the order to retire them."""
        left = []
        for slot in reversed(range(len(self._slots))):
            if self._all[self._slots[slot][0]].grammar.ended:
                self._slots[slot] = self._slots[-1]
                self._slots.pop()
                left.append(slot)
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
