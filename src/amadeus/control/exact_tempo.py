"""Exact tempos: tokens only have tempo bins, so the finished score gets the exact numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amadeus.control.kinds import ExactTempo
from amadeus.control.plan import Plan
from amadeus.music.grid import bars_of
from amadeus.music.score import Score, Tempo


def with_exact_tempos(score: Score, plan: Plan, first_bar: int = 0) -> Score:
    """The score with the requested exact tempos in place of the tempos of the bins.

    first_bar: the bar of the score, counted from 0, where the plan begins.
    """
    bars = bars_of(score)
    asked = ((bar, exact_tempo(plan, bar - first_bar)) for bar in range(first_bar, len(bars)))
    covered = {bar: bpm for bar, bpm in asked if bpm is not None}
    if not covered:
        return score
    onsets = np.array([tempo.onset_ticks for tempo in score.tempos])
    tempos = [
        tempo
        for tempo, bar in zip(score.tempos, bars.index_at(onsets).tolist(), strict=True)
        if bar not in covered
    ]
    tempos += [Tempo(int(bars.onset_ticks[bar]), bpm) for bar, bpm in covered.items()]
    changes: list[Tempo] = []
    for tempo in sorted(tempos):
        if not changes or changes[-1].bpm != tempo.bpm:
            changes.append(tempo)
    return replace(score, tempos=tuple(changes))


def exact_tempo(plan: Plan, bar: int) -> float | None:
    """The requested tempo of a bar of the plan, counted from 0, if there is one."""
    if plan.num_bars is not None and bar >= plan.num_bars:
        return None
    exact = [c for c in plan.constraints if isinstance(c, ExactTempo)]
    covering = [tempo for tempo in exact if tempo.scope.covers(bar)]
    return covering[-1].bpm_at(bar, plan.num_bars) if covering else None
