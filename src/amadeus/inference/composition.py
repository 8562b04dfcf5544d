"""Composing: pieces grow row by row, several at once, on whatever engine runs the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from amadeus.inference.request import Request
from amadeus.inference.session import MAX_PIECES, Session

if TYPE_CHECKING:
    from amadeus.inference.session import Model

OnRow = Callable[[int, np.ndarray], None]
"""Called with the index of the request and each row, int64 [A], as it is composed."""


def compose(
    model: Model,
    requests: Sequence[Request],
    *,
    max_pieces: int = MAX_PIECES,
    context: int | None = None,
    on_row: OnRow | None = None,
) -> list[np.ndarray]:
    """The tokens of every piece, prompts included, uint16 [N, A] each.

    max_pieces: most that are composed at once; the next one begins where one has ended.
    context: most rows that the network sees at once; by default, as many as it was trained on.
    Raises GrammarError, after the others have ended, for a piece that cannot go on.
    """
    if not requests:
        return []
    session = Session(model, max_pieces=max_pieces, max_waiting=len(requests), context=context)
    pieces = [session.submit(request) for request in requests]
    indices = {piece: index for index, piece in enumerate(pieces)}
    for piece, row in session:
        if on_row is not None:
            on_row(indices[piece], row)
    for piece in pieces:
        if piece.error is not None:
            raise piece.error
    return [piece.tokens for piece in pieces]


def stream(model: Model, request: Request, *, context: int | None = None) -> Iterator[np.ndarray]:
    """The rows of one piece, int64 [A] each, as they are composed; the prompt's are left out.

    Nothing is composed before it is asked for, nor after the stream is closed.
    """
    session = Session(model, max_pieces=1, context=context)
    piece = session.submit(request)
    for _, row in session:
        yield row
    if piece.error is not None:
        raise piece.error
