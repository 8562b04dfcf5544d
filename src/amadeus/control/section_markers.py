"""Section markers: the finished score names the sections of its form."""

from __future__ import annotations

from dataclasses import replace

from amadeus.control.kinds import Form
from amadeus.control.plan import Plan
from amadeus.music.grid import bars_of
from amadeus.music.score import Score, Text


def with_section_markers(score: Score, plan: Plan, first_bar: int = 0) -> Score:
    """The score with a marker at the beginning of each section, such as "A'" or "chorus".

    first_bar: the bar of the score, counted from 0, where the plan begins.
    """
    forms = [c for c in plan.constraints if isinstance(c, Form)]
    if not forms:
        return score
    onsets, bar, markers = bars_of(score).onset_ticks.tolist(), first_bar, []
    for section in forms[0].sections:
        if bar < len(onsets):
            markers.append(Text(onsets[bar], str(replace(section, bars=None))))
        bar += section.bars or 0
    return replace(score, markers=tuple(sorted((*score.markers, *markers))))
