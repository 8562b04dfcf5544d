"""Dependency: how informative are the attributes of a note about each other, and does it matter?

Mutual information is counted in the notes of a corpus, over all notes and within pieces. Then real
music is unmasked in orders derived from it, and in others, and its likelihood is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from amadeus.corpus.shards import Shards
from amadeus.errors import CorpusError
from amadeus.evaluation.information import (
    Dependency,
    dependency_over,
    dependency_within,
    mean_of,
    sounding,
)
from amadeus.experiments import measuring
from amadeus.experiments import options as experiment_options
from amadeus.experiments.claims import verdict_table
from amadeus.experiments.options import Progress, no_progress
from amadeus.experiments.policies import ORDERS, Cost, Policies, cost_of, in_order
from amadeus.reports.figures import draw_matrix, new_figure
from amadeus.reports.means import Mean
from amadeus.reports.report import Report, Table
from amadeus.tokens.vocabulary import ATTRIBUTES

FEWEST_PIECES = 8
"""Corpora and genres with fewer pieces are not counted separately."""
FEWEST_NOTES = 32


def run(options: experiment_options.Dependency, progress: Progress) -> Report:
    shards, description = measuring.held_out(options)
    model = measuring.load_composer(options).model
    pieces = measuring.evenly(shards, options.pieces)
    provenance = measuring.provenance(
        options, pieces=f"{description}, of which {len(pieces)} are predicted"
    )
    counts = count(shards, options.notes, progress)
    orders = orders_of(counts.everything)
    costs = cost_of(model, pieces, orders, rows=options.rows, progress=progress)
    return report(counts, costs, orders, rows=options.rows, provenance=provenance)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Dependencies between attributes in a set of pieces."""

    pieces: int
    notes: int
    over: Dependency
    """Over all notes."""
    within: Dependency
    """Within each piece, averaged."""

    @property
    def most_informative(self) -> str:
        """The attribute that determines most of the others within pieces."""
        return ATTRIBUTES[int(self.within.told_of_all.argmax())]


@dataclass(frozen=True, slots=True)
class GroupedCounts:
    """Counts of all pieces, and of every corpus and genre with enough pieces."""

    everything: Counts
    corpora: Mapping[str, Counts]
    genres: Mapping[str, Counts]


def count(shards: Shards, rows: int, progress: Progress = no_progress) -> GroupedCounts:
    """Count the notes among the first `rows` rows of every piece.

    Raises CorpusError if there are too few pieces.
    """
    notes = [sounding(np.asarray(shards.tokens(i))[:rows]) for i in range(len(shards))]
    usable = [place for place, piece in enumerate(notes) if len(piece) >= FEWEST_NOTES]
    if len(usable) < FEWEST_PIECES:
        raise CorpusError(
            f"{shards.folder} has {len(usable)} pieces of {FEWEST_NOTES} notes, but "
            f"{FEWEST_PIECES} are needed; use another folder or more rows"
        )
    within = {}
    for done, place in enumerate(usable):
        progress("counting", done, len(usable))
        within[place] = dependency_within(notes[place].astype(np.int64), seed=place)

    def counts(places: Sequence[int]) -> Counts:
        chosen = [notes[place].astype(np.int64) for place in places]
        sizes = [len(piece) for piece in chosen]
        averaged = mean_of([within[place] for place in places], sizes)
        return Counts(len(chosen), sum(sizes), dependency_over(chosen), averaged)

    def counts_by(names_of: Callable[[int], Sequence[str]]) -> dict[str, Counts]:
        groups: dict[str, list[int]] = {}
        for place in usable:
            for name in names_of(place):
                groups.setdefault(name, []).append(place)
        return {n: counts(p) for n, p in sorted(groups.items()) if len(p) >= FEWEST_PIECES}

    return GroupedCounts(
        counts(usable),
        counts_by(lambda place: [shards.pieces[place].corpus]),
        counts_by(lambda place: shards.pieces[place].facts["genres"] or []),
    )


def orders_of(counts: Counts) -> Policies:
    """Orders by how informative an attribute is about all others, and some to compare with.

    The first, "random", is the baseline.
    """
    over, within = (
        [ATTRIBUTES[a] for a in np.argsort(-dependency.told_of_all, kind="stable")]
        for dependency in (counts.over, counts.within)
    )
    return {
        "random": ORDERS["random"],
        "telling first": in_order(*over),
        "telling last": in_order(*reversed(over)),
        "telling first, within pieces": in_order(*within),
        "telling last, within pieces": in_order(*reversed(within)),
        "surest first": {},
        **{name: settings for name, settings in ORDERS.items() if name != "random"},
    }


_SHOWN = (
    ("instrument", "pitch"), ("pitch", "instrument"), ("pitch", "duration"), ("duration", "pitch"),
    ("chord", "pitch"), ("pitch", "chord"), ("beat", "duration"), ("duration", "beat"),
    ("instrument", "velocity"),
)  # fmt: skip
"""Known and predicted attributes in the tables by corpus and genre."""
_SUMMARY = """Masked diffusion treats the attributes of a note as unordered. This experiment counts
their mutual information in {notes:,} notes of {pieces:,} pieces, and subtracts the information that
chance produces in as many notes (`evaluation/information.py`). Mutual information is symmetric. The
share of an attribute's entropy that another attribute determines is not, because entropies differ
(Theil's uncertainty coefficient).

Over all notes, only dependencies that hold across pieces count. Within pieces, the habits of the
piece count as well, such as a bass that plays short notes; the decoder can use both, because it has
read the rows before.

Then {measured} openings of {rows} rows are unmasked one attribute at a time in several orders. Nats
are those of the sampler itself, including the grammar. Brackets give 95 % bootstrap intervals over
pieces, and differences are paired by piece."""
_ORDERS = """"Telling first" unmasks the attributes that determine most of the others first. Over
all notes, this order is {over}; within pieces, it is {within}. It was counted in all pieces,
including those predicted here."""
_MATRIX = (
    "Rows: the known attribute. Columns: the percentage of an attribute's entropy it determines."
)
_SHARED = "Information in percent of the mean entropy of the two attributes, beyond chance."
_GROUPS = """Percentages within pieces, for groups of at least {fewest} pieces. "Most informative"
is the attribute that determines the largest share of all others together."""


def report(
    counts: GroupedCounts,
    costs: Mapping[str, Cost],
    orders: Policies,
    *,
    rows: int,
    provenance: Mapping[str, Any],
) -> Report:
    """costs, orders: by name of the order, the baseline first."""
    everything, baseline = counts.everything, next(iter(costs.values()))
    values = {
        "everything": _values(everything),
        "corpora": {name: _group_values(group) for name, group in counts.corpora.items()},
        "genres": {name: _group_values(group) for name, group in counts.genres.items()},
        "orders": {
            name: {
                "attributes": list(orders[name].get("fixed_order", ())),
                "nats": _rounded(cost.nats),
                "beyond random": Mean.of(cost.nats - baseline.nats).to_dict(),
            }
            for name, cost in costs.items()
        },
    }
    return Report(
        title="Dependency",
        summary=_SUMMARY.format(
            notes=everything.notes, pieces=everything.pieces, rows=rows,
            measured=len(baseline.nats),
        ),
        tables=[
            verdict_table("dependency", values),
            _likelihood(costs, orders),
            _matrix("Determined, over all notes", everything.over.told, everything.over, _MATRIX),
            _matrix("Determined, within pieces", everything.within.told, everything.within,
                    _MATRIX),
            _matrix("Shared, over all notes", everything.over.shared, everything.over, _SHARED),
            _groups("By corpus", counts.corpora),
            _groups("By genre", counts.genres),
        ],
        values=values,
        provenance=provenance,
        pictures={"dependency": draw(everything)},
    )  # fmt: skip


def _likelihood(costs: Mapping[str, Cost], orders: Policies) -> Table:
    baseline = next(iter(costs.values()))
    rows = [
        [name, str(Mean.of(cost.nats)), Mean.of(cost.nats - baseline.nats).signed(),
         f"{cost.predictions.mean():.2f}"]
        for name, cost in costs.items()
    ]  # fmt: skip
    over, within = (
        ", ".join(orders[name]["fixed_order"])
        for name in ("telling first", "telling first, within pieces")
    )
    header = ("order", "nats per row", "beyond random", "predictions per row")
    return Table("Likelihood by order", header, rows, _ORDERS.format(over=over, within=within))


def _matrix(title: str, shares: np.ndarray, dependency: Dependency, note: str) -> Table:
    directed = note is not _SHARED
    rows = []
    for known, name in enumerate(ATTRIBUTES):
        cells = [_percent(share) for share in shares[known]]
        cells[known] = "–"  # noqa: RUF001
        cells += [_percent(dependency.told_of_all[known])] if directed else []
        rows.append([name, *cells, f"{dependency.entropy[known]:.2f}"])
    header = ("", *ATTRIBUTES, *(["all others"] if directed else []), "entropy, nats")
    return Table(title, header, rows, note)


def _percent(share: float) -> str:
    return str(round(100 * share))  # an integer has no negative zero


def _groups(title: str, groups: Mapping[str, Counts]) -> Table:
    pairs = [(ATTRIBUTES.index(known), ATTRIBUTES.index(other)) for known, other in _SHOWN]
    rows = [
        [name, str(group.pieces), *(_percent(group.within.told[pair]) for pair in pairs),
         group.most_informative]
        for name, group in groups.items()
    ]  # fmt: skip
    header = ("", "pieces", *(f"{known} → {other}" for known, other in _SHOWN), "most informative")
    return Table(title, header, rows, _GROUPS.format(fewest=FEWEST_PIECES))


def _values(counts: Counts) -> dict[str, Any]:
    return {
        "pieces": counts.pieces,
        "notes": counts.notes,
        **{
            name: {
                "entropy": _rounded(dependency.entropy),
                "information beyond chance": _rounded(dependency.excess),
                "shared": _rounded(dependency.shared),
                "told, by what is given": _rounded(dependency.told),
            }
            for name, dependency in (
                ("over all notes", counts.over),
                ("given the piece", counts.within),
            )
        },
    }


def _group_values(counts: Counts) -> dict[str, Any]:
    return {
        "pieces": counts.pieces,
        "notes": counts.notes,
        "given the piece": {
            "told, by what is given": _rounded(counts.within.told),
            "tells most": counts.most_informative,
        },
    }


def _rounded(values: np.ndarray) -> list[Any]:
    return np.round(values, 4).tolist()


def draw(counts: Counts) -> Figure:
    """The shares that attributes determine of each other, over all notes and within pieces."""
    with new_figure(8.4, 4.3) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, dependency, title in zip(
            panels, (counts.over, counts.within), ("over all notes", "within pieces"), strict=True
        ):
            shares = dependency.told.copy()
            np.fill_diagonal(shares, np.nan)
            draw_matrix(axes, shares, ATTRIBUTES, ATTRIBUTES, _percent, cmap="Blues", vmin=0,
                        vmax=0.7)  # fmt: skip
            axes.tick_params("x", rotation=40)
            axes.set_xlabel("determined, % of entropy")
            axes.set_title(title)
        panels[0].set_ylabel("known")
    return figure
