"""How often pieces have faults for which a musician would throw them away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amadeus.critic.faults import FAULTS, find_faults
from amadeus.evaluation.evidence import Evidence, Part, System
from amadeus.music.grid import bars_of
from amadeus.music.score import Score
from amadeus.reports.means import Mean
from amadeus.reports.report import Table
from amadeus.tokens import encode

SILENT = "a requested instrument is silent in more than half of the bars"
_NOTE = """Percent of the pieces, in their first {bars} bars; the last line is of whole pieces that
answer a prompt. Real pieces have such passages as well: compare with them."""


def faults(evidence: Evidence) -> Part | None:
    """How many pieces have each fault, beside real pieces."""
    columns: dict[str, dict[str, Mean]] = {}
    for system in evidence.systems:
        if system.openings:
            columns[system.name] = _shares(system.openings, system.owners)
            if silent := _silent(system):
                owners = [
                    p.prompt.id for p, _ in system.answers if p.music is not None and p.prompt
                ]
                columns[system.name][SILENT] = Mean.of(silent, owners)
    if not columns:
        return None
    if evidence.reference:
        columns["real music"] = _shares(evidence.reference)
    names = [name for name in (*FAULTS, "any of these", SILENT)
             if any(name in shares for shares in columns.values())]  # fmt: skip
    rows = [
        [name, *(s[name].percent() if name in s else "" for s in columns.values())]
        for name in names
    ]
    values = {
        column: {name: mean.to_dict() for name, mean in shares.items()}
        for column, shares in columns.items()
    }
    table = Table("Faults", ("fault, %", *columns), rows, _NOTE.format(bars=evidence.bars))
    return Part([table], {"faults": values})


def _shares(scores: Sequence[Score], owners: Sequence[str] | None = None) -> dict[str, Mean]:
    found = [find_faults(encode(score)) for score in scores]
    shares = {name: Mean.of([float(name in f) for f in found], owners) for name in FAULTS}
    return shares | {"any of these": Mean.of([float(bool(f)) for f in found], owners)}


def _silent(system: System) -> list[float]:
    """For each piece that answers a prompt, whether a requested instrument is mostly silent."""
    found = []
    for piece, wanted in system.answers:
        if piece.music is None:
            continue
        quiet = [_share_of_bars(piece.music, programs) < 0.5 for programs in wanted.instruments]
        found.append(float(any(quiet)))
    return found


def _share_of_bars(score: Score, programs: Sequence[int]) -> float:
    """The share of the bars in which one of the instruments begins a note."""
    starts = bars_of(score).onset_ticks
    onsets = [t.notes["onset_ticks"] for t in score.tracks if t.instrument in programs]
    if not onsets:
        return 0.0
    bars = np.unique(np.searchsorted(starts, np.concatenate(onsets), side="right"))
    return len(bars) / len(starts)
