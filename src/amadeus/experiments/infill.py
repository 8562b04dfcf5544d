"""Infill: do rewritten bars lead to what follows them?

The middle bars of real pieces are rewritten, and the likelihood of the bars that follow is measured
under four predecessors: the piece's own bars, rewrites that were composed without seeing what
follows, rewrites that saw it, and bars of another piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from amadeus.control.edit import Edit
from amadeus.control.revision import Revision
from amadeus.control.selection import Selection, select
from amadeus.errors import ConfigError
from amadeus.inference.composer import Composer
from amadeus.inference.editing import Frame, best, frame_requests, nats_after
from amadeus.inference.sampling import sampling_config
from amadeus.inference.settings import OnProgress
from amadeus.reports.means import Mean
from amadeus.reports.report import INK, PALE, STRONG, STYLE, Report, Table
from amadeus.tokens import decode
from amadeus.tokens.rows import count_bars

PREDECESSORS = {
    "original": "the piece's own bars",
    "seeing, best": "rewritten towards what follows, the best of the tries (the default)",
    "seeing": "rewritten towards what follows, one try",
    "blind, best": "rewritten without seeing what follows, the best of the tries",
    "blind": "rewritten without seeing what follows, one try",
    "other": "bars of another piece",
}
JUDGE = 1
"""Seed of the orders in which tries are judged; they are chosen in others."""
_SUMMARY = """The middle {bars} bars of {pieces} real pieces that no training saw, rewritten. What
counts is the likelihood of the bars that follow, up to {rows} rows of them, given the piece's
beginning and these bars: nats a row under the model itself, less is better. Where there are {tries}
tries, the one with the fewest is kept, measured in other random orders than those of the table.
In brackets, the interval that holds 95 % of bootstrap means.

**{verdict}**"""


@dataclass(frozen=True, slots=True)
class Infill:
    """What came of it: nats per row of what follows, one value for each piece."""

    nats: dict[str, np.ndarray]
    """By predecessor, as in PREDECESSORS."""
    notes: dict[str, np.ndarray]
    """Rows of the passages themselves."""
    bars: int
    tries: int

    def beyond(self, name: str, other: str) -> Mean:
        """How many nats a row more than after another predecessor, piece by piece."""
        return Mean.of(self.nats[name] - self.nats[other])


def rewrite_middles(
    composer: Composer,
    pieces: Sequence[np.ndarray],
    *,
    count: int,
    bars: int,
    tries: int,
    seed: int = 0,
    progress: OnProgress | None = None,
) -> Infill:
    """Rewrite the middle of pieces, spread over those that are long enough.

    pieces: tokens, [N, A] each. Raises ConfigError where too few have three times so many bars.
    """
    selections = [_middle(tokens, bars) for tokens in _choose(pieces, count, 3 * bars)]
    frames = [Frame.around(selection, composer.context) for selection in selections]
    nats: dict[str, list[float]] = {name: [] for name in PREDECESSORS}
    notes: dict[str, list[float]] = {name: [] for name in PREDECESSORS}
    passages = [
        [selection.rows for selection in selections],
        *_rewritten(composer, selections, frames, tries, seed, progress),
        [selections[i - 1].rows for i in range(len(selections))],
    ]
    for name, column in zip(PREDECESSORS, passages, strict=True):
        for frame, passage in zip(frames, column, strict=True):
            nats[name].append(nats_after(composer.model, frame, passage, seed=JUDGE))
            notes[name].append(len(passage))
    return Infill(
        {name: np.array(values) for name, values in nats.items()},
        {name: np.array(values) for name, values in notes.items()},
        bars,
        tries,
    )


def _choose(pieces: Sequence[np.ndarray], count: int, num_bars: int) -> list[np.ndarray]:
    long = [p for p in pieces if count_bars(p) >= num_bars]
    if len(long) < max(2, count):
        raise ConfigError(
            f"{len(long)} pieces have {num_bars} bars or more, {max(2, count)} are needed; ask for "
            "fewer pieces, or fewer bars"
        )
    return [long[i] for i in np.linspace(0, len(long) - 1, count).round().astype(int)]


def _middle(tokens: np.ndarray, bars: int) -> Selection:
    num_bars = count_bars(tokens)
    first = (num_bars - bars) // 2
    return select(decode(tokens), Edit(bars=(first + 1, first + bars)))


def _rewritten(
    composer: Composer,
    selections: Sequence[Selection],
    frames: Sequence[Frame],
    tries: int,
    seed: int,
    progress: OnProgress | None,
) -> list[list[np.ndarray]]:
    """Of each piece the best of the seeing tries, the first, and the same of the blind ones."""
    requests = [
        frame_requests(
            Revision(selection, []), frame, seed=seed + number, tries=tries, look_ahead=look_ahead,
            unmask=sampling_config(),
        )
        for look_ahead in (True, False)
        for number, (selection, frame) in enumerate(zip(selections, frames, strict=True))
    ]  # fmt: skip
    composed = composer.compose([r for some in requests for r in some], progress=progress)
    left = iter(composed)
    tried = [[next(left)[len(r.prompt) : -1].astype(np.int64) for r in some] for some in requests]
    columns = []
    for some in (tried[: len(frames)], tried[len(frames) :]):
        pairs = list(zip(frames, some, strict=True))
        columns.append([best(composer.model, frame, passages) for frame, passages in pairs])
        columns.append([passages[0] for _, passages in pairs])
    return columns


def report_on(infill: Infill, rows: int, provenance: Mapping[str, Any]) -> Report:
    """The report. rows: most rows after the passages that were looked at."""
    header = ("bars before", "nats a row of what follows", "more than the original",
              "worse than the default, % of pieces", "rows")  # fmt: skip
    table = [
        [
            f"{name}: {meaning}",
            str(Mean.of(infill.nats[name])),
            "" if name == "original" else infill.beyond(name, "original").signed(2),
            f"{100 * np.mean(infill.nats[name] > infill.nats['seeing, best']):.0f}",
            f"{infill.notes[name].mean():.0f}",
        ]
        for name, meaning in PREDECESSORS.items()
    ]
    summary = _SUMMARY.format(
        bars=infill.bars, pieces=len(infill.nats["original"]), rows=rows, tries=infill.tries,
        verdict=_verdict(infill),
    )  # fmt: skip
    return Report(
        title="Infill",
        summary=summary,
        tables=[Table("How likely what follows is", header, table)],
        values={
            "nats": {name: np.round(v, 5).tolist() for name, v in infill.nats.items()},
            "rows": {name: v.astype(int).tolist() for name, v in infill.notes.items()},
        },
        provenance=provenance,
        pictures={"infill": draw(infill)},
    )


def _verdict(infill: Infill) -> str:
    """Like is compared with like: seeing with blind, each with as many tries."""
    one, best_of = infill.beyond("blind", "seeing"), infill.beyond("blind, best", "seeing, best")
    better = "lead on better than" if min(one.low, best_of.low) > 0 else "cannot be told from"
    tries = infill.beyond("blind", "blind, best")
    return (
        f"Bars that saw what follows {better} blind ones: {one} nats a row fewer with one try "
        f"each, {best_of} with the best of {infill.tries}. Tries alone, without seeing, save "
        f"{tries}."
    )


def draw(infill: Infill) -> Figure:
    """What each predecessor costs beyond the original, a dot a piece."""
    names = [name for name in PREDECESSORS if name != "original"]
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        axes = figure.subplots()
        for place, name in enumerate(reversed(names)):
            extra = infill.nats[name] - infill.nats["original"]
            mean = infill.beyond(name, "original")
            axes.plot(extra, np.full(len(extra), place), "o", ms=4, color=PALE, mec="none")
            axes.plot([mean.low, mean.high], [place, place], color=STRONG, lw=3)
            axes.plot(mean.mean, place, "o", ms=7, color=STRONG)
        axes.set_yticks(range(len(names)), list(reversed(names)))
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_xlabel("nats a row of what follows, beyond those after the piece's own bars")
    return figure
