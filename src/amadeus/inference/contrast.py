"""Contrast: how much the bars of a section are like those of sections with another label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amadeus.control.kinds import Form
from amadeus.control.plan import Plan
from amadeus.tokens.rows import bar_index
from amadeus.tokens.vocabulary import Attribute, has_sound


def labels_of_bars(plan: Plan) -> list[str]:
    """The label of the section of each bar of a plan; empty without a form."""
    forms = [c for c in plan.constraints if isinstance(c, Form)]
    return [s.label for form in forms for s in form.sections for _ in range(s.bars or 0)]


def likeness_to_other_sections(rows: np.ndarray, labels: Sequence[str], first: int) -> float:
    """How much new bars are like an earlier bar of a section with another label, from 0 to 1.

    rows: of the plan's bars so far, int64 [N, A]; first: the first new bar. The mean over the new
    bars of the share of notes, by position, instrument and pitch, that they have in common with
    the most similar bar.
    """
    bars = bar_index(rows)
    sounding = has_sound(rows[:, Attribute.TYPE])
    columns = [Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH]
    contents = [
        set(map(tuple, rows[sounding & (bars == bar)][:, columns].tolist()))
        for bar in range(min(len(labels), int(bars.max()) + 1))
    ]
    shared = [
        max((_overlap(contents[bar], contents[other]) for other in range(first)
             if labels[other] != labels[bar]), default=0.0)
        for bar in range(first, len(contents))
    ]  # fmt: skip
    return float(np.mean(shared)) if shared else 0.0


def _overlap(some: set[tuple[int, ...]], others: set[tuple[int, ...]]) -> float:
    """Shared notes among all notes; 0 for silence."""
    return len(some & others) / max(1, len(some | others))
