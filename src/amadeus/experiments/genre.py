"""Genre: which music does a model predict well, and does it carry over to unseen corpora?

Nats alone do not compare corpora, because a lead sheet has less content than an orchestral score.
They are therefore compared with an n-gram baseline, and with the accuracy of the most likely value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from amadeus.corpus.shards import Shards
from amadeus.errors import ConfigError
from amadeus.evaluation.ngram_baseline import fit, openings
from amadeus.experiments import measuring
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.leaving_out import EVERYTHING, LeftOut, leave_out
from amadeus.experiments.options import Genre, Progress, names
from amadeus.experiments.prediction import Predicted, predict, spread
from amadeus.reports.figures import draw_matrix, new_figure
from amadeus.reports.means import Mean
from amadeus.reports.report import INK, PALE, STRONG, Report, Table
from amadeus.tokens.vocabulary import ATTRIBUTES

OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "amadeus-small": (
        "groove-drums", "hauptstimme-orchestral", "kern-nc", "learning-songs", "libregames",
        "linthesia",
    ),
}  # fmt: skip
"""By packaged model, the corpora that were not in its training data.

The model card of amadeus-small counts 22 collections. The number of pieces and the licence shares
that it states are those of all 28 collections without these.
"""
FEWEST = 8
"""Genres with fewer pieces are left out of the tables."""
TRAINING_PIECES, TRAINING_ROWS = 2000, 960
"""Training pieces, and rows of each, that the n-gram baseline is fitted on."""


def run(options: Genre, progress: Progress) -> Report:
    left_out = names(options.leave_out)
    if left_out and options.train is None:
        raise ConfigError("--leave-out trains models; give the training shards with --train DIR")
    outside = names(options.outside) or OUTSIDE.get(measuring.model_name(options), ())
    shards, description = measuring.held_out(options)
    chosen = spread(shards, options.pieces)
    model = measuring.load_composer(options).model
    provenance = measuring.provenance(options, pieces=f"{len(chosen)} of {description}")
    tables = losses = None
    if options.train is not None:
        tables = fit(openings(Shards(options.train, "train"), TRAINING_ROWS, TRAINING_PIECES))
        if left_out:
            losses = leave_out(
                left_out, options.train, shards, steps=options.updates,
                pieces=2 * options.pieces, progress=progress,
            )  # fmt: skip
    predicted = predict(model, shards, chosen, rows=options.rows, tables=tables, progress=progress)
    return report(predicted, losses, rows=options.rows, outside=outside, provenance=provenance)


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces of one corpus or genre."""

    name: str
    pieces: Sequence[Predicted]

    @property
    def nats(self) -> Mean:
        return Mean.of([piece.nats.sum() for piece in self.pieces])

    @property
    def nats_by_attribute(self) -> np.ndarray:
        """Mean over pieces, [A]."""
        return np.mean([piece.nats for piece in self.pieces], axis=0)

    @property
    def accuracy(self) -> np.ndarray:
        """Mean over pieces, [A]."""
        return np.mean([piece.accuracy for piece in self.pieces], axis=0)

    def table_nats(self, which: int) -> Mean:
        """Of the unigram (0) or bigram (1) baseline."""
        return Mean.of([np.nan if p.tables is None else p.tables[which] for p in self.pieces])

    @property
    def left(self) -> Mean:
        """The model's nats as a share of the bigram baseline's."""
        return Mean.of(
            [np.nan if p.tables is None else p.nats.sum() / p.tables[1] for p in self.pieces]
        )


def by_corpus(pieces: Sequence[Predicted]) -> list[Group]:
    """Every corpus, the easiest first: by share of the baseline's nats, or by nats."""
    corpora = sorted({piece.corpus for piece in pieces})
    groups = [Group(name, [p for p in pieces if p.corpus == name]) for name in corpora]
    return sorted(groups, key=_difficulty)


def by_genre(pieces: Sequence[Predicted], fewest: int) -> list[Group]:
    """Genres with at least `fewest` pieces, the easiest first; a piece may have several."""
    genres = sorted({genre for piece in pieces for genre in piece.genres})
    groups = [Group(name, [p for p in pieces if name in p.genres]) for name in genres]
    return sorted((g for g in groups if len(g.pieces) >= fewest), key=_difficulty)


def _difficulty(group: Group) -> float:
    return group.nats.mean if np.isnan(group.left.mean) else group.left.mean


_SUMMARY = """How well the model predicts the first {rows} rows of {pieces} validation pieces, by
corpus and by genre. Nats are those of a row (a note, an empty bar or an end) without captions: the
bound of `amadeus validate`, mean over pieces. Accuracy is the share of attributes whose most likely
value was correct, unmasked in random order. Brackets give 95 % bootstrap intervals over pieces.

{references}
{outside}"""
_REFERENCES = """Corpora differ in how much there is to predict, so nats are compared with two
baselines fitted on training pieces of all corpora: the frequencies of each attribute's values
(unigram), and their frequencies after the previous value (bigram). "Left" is the model's nats as a
share of the bigram baseline's; less is better. The baselines have seen all corpora; the model has
not."""
_OUTSIDE = """Corpora marked with * were not in the model's training data. Some of their works may
have been, in other editions: several collections contain chorales by Bach, or symphonies. None of
these corpora is from outside the Western tradition. The makam music of `symbtr` was in the training
data, but its intervals smaller than a semitone are missing from the files and the tokens."""
_LEAVING_OUT = """Nano models (1.2 million parameters) after {steps} updates of 16 excerpts of 256
rows, without prompts. One was trained on everything, the others on everything but one corpus. The
table has the nats per row of held-out pieces, and the difference that leaving out a corpus makes,
paired by piece. The pieces of all other corpora show how much two such runs differ anyway."""


def report(
    pieces: Sequence[Predicted],
    left_out: LeftOut | None,
    *,
    rows: int,
    outside: Sequence[str],
    provenance: Mapping[str, Any],
) -> Report:
    """outside: corpora that are not in the model's training data."""
    corpora, genres = by_corpus(pieces), by_genre(pieces, FEWEST)
    with_tables = any(piece.tables for piece in pieces)
    values = {
        "corpora": {group.name: _values(group, outside) for group in corpora},
        "genres": {group.name: _values(group, ()) for group in genres},
        "left out": None if left_out is None else left_out.to_dict(),
    }
    tables = [
        verdict_table("genre", values),
        Table("By corpus", _header("corpus", with_tables),
              [_row(group, outside, with_tables) for group in corpora]),
        Table("By genre", _header("genre", with_tables),
              [_row(group, (), with_tables) for group in genres],
              f"Labels of the sources, with at least {FEWEST} pieces; a piece may have several."),
        Table("Nats of every attribute", ("corpus", *ATTRIBUTES),
              [[_marked(group.name, outside), *(f"{n:.2f}" for n in group.nats_by_attribute)]
               for group in corpora]),
    ]  # fmt: skip
    return Report(
        title="Genre",
        summary=_SUMMARY.format(
            pieces=len(pieces), rows=rows, references=_REFERENCES if with_tables else "",
            outside=_OUTSIDE if outside else "",
        ),
        tables=[*tables, _leaving_out(left_out)] if left_out else tables,
        values=values,
        provenance=provenance,
        pictures={"genre": draw(corpora, outside)},
    )  # fmt: skip


def _header(kind: str, with_tables: bool) -> list[str]:
    tables = ["unigram", "bigram", "left, %"] if with_tables else []
    return [kind, "pieces", "nats per row", *tables, "accuracy, %", "pitch", "duration"]


def _row(group: Group, outside: Sequence[str], with_tables: bool) -> list[str]:
    tables = [f"{group.table_nats(0).mean:.1f}", f"{group.table_nats(1).mean:.1f}",
              group.left.percent()]  # fmt: skip
    accuracy = dict(zip(ATTRIBUTES, 100 * group.accuracy, strict=True))
    return [
        _marked(group.name, outside), str(len(group.pieces)), str(group.nats),
        *(tables if with_tables else []), f"{np.mean(list(accuracy.values())):.1f}",
        f"{accuracy['pitch']:.0f}", f"{accuracy['duration']:.0f}",
    ]  # fmt: skip


def _marked(name: str, outside: Sequence[str]) -> str:
    return f"{name} *" if name in outside else name


def _leaving_out(left_out: LeftOut) -> Table:
    rows = []
    for corpus in left_out.nats[EVERYTHING]:
        for without, nats in left_out.nats.items():
            loss = "" if without == EVERYTHING else str(left_out.loss(corpus, without))
            first = corpus if without == EVERYTHING else ""
            rows.append([first, without, str(Mean.of(nats[corpus])), loss])
    header = ("pieces of", "left out of training", "nats per row", "more than with everything")
    return Table("Leaving a corpus out", header, rows, _LEAVING_OUT.format(steps=left_out.steps))


def _values(group: Group, outside: Sequence[str]) -> dict[str, Any]:
    return {
        "pieces": len(group.pieces),
        "outside of training": group.name in outside,
        "nats": group.nats.to_dict(),
        "nats by attribute": _by_attribute(group.nats_by_attribute),
        "accuracy by attribute": _by_attribute(group.accuracy),
        "unigram": group.table_nats(0).to_dict(),
        "bigram": group.table_nats(1).to_dict(),
        "left": group.left.to_dict(),
    }


def _by_attribute(values: np.ndarray) -> dict[str, float]:
    return dict(zip(ATTRIBUTES, np.round(values, 5).tolist(), strict=True))


def draw(corpora: Sequence[Group], outside: Sequence[str]) -> Figure:
    """The share of the baseline's nats (or the nats), and the accuracy of every attribute."""
    with_tables = not np.isnan([group.left.mean for group in corpora]).any()
    labels = [_marked(group.name, outside) for group in corpora]
    accuracy = 100 * np.array([group.accuracy for group in corpora])  # [corpora, A]
    with new_figure(8.2, 1.6 + 0.22 * len(corpora)) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(2, 3))
        draw_matrix(right, accuracy, labels, ATTRIBUTES, lambda share: f"{share:.0f}",
                    cmap="Blues", vmin=40, vmax=110)  # fmt: skip
        for place, group in enumerate(corpora):
            mean = group.left if with_tables else group.nats
            left.barh(place, mean.mean, color=INK if group.name in outside else STRONG, height=0.7)
            left.plot([mean.low, mean.high], [place, place], color=PALE, lw=1.5)
        left.set_title("share of the bigram nats" if with_tables else "nats per row")
        right.tick_params("x", rotation=30)
        right.set_title("accuracy, %")
    return figure
