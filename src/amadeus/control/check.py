"""Where a piece breaks what it was held to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import ceil

import numpy as np

from amadeus.control.conflicts import named
from amadeus.control.plan import with_tonic
from amadeus.control.rules import Constraint
from amadeus.control.structure import Chords, Density, Length, Playing, part_of
from amadeus.music.score import Score
from amadeus.tokens import encode
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index
from amadeus.tokens.vocabulary import ATTRIBUTES, METRE_TICKS, Attribute


def violations(
    piece: Score | np.ndarray, constraints: Iterable[Constraint], planned_bars: int | None = None
) -> list[str]:
    """Every breach of a hard constraint, in words; empty where all hold.

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
    found: list[str] = []
    for one in with_tonic(list(constraints), num_bars):
        covered = np.array([one.scope.covers(int(bar)) for bar in bars], dtype=bool)
        here, where = rows[covered], bars[covered]
        found += _values_outside(one, here, where, planned_bars or num_bars)
        found += _shape(one, here, where, num_bars)
    return found


def _values_outside(
    one: Constraint, rows: np.ndarray, bars: np.ndarray, num_bars: int
) -> list[str]:
    """Notes whose values a constraint does not allow. rows: [N, A], bars: [N]."""
    found = []
    masks = {int(bar): one.masks(int(bar), num_bars) for bar in np.unique(bars)}
    for row, bar in zip(rows, bars.tolist(), strict=True):
        if v.has_sound(row[0]) and not one.scope.covers_instrument(int(row[Attribute.INSTRUMENT])):
            continue
        for attribute, mask in masks[bar].items():
            # In an empty bar, only metre and tempo say something.
            applies = row[attribute] or attribute == Attribute.TYPE
            if applies and not mask[row[attribute]]:
                name = ATTRIBUTES[attribute]
                found.append(f"bar {bar + 1}: {name} {row[attribute]} breaks {named(one)}")
    return found


def _shape(one: Constraint, rows: np.ndarray, bars: np.ndarray, num_bars: int) -> list[str]:
    """Breaches that no single value shows."""
    sound = v.has_sound(rows[:, Attribute.TYPE])
    rows_sounding, bars_sounding = rows[sound], bars[sound]
    if isinstance(one, Length) and one.num_bars != num_bars:
        return [f"the piece has {num_bars} bars, which breaks {named(one)}"]
    if isinstance(one, Playing):
        return _absences(one, rows_sounding, bars_sounding, num_bars)
    if isinstance(one, Density) and one.most is not None:
        return _crowds(one, rows_sounding, bars_sounding)
    if isinstance(one, Chords):
        return _wrong_parts(one, rows, bars)
    return []


def _absences(one: Playing, rows: np.ndarray, bars: np.ndarray, num_bars: int) -> list[str]:
    end = one.scope.end(num_bars) or num_bars
    if end > num_bars:
        return []
    found = []
    for name, group in zip(one.instruments, one.demands, strict=False):
        played = len(set(bars[np.isin(rows[:, Attribute.INSTRUMENT], group)].tolist()))
        needed = max(1, ceil((one.bar_share or 0) * (end - one.scope.first) - 1e-9))
        if played < needed:
            found.append(f"{name} plays in {played} bars, not {needed}, and breaks {named(one)}")
    return found


def _crowds(one: Density, rows: np.ndarray, bars: np.ndarray) -> list[str]:
    counts: Counter[tuple[int, int]] = Counter()
    for bar, instrument in zip(bars.tolist(), rows[:, Attribute.INSTRUMENT].tolist(), strict=True):
        if one.scope.covers_instrument(instrument):
            counts[bar, instrument if one.scope.instruments else 0] += 1
    return [f"bar {bar + 1}: {count} notes break {named(one)}"
            for (bar, _), count in counts.items() if count > (one.most or 0)]  # fmt: skip


def _wrong_parts(one: Chords, rows: np.ndarray, bars: np.ndarray) -> list[str]:
    found, ticks = [], 1
    for row, bar in zip(rows, bars.tolist(), strict=True):
        if v.opens_bar(row[0]):
            ticks = int(METRE_TICKS[v.metre_of(row[0])])
        parts = one.parts(bar)
        if v.has_sound(row[0]):
            part = int(part_of(row[Attribute.BEAT], ticks, len(parts)))
            if row[Attribute.CHORD] != parts[part]:
                found.append(f"bar {bar + 1}: a note under another chord breaks {named(one)}")
    return found
