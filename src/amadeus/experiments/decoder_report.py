"""What the experiment on decoders has to say, in tables and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from amadeus.experiments.ablation import fine
from amadeus.experiments.decoder_contest import MAX_NOTES, Contest, values_of
from amadeus.experiments.decoders import DIFFUSION, FLAT, IN_TURN, INDEPENDENT
from amadeus.reports.means import Mean
from amadeus.reports.report import INK, PALE, STRONG, STYLE, Report, Table

MEANINGS = {
    DIFFUSION: "any attribute given any others; a bound",
    IN_TURN: "each attribute given those before it; exact",
    INDEPENDENT: "all attributes at once from the latent; exact",
    FLAT: "one causal Transformer over single values; exact",
}
_SUMMARY = """The paper's claim is that the attributes of a note want no order: masked diffusion
over them should beat decoding them one after another. Here are four decoders behind the same
generator, trained on the same data with as much computing: Amadeus' masked diffusion; a causal
Transformer over the attributes, as large, whose attributes see those before them; the same decoder
without seeing any (independent heads); and no decoder at all but a flat sequence of tokens, one for
each attribute that changes and always pitch, duration and velocity. {seeds} seeds.

{setting}

**{verdict}**"""
_NOTE = """Nats a row over the first {rows} rows of {pieces} validation pieces, less is better. That
of masked diffusion is a bound: the mean over all orders of revealing, while the others know their
one order, so its likelihood may be better than it looks, but not worse. It also has more to learn:
each attribute given any of the others, where they learn each in one place. Flat tokens could still
spend probability on tokens that cannot come, which the other three cannot. Computing is measured on
one thread, in turns; who needs less of it for an update gets more updates. In brackets, the 95 %
interval over pieces, the seeds averaged; "seed by seed" tells how much seeds matter."""
_MUSIC_NOTE = """{pieces} pieces of {bars} bars without words (at most {most} notes), with the
weights of the first seed, sampled as by default: at T = 8, in order, all at once, token by token.
Distance is the mean over the metrics of `evaluation/metrics.py` of the distance to real openings,
in their standard deviations, with the interval over resampled pieces; two halves of the real
openings are {floor:.2f} apart. Rows a second are those of computing in eager torch, one piece at a
time, without the cache that `amadeus benchmark` gives to attributes in turn."""


def report_on(contest: Contest, setting: str, provenance: Mapping[str, Any]) -> Report:
    """The report. setting: how the runs were trained."""
    first = contest.arms[DIFFUSION]
    rows, pieces = first.runs[0].recipe.config.rows, len(first.runs[0].nats)
    return Report(
        title="Decoders",
        summary=_SUMMARY.format(
            seeds=len(first.runs), setting=setting, verdict=_verdict(contest)
        ),
        tables=[
            _likelihoods(contest, _NOTE.format(rows=rows, pieces=pieces)),
            _music(contest),
        ],
        values=values_of(contest),
        provenance=provenance,
        pictures={"decoders": draw(contest)},
    )  # fmt: skip


def _likelihoods(contest: Contest, note: str) -> Table:
    first = contest.arms[DIFFUSION]
    rows = []
    for name, arm in contest.arms.items():
        gap = arm.beyond(first)
        seen = arm.steps * arm.runs[0].rows_per_update
        rows.append([
            f"{name}: {MEANINGS[name]}", f"{arm.runs[0].parameters:,}",
            f"{1000 * arm.seconds:.0f}", f"{arm.steps:,}", f"{seen:,}",
            fine(Mean.of(arm.nats.mean(0))), "" if arm is first else str(gap),
            "" if arm is first else gap.seeds_text(),
        ])  # fmt: skip
    header = ("decoder", "parameters", "ms an update", "updates", "rows seen", "nats a row",
              "more than diffusion", "seed by seed")  # fmt: skip
    return Table("Likelihood", header, rows, note)


def _music(contest: Contest) -> Table:
    rows = [
        [name, str(one.distance), f"{one.rows:.0f}", f"{one.rows_per_second:.0f}"]
        for name, one in contest.composed.items()
    ]
    note = _MUSIC_NOTE.format(
        pieces=contest.pieces, bars=contest.bars, most=MAX_NOTES, floor=contest.among_real
    )
    header = ("decoder", "distance to real openings", "rows a piece", "rows a second")
    return Table("Music", header, rows, note)


def _verdict(contest: Contest) -> str:
    first, sentences = contest.arms[DIFFUSION], []
    for name, arm in contest.arms.items():
        if arm is first:
            continue
        gap = arm.beyond(first)
        size = f"{abs(gap.pieces.mean):.3f} nats a row"
        sentences.append(
            {
                1: f"Diffusion's bound is {size} below {name}",
                -1: f"Diffusion's bound is {size} above {name}",
                0: f"Diffusion and {name} cannot be told apart ({gap.pieces.mean:+.3f} for {name})",
            }[gap.sign]
        )
    distances = [one.distance for one in contest.composed.values()]
    overlap = max(one.low for one in distances) < min(one.high for one in distances)
    heard = "cannot tell them apart" if overlap else "tells some of them apart"
    return f"{'. '.join(sentences)}. The distance of composed from real music {heard}."


def draw(contest: Contest) -> Figure:
    """Learning curves over computing, and likelihood beside music."""
    colours = dict(zip(contest.arms, (STRONG, "#c8662b", "#7a9a5b", INK), strict=True))
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(8.4, 3.2), layout="constrained")
        curves, music = figure.subplots(1, 2, width_ratios=(1.3, 1))
        for name, arm in contest.arms.items():
            steps, nats = np.stack([run.curve for run in arm.runs]).mean(0).T
            curves.plot(steps * arm.seconds, nats, "o-", ms=3, color=colours[name], label=name)
        curves.set_title("While training")
        curves.set_xlabel("seconds of computing, one thread")
        curves.set_ylabel("nats a row of validation openings")
        curves.legend(frameon=False)
        for name, one in contest.composed.items():
            nats = contest.arms[name].nats.mean()
            distance = one.distance
            music.plot([nats, nats], [distance.low, distance.high], color=PALE, lw=3)
            music.plot(nats, distance.mean, "o", ms=6, color=colours[name])
        music.axhline(contest.among_real, color=INK, lw=0.8, ls=":")
        music.set_ylim(bottom=0)
        music.set_title("In the end")
        music.set_xlabel("nats a row")
        music.set_ylabel("distance of composed to real pieces")
    return figure
