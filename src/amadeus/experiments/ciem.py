"""CIEM: does it pay to remind the note decoder of the piece's theme?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from amadeus.experiments.ablation import Arm, ablate, draw, table_of, verdict
from amadeus.experiments.runs import Recipe, Runs
from amadeus.reports.means import Mean
from amadeus.reports.report import Report

_SUMMARY = """The paper finds poor music without its conditional information enhancement (CIEM), the
attention of a note's attributes among themselves and to the theme: the caption and the first row.
Here is the same model with and without it, on the same data in the same order, with {seeds} seeds.

{setting}

**{verdict}**

{heard}"""
_NOTE = """Every run is measured on the first {rows} rows of {pieces} validation pieces, all with
the same masks; nats a row is the bound of `inference/likelihood.py`, less is better. In brackets,
the interval that holds 95 % of bootstrap means over pieces, the seeds averaged; the spread of the
seeds stands beside it. "Better" and "worse" are said where the interval excludes zero and all seeds
agree. Captions save: nats a row without the caption less those with it. Milliseconds are those of
computing on one thread, text encoder included, measured in turns; beside other work they are true
to a tenth. Runs that end while nats still fall fast gain much by a few more updates."""


def run(runs: Runs, base: Recipe, seeds: Sequence[int]) -> list[Arm]:
    """The arms, the one with CIEM first."""
    return ablate(runs, "CIEM", base, base.but(model={"enhancement": False}), seeds)


def report_on(arms: Sequence[Arm], setting: str, provenance: Mapping[str, Any]) -> Report:
    """The report. setting: how the runs were trained."""
    recipe = arms[0].runs[0].recipe
    note = _NOTE.format(rows=recipe.config.rows, pieces=len(arms[0].runs[0].nats))
    summary = _SUMMARY.format(
        seeds=len(arms[0].runs), setting=setting, verdict=verdict(arms, "CIEM"), heard=_heard(arms)
    )
    return Report(
        title="Conditional information enhancement (CIEM)",
        summary=summary,
        tables=[table_of(arms, note)],
        values={
            "arms": [arm.to_dict() for arm in arms],
            "gaps": {arm.name: arm.beyond(arms[0]).to_dict() for arm in arms[1:]},
        },
        provenance=provenance,
        pictures={"ciem": draw(arms)},
    )


def _heard(arms: Sequence[Arm]) -> str:
    with_part, without = arms[0].heard(), arms[1].heard()
    if with_part is None or without is None:
        return (
            "Trained without captions, where the theme is the first row alone: it can be no more "
            "than a bias, and what CIEM is for cannot be seen."
        )
    return (
        f"What CIEM is for is to bring the caption to every note. Captions save "
        f"{with_part.mean:.3f} nats a row with it ({with_part.low:.3f} to {with_part.high:.3f}), "
        f"{without.mean:.3f} ({without.low:.3f} to {without.high:.3f}) without. Where it gets no "
        f"caption the model with CIEM pays {_unheard(arms).signed()} nats more than the one "
        "without: what captions save is gained only as far as it is more than that."
    )


def _unheard(arms: Sequence[Arm]) -> Mean:
    """Nats a row without captions, with CIEM less those without, paired by seed and piece."""
    with_part, without = (np.array([run.nats_unheard for run in arm.runs]) for arm in arms[:2])
    return Mean.of((with_part - without).mean(0))
