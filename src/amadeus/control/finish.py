"""Exact tempos: what tokens say to the nearest bin, the finished score says to the digit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amadeus.control.plan import Plan
from amadeus.control.structure import ExactTempo
from amadeus.music.grid import bars_of
from amadeus.music.score import Score, Tempo


def finish(score: Score, plan: Plan) -> Score:
    """The score with the very tempos that were asked for, where tokens only come close."""
    exact = [one for one in plan.constraints if isinstance(one, ExactTempo)]
    if not exact:
        return score
    bars = bars_of(score)
    covered = {
        bar: one.bpm_at(bar, plan.num_bars)
        for one in exact
        for bar in range(len(bars))
        if one.scope.covers(bar)
    }
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
