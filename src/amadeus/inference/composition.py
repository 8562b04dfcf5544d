"""Composing: pieces grow row by row, several at once, on whatever engine runs the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from amadeus.inference.request import Request
from amadeus.inference.session import MAX_PIECES, Model, Session
from amadeus.tokens.tokenizer import TOKEN_DTYPE

OnRow = Callable[[int, np.ndarray], None]
"""Called with the index of the request and each row, int64 [A], as it is composed."""


class Runner(Protocol):
    """Composes requests."""

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, np.ndarray]]:
        """Yields the index of a request and its next row, int64 [A], as they are composed.

        The rows of the prompts are left out. Raises GrammarError, after the others have ended, for
        a piece that cannot go on.
        """


@dataclass(frozen=True)
class LocalRunner:
    """Composes in a session of its own, as far as rows are requested."""

    model: Model
    context: int | None = None
    """Maximum rows that the network sees at once; by default, as many as it was trained on."""
    max_pieces: int = MAX_PIECES
    """Maximum pieces composed at once; the others wait."""

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, np.ndarray]]:
        """See `Runner`."""
        if not requests:
            return
        session = Session(
            self.model, max_pieces=self.max_pieces, max_waiting=len(requests), context=self.context
        )
        index_of = {session.submit(request): index for index, request in enumerate(requests)}
        for piece, row in session:
            yield index_of[piece], row
        for piece in index_of:
            if piece.error is not None:
                raise piece.error


def collect(
    requests: Sequence[Request],
    rows: Iterable[tuple[int, np.ndarray]],
    on_row: OnRow | None = None,
) -> list[np.ndarray]:
    """The tokens of every piece, prompts included, uint16 [N, A] each. rows: as from a `Runner`."""
    pieces = [[*request.prompt] for request in requests]
    for index, row in rows:
        pieces[index].append(row)
        if on_row is not None:
            on_row(index, row)
    return [np.array(piece, dtype=TOKEN_DTYPE) for piece in pieces]


def compose(
    model: Model,
    requests: Sequence[Request],
    *,
    max_pieces: int = MAX_PIECES,
    context: int | None = None,
    on_row: OnRow | None = None,
) -> list[np.ndarray]:
    """The tokens of every piece, prompts included, uint16 [N, A] each.

    max_pieces, context: see `LocalRunner`.
    Raises GrammarError, after the others have ended, for a piece that cannot go on.
    """
    runner = LocalRunner(model, context, max_pieces)
    return collect(requests, runner.run(requests), on_row)


def stream(model: Model, request: Request, *, context: int | None = None) -> Iterator[np.ndarray]:
    """The rows of one piece, int64 [A] each, as they are composed; the prompt's are left out.

    Composes only when the next row is requested.
    """
    for _, row in LocalRunner(model, context, max_pieces=1).run([request]):
        yield row
