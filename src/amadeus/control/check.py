"""Where a piece breaks its constraints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from amadeus.control.constraint import Constraint
from amadeus.music.score import Score
from amadeus.tokens import encode
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index
from amadeus.tokens.vocabulary import ATTRIBUTES, Attribute


def violations(
    piece: Score | np.ndarray, constraints: Iterable[Constraint], planned_bars: int | None = None
) -> list[str]:
    """Every violation of a hard constraint, in words; empty if all hold.

    piece: a score, or the tokens of a whole piece, [N, A]. A score is looked at as tokens, so
    tempos, velocities and lengths count to the nearest bin, and chords are estimated where the
    score names none. planned_bars: where curves end, if a limit on notes has cut the piece; by
    default, as many bars as it has.
    """
    tokens = np.asarray(encode(piece) if isinstance(piece, Score) else piece).astype(np.int64)
    bars = bar_index(tokens)
    num_bars = int(bars[-1]) + 1
    inside = v.opens_bar(tokens[:, Attribute.TYPE]) | v.has_sound(tokens[:, Attribute.TYPE])
    rows, bars = tokens[inside], bars[inside]
    given = list(constraints)
    messages: list[str] = []
    for constraint in (c.resolve(given, num_bars) for c in given):
        covered = np.array([constraint.scope.covers(int(bar)) for bar in bars], dtype=bool)
        messages += _outside(constraint, rows[covered], bars[covered], planned_bars or num_bars)
        messages += constraint.breaches(rows[covered], bars[covered], num_bars)
    return messages


def _outside(
    constraint: Constraint, rows: np.ndarray, bars: np.ndarray, num_bars: int
) -> Iterator[str]:
    """Notes whose values a constraint does not allow. rows: [N, A], bars: [N]."""
    masks = {int(bar): constraint.masks(int(bar), num_bars) for bar in np.unique(bars)}
    for row, bar in zip(rows, bars.tolist(), strict=True):
        instrument = int(row[Attribute.INSTRUMENT])
        if v.has_sound(row[0]) and not constraint.scope.covers_instrument(instrument):
            continue
        for attribute, mask in masks[bar].items():
            # In an empty bar, only metre and tempo have values.
            applies = row[attribute] or attribute == Attribute.TYPE
            if applies and not mask[row[attribute]]:
                value = f"{ATTRIBUTES[attribute]} {row[attribute]}"
                yield f"bar {bar + 1}: {value} breaks {constraint.described}"
