"""CIEM: does it help to condition the note decoder on the theme of the piece?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amadeus.experiments.ablation import Arm, Gap, ablate, draw, table_of, values_of
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.options import Ciem, Progress
from amadeus.experiments.recipes import describe, prepare, provenance_of_training
from amadeus.reports.report import Report


def run(options: Ciem, progress: Progress) -> Report:
    runs, base = prepare(options, progress)
    without = base.but(model={"enhancement": False})
    arms = ablate(runs, "CIEM", base, without, range(options.seeds))
    return report(arms, describe(base), provenance_of_training(options, base))


_SUMMARY = """The paper reports poor music without its conditional information enhancement (CIEM):
attention among the attributes of a note, and from them to the theme, which is the caption and the
first row. This experiment trains the same model with and without it, on the same data in the same
order, with {seeds} seeds.

{setting}

{captions}"""
_NOTE = """Measured on the first {rows} rows of {pieces} validation pieces, with the same masks for
every run. Nats per row are the bound of `inference/likelihood.py`; less is better. Brackets give
95 % bootstrap intervals over pieces, seeds averaged. "Saved by captions" is the difference between
nats without and with the caption. Times are processor time on one thread, including the text
encoder, and accurate to about a tenth. Runs that end while nats still fall steeply would gain much
from a few more updates."""
_WITHOUT_CAPTIONS = """The models were trained without captions, so the theme is only the first row,
and the main purpose of CIEM is not tested."""
_WITH_CAPTIONS = """CIEM is meant to bring the caption to every note. Captions save {with_it} nats
per row with it and {without} without it. Given no caption, the model with CIEM needs {gap} nats per
row more than the model without it; captions are a gain only where they save more than that."""


def report(arms: Sequence[Arm], setting: str, provenance: Mapping[str, Any]) -> Report:
    """setting: how the runs were trained."""
    recipe, values = arms[0].runs[0].recipe, values_of(arms)
    note = _NOTE.format(rows=recipe.config.rows, pieces=len(arms[0].runs[0].nats))
    return Report(
        title="Conditional information enhancement (CIEM)",
        summary=_SUMMARY.format(
            seeds=len(arms[0].runs), setting=setting, captions=_captions(arms[0], arms[1])
        ),
        tables=[verdict_table("ciem", values), table_of(arms, note)],
        values=values,
        provenance=provenance,
        pictures={"ciem": draw(arms)},
    )


def _captions(with_it: Arm, without: Arm) -> str:
    saved = with_it.saved_by_captions(), without.saved_by_captions()
    nats = with_it.nats_without_captions, without.nats_without_captions
    if saved[0] is None or saved[1] is None or nats[0] is None or nats[1] is None:
        return _WITHOUT_CAPTIONS
    gap = Gap(nats[0] - nats[1])
    return _WITH_CAPTIONS.format(with_it=saved[0].signed(), without=saved[1].signed(), gap=gap)
