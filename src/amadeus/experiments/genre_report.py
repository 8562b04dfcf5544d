"""What the experiment on genre has to say, in tables and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from amadeus.experiments.genre import Group, Heard, by_corpus, by_genre
from amadeus.experiments.leaving_out import EVERYTHING, LeftOut
from amadeus.experiments.means import Mean
from amadeus.experiments.report import INK, PALE, STRONG, STYLE, Report, Table
from amadeus.tokens.vocabulary import ATTRIBUTES

FEWEST = 8
"""Genres with fewer pieces are left out of the tables."""
_SUMMARY = """How well the model predicts {pieces} held-out pieces, the first {rows} rows of each,
by corpus and by genre. Nats are those of a row (a note, an empty bar or an end) without captions,
the bound of `amadeus validate`, mean over pieces. Accuracy is the share of attributes whose
likeliest value was the right one when their turn came, in random order. In brackets, the interval
that holds 95 % of bootstrap means over pieces.

{references}
{outside}

**{verdict}**"""
_REFERENCES = """What there is to tell differs between corpora, so the nats are set beside those of
two tables of counts, fitted on training pieces of all corpora: how frequent every value of an
attribute is (unigram), and how frequent after which value (bigram). "Left" is the model's share of
the bigram tables' nats: the smaller, the more of the music it foresees beyond them. The tables have
seen all corpora, the model has not."""
_OUTSIDE = """Corpora marked with * were not in the model's training: all that is in them is new to
it, but works may have been there in other editions, as chorales of Bach and symphonies are in
several collections. None of them is from outside of the Western tradition. The makam music of
`symbtr` was in training; its intervals finer than a semitone are lost in the files as in the
tokens, so about microtonal music nothing can be learned here."""
_LEAVING_OUT = """Nano models (1.2 million parameters) after {steps} updates of 16 excerpts of 256
rows, without words: one saw everything, the others all but one corpus. Nats a row of held-out
pieces, and how many more leaving out a corpus costs, pairing the pieces. They are far behind the
shipped model, for want of compute; what is compared is how far what is learned elsewhere carries.
How much two such trainings differ anyway shows in pieces of all other corpora."""


def report_on(
    pieces: Sequence[Heard],
    left_out: LeftOut | None,
    *,
    rows: int,
    outside: Sequence[str],
    provenance: Mapping[str, Any],
) -> Report:
    """The report. outside: corpora that the model saw nothing of."""
    corpora, genres = by_corpus(pieces), by_genre(pieces, FEWEST)
    with_tables = any(one.tables for one in pieces)
    tables = [
        Table("By corpus", _header("corpus", with_tables),
              [_line(group, outside, with_tables) for group in corpora]),
        Table("By genre", _header("genre", with_tables),
              [_line(group, (), with_tables) for group in genres],
              f"Labels of the sources, with {FEWEST} pieces or more; a piece may have several."),
        _by_attribute(corpora, outside),
    ]  # fmt: skip
    tables += [_leaving_out(left_out)] if left_out else []
    return Report(
        title="Genre",
        summary=_SUMMARY.format(
            pieces=len(pieces), rows=rows, references=_REFERENCES if with_tables else "",
            outside=_OUTSIDE if outside else "", verdict=_verdict(pieces, corpora, outside),
        ),
        tables=tables,
        values={
            "corpora": {group.name: _values(group, outside) for group in corpora},
            "genres": {group.name: _values(group, ()) for group in genres},
            "left out": _left_out_values(left_out),
        },
        provenance=provenance,
        pictures={"genre": draw(corpora, outside)},
    )  # fmt: skip


def _header(kind: str, with_tables: bool) -> list[str]:
    tables = ["unigram", "bigram", "left, %"] if with_tables else []
    return [kind, "pieces", "nats a row", *tables, "accuracy, %", "pitch", "duration"]


def _line(group: Group, outside: Sequence[str], with_tables: bool) -> list[str]:
    tables = [f"{group.table_nats(0).mean:.1f}", f"{group.table_nats(1).mean:.1f}",
              group.left.percent()]  # fmt: skip
    hits = dict(zip(ATTRIBUTES, 100 * group.accuracy, strict=True))
    return [
        _marked(group.name, outside), str(len(group.pieces)), str(group.nats),
        *(tables if with_tables else []),
        f"{np.mean(list(hits.values())):.1f}", f"{hits['pitch']:.0f}", f"{hits['duration']:.0f}",
    ]  # fmt: skip


def _marked(name: str, outside: Sequence[str]) -> str:
    return f"{name} *" if name in outside else name


def _by_attribute(corpora: Sequence[Group], outside: Sequence[str]) -> Table:
    rows = []
    for group in corpora:
        nats = np.mean([one.nats for one in group.pieces], axis=0)
        rows.append([_marked(group.name, outside), *(f"{value:.2f}" for value in nats)])
    return Table("Nats of every attribute", ("corpus", *ATTRIBUTES), rows)


def _leaving_out(found: LeftOut) -> Table:
    rows = []
    for corpus in found.nats[EVERYTHING]:
        for without, nats in found.nats.items():
            loss = "" if without == EVERYTHING else str(found.loss(corpus, without))
            first = corpus if without == EVERYTHING else ""
            rows.append([first, without, str(Mean.of(nats[corpus])), loss])
    header = ("pieces of", "left out of training", "nats a row", "more than with everything")
    return Table("Leaving a corpus out", header, rows, _LEAVING_OUT.format(steps=found.steps))


def _verdict(pieces: Sequence[Heard], corpora: Sequence[Group], outside: Sequence[str]) -> str:
    unknown = Group("", [one for one in pieces if one.corpus in outside])
    known = Group("", [one for one in pieces if one.corpus not in outside])
    spread = f"From {corpora[0].name} ({corpora[0].nats.mean:.2f}) to {corpora[-1].name} "
    spread += f"({corpora[-1].nats.mean:.2f} nats a row)."
    if not unknown.pieces or not known.pieces:
        return spread
    if np.isnan(known.left.mean):
        return f"{spread} Outside of training {unknown.nats}, inside {known.nats} nats a row."
    return (
        f"{spread} Of the tables' nats, {unknown.left.percent()} % are left outside of training, "
        f"{known.left.percent()} % inside."
    )


def _values(group: Group, outside: Sequence[str]) -> dict[str, Any]:
    nats = np.mean([one.nats for one in group.pieces], axis=0)
    return {
        "pieces": len(group.pieces),
        "outside of training": group.name in outside,
        "nats": group.nats.to_dict(),
        "nats by attribute": _named(nats),
        "accuracy by attribute": _named(group.accuracy),
        "unigram": group.table_nats(0).to_dict(),
        "bigram": group.table_nats(1).to_dict(),
        "left": group.left.to_dict(),
    }


def _named(values: np.ndarray) -> dict[str, float]:
    return dict(zip(ATTRIBUTES, np.round(values, 5).tolist(), strict=True))


def _left_out_values(found: LeftOut | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "steps": found.steps,
        "nats": {
            without: {corpus: np.round(nats, 5).tolist() for corpus, nats in by_corpus.items()}
            for without, by_corpus in found.nats.items()
        },
    }


def draw(corpora: Sequence[Group], outside: Sequence[str]) -> Figure:
    """What is left of the tables' nats, or the nats, and how often attributes were foreseen."""
    with_tables = not np.isnan([group.left.mean for group in corpora]).any()
    title = "left of the tables' nats" if with_tables else "nats a row"
    names = [_marked(group.name, outside) for group in corpora]
    accuracy = 100 * np.array([group.accuracy for group in corpora])  # [corpora, A]
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(8.2, 1.6 + 0.22 * len(corpora)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(2, 3))
        for place, group in enumerate(corpora):
            mean = group.left if with_tables else group.nats
            left.barh(place, mean.mean, color=INK if group.name in outside else STRONG, height=0.7)
            left.plot([mean.low, mean.high], [place, place], color=PALE, lw=1.5)
        left.set_title(title)
        left.set_yticks(range(len(names)), names)
        left.invert_yaxis()
        right.imshow(accuracy, aspect="auto", cmap="Blues", vmin=40, vmax=110)
        for row, column in np.ndindex(accuracy.shape):
            value = accuracy[row, column]
            right.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=7,
                       color="white" if value > 85 else INK)  # fmt: skip
        right.set_xticks(range(len(ATTRIBUTES)), ATTRIBUTES, rotation=30, ha="right")
        right.set_title("attributes foreseen, %")
    return figure
