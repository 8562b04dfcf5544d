"""Infill: do rewritten bars lead into what follows them?

The middle bars of real pieces are replaced, and the likelihood of the following bars is measured
after the original bars, after rewrites with and without look-ahead, and after another piece's bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from amadeus.control.edit import Edit
from amadeus.control.revision import Revision
from amadeus.control.selection import Selection, select
from amadeus.errors import ConfigError
from amadeus.experiments import measuring
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.options import Infill, Progress
from amadeus.inference.composer import Composer
from amadeus.inference.editing import HEARD_AFTER, Frame, best, frame_requests, nats_after
from amadeus.inference.sampling import sampling_config
from amadeus.inference.settings import OnProgress
from amadeus.reports.figures import draw_intervals, new_figure
from amadeus.reports.means import Mean
from amadeus.reports.report import PALE, Report, Table
from amadeus.tokens import decode
from amadeus.tokens.rows import count_bars

PASSAGES = {
    "original": "the piece's own bars",
    "seeing, best": "rewritten with look-ahead, the best candidate (the default)",
    "seeing": "rewritten with look-ahead, one candidate",
    "blind, best": "rewritten without look-ahead, the best candidate",
    "blind": "rewritten without look-ahead, one candidate",
    "other": "bars of another piece",
}
JUDGE = 1
"""Seed of the unmasking orders in which passages are compared; candidates are chosen in others."""


def run(options: Infill, progress: Progress) -> Report:
    shards, description = measuring.held_out(options)
    provenance = measuring.provenance(options, pieces=f"{options.pieces} of {description}")
    rewritten = rewrite_middles(
        measuring.load_composer(options),
        [shards.tokens(index) for index in range(len(shards))],
        count=options.pieces, bars=options.bars, candidates=options.candidates, seed=options.seed,
        progress=lambda bars, total: progress("Composing bars", bars, total),
    )  # fmt: skip
    return report(rewritten, HEARD_AFTER, provenance)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The results by passage, as in PASSAGES, one value per piece."""

    nats: dict[str, np.ndarray]
    """Nats per row of what follows."""
    notes: dict[str, np.ndarray]
    """Rows of the passages themselves."""
    bars: int
    candidates: int

    def extra(self, name: str, baseline: str = "original") -> Mean:
        """Nats per row beyond those after another passage, paired by piece."""
        return Mean.of(self.nats[name] - self.nats[baseline])


def rewrite_middles(
    composer: Composer,
    pieces: Sequence[np.ndarray],
    *,
    count: int,
    bars: int,
    candidates: int,
    seed: int = 0,
    progress: OnProgress | None = None,
) -> Rewritten:
    """Rewrite the middle of `count` pieces, spread evenly over those that are long enough.

    pieces: tokens, [N, A] each. Raises ConfigError if too few have 3 * `bars` bars.
    """
    selections = [_middle(tokens, bars) for tokens in _choose(pieces, count, 3 * bars)]
    frames = [Frame.around(selection, composer.context) for selection in selections]
    columns = [
        [selection.rows for selection in selections],
        *_rewritten(composer, selections, frames, candidates, seed, progress),
        [selections[i - 1].rows for i in range(len(selections))],
    ]
    nats, notes = {}, {}
    for name, passages in zip(PASSAGES, columns, strict=True):
        pairs = zip(frames, passages, strict=True)
        nats[name] = np.array([nats_after(composer.model, f, p, seed=JUDGE) for f, p in pairs])
        notes[name] = np.array([len(passage) for passage in passages])
    return Rewritten(nats, notes, bars, candidates)


def _choose(pieces: Sequence[np.ndarray], count: int, num_bars: int) -> list[np.ndarray]:
    long = [p for p in pieces if count_bars(p) >= num_bars]
    if len(long) < max(2, count):
        raise ConfigError(
            f"only {len(long)} pieces have {num_bars} bars or more, and {max(2, count)} are "
            "needed; use fewer pieces or fewer bars"
        )
    return [long[i] for i in np.linspace(0, len(long) - 1, count).round().astype(int)]


def _middle(tokens: np.ndarray, bars: int) -> Selection:
    first = (count_bars(tokens) - bars) // 2
    return select(decode(tokens), Edit(bars=(first + 1, first + bars)))


def _rewritten(
    composer: Composer,
    selections: Sequence[Selection],
    frames: Sequence[Frame],
    candidates: int,
    seed: int,
    progress: OnProgress | None,
) -> list[list[np.ndarray]]:
    """For each piece, the best and the first candidate with look-ahead, then without."""
    requests = [
        frame_requests(
            Revision(selection, []), frame, seed=seed + number, tries=candidates,
            look_ahead=look_ahead, unmask=sampling_config(),
        )
        for look_ahead in (True, False)
        for number, (selection, frame) in enumerate(zip(selections, frames, strict=True))
    ]  # fmt: skip
    composed = iter(composer.compose([r for group in requests for r in group], progress=progress))
    passages = [
        [next(composed)[len(r.prompt) : -1].astype(np.int64) for r in group] for group in requests
    ]
    columns = []
    for half in (passages[: len(frames)], passages[len(frames) :]):
        pairs = zip(frames, half, strict=True)
        columns.append([best(composer.model, frame, group) for frame, group in pairs])
        columns.append([group[0] for group in half])
    return columns


_SUMMARY = """The middle {bars} bars of {pieces} real validation pieces are replaced. The measure is
the likelihood of up to {rows} rows of the bars that follow, given the beginning of the piece and
the new bars, as nats per row under the model itself; less is better. Among {candidates} candidates,
the one with the fewest such nats is kept, measured in other random orders than those of the table.
Brackets give 95 % bootstrap intervals."""


def report(rewritten: Rewritten, rows: int, provenance: Mapping[str, Any]) -> Report:
    """rows: most rows after the passages that were measured."""
    nats, default = rewritten.nats, rewritten.nats["seeing, best"]
    table = [
        [
            f"{name}: {meaning}",
            str(Mean.of(nats[name])),
            "" if name == "original" else rewritten.extra(name).signed(2),
            f"{100 * np.mean(nats[name] > default):.0f}",
            f"{rewritten.notes[name].mean():.0f}",
        ]
        for name, meaning in PASSAGES.items()
    ]
    header = ("bars", "nats per row of what follows", "beyond the original",
              "worse than the default, % of pieces", "rows")  # fmt: skip
    values = {
        "nats": {name: np.round(v, 5).tolist() for name, v in nats.items()},
        "rows": {name: v.astype(int).tolist() for name, v in rewritten.notes.items()},
    }
    return Report(
        title="Infill",
        summary=_SUMMARY.format(
            bars=rewritten.bars, pieces=len(default), rows=rows, candidates=rewritten.candidates
        ),
        tables=[
            verdict_table("infill", values),
            Table("Likelihood of what follows", header, table),
        ],
        values=values,
        provenance=provenance,
        pictures={"infill": draw(rewritten)},
    )


def draw(rewritten: Rewritten) -> Figure:
    """Extra nats after each passage, with a dot for each piece."""
    extra = {name: rewritten.extra(name) for name in PASSAGES if name != "original"}
    with new_figure(7.2, 3.0) as figure:
        axes = figure.subplots()
        for place, name in enumerate(reversed(extra)):
            values = rewritten.nats[name] - rewritten.nats["original"]
            axes.plot(values, np.full(len(values), place), "o", ms=4, color=PALE, mec="none")
        draw_intervals(axes, extra)
        axes.set_xlabel("nats per row of what follows, beyond those after the original bars")
    return figure
