"""Openings: the first bars of pieces, so that pieces of like length are compared.

Entropies, numbers of pitches and the like grow with the length of a piece. Every opening goes
through tokens, real and composed, of whatever system: one grid, one track an instrument.
"""

from __future__ import annotations

import numpy as np

from amadeus.music.score import Score
from amadeus.tokens import Attribute, RowType, decode, encode
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import has_sound, opens_bar


def opening(music: Score | np.ndarray, bars: int) -> Score | None:
    """The first `bars` bars from the first note on; None for a shorter piece.

    music: a score with notes, or tokens [N, A] of a whole piece.
    """
    tokens = first_bars(encode(music) if isinstance(music, Score) else music, bars)
    return None if tokens is None else decode(tokens)


def first_bars(tokens: np.ndarray, bars: int) -> np.ndarray | None:
    """The `bars` bars from the first note on as a piece; None for a shorter piece.

    tokens: [N, A] of a whole piece, from START on. Returns the same with START and END, [M, A].
    """
    openings = _bars_from_first_note(tokens)
    if len(openings) < bars:
        return None
    end = openings[bars] if len(openings) > bars else len(tokens) - 1
    return _between(tokens, openings[0], end)


def from_first_note(tokens: np.ndarray) -> np.ndarray:
    """A piece without the empty bars before its first note: tokens as in `first_bars`."""
    return _between(tokens, _bars_from_first_note(tokens)[0], len(tokens) - 1)


def _bars_from_first_note(tokens: np.ndarray) -> np.ndarray:
    """The rows that open the bar of the first note and those after it; [0] without a note."""
    types = tokens[:, Attribute.TYPE]
    openings = np.flatnonzero(opens_bar(types))
    sounding = openings[has_sound(types[openings])]
    return openings[openings >= sounding[0]] if len(sounding) else sounding


def _between(tokens: np.ndarray, begin: int, end: int) -> np.ndarray:
    return np.concatenate([mark(RowType.START), tokens[begin:end], mark(RowType.END)])
