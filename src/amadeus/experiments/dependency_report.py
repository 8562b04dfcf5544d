"""What the experiment on dependency has to say, in tables and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amadeus.evaluation.information import Dependency
from amadeus.experiments.dependency import FEWEST, Found, Links
from amadeus.experiments.policies import Cost, Policies
from amadeus.reports.means import Mean
from amadeus.reports.report import INK, STYLE, Report, Table
from amadeus.tokens.vocabulary import ATTRIBUTES

_SHOWN = (
    ("instrument", "pitch"), ("pitch", "instrument"), ("pitch", "duration"), ("duration", "pitch"),
    ("chord", "pitch"), ("pitch", "chord"), ("beat", "duration"), ("duration", "beat"),
    ("instrument", "velocity"),
)  # fmt: skip
"""Given and told, by corpus and genre."""
_SUMMARY = """Are the attributes of a note as unordered as masked diffusion takes them to be?
Mutual information, counted in {notes:,} notes of {pieces:,} pieces, less what chance finds in as
many (`evaluation/information.py`). Information has no direction. The share of what is open about
one attribute that another one settles has one, because some have more to be told than others
(Theil's uncertainty coefficient).

Over all notes, only what holds from piece to piece counts; what a few pieces happen to have in
common is taken off as chance. Given the piece, its own habits count too (the bass that plays short
notes): the decoder can use both, for it has heard the rows before.

Then {measured} openings, {rows} rows each, are revealed one attribute at a time in several orders.
Nats are those of the sampler itself, grammar included: what it takes to compose these rows. In
brackets, the interval that holds 95 % of bootstrap means over pieces; differences pair the pieces.

**{verdict}**"""
_TOLD = "Row: what is given. Column: what is told. Percent of what is open about it."
_GROUPS = """Percent, given the piece; groups of {fewest} pieces and more. "Most" is the attribute
that settles the largest share of all others together."""
_ORDERS = """"Telling first" reveals first what settles most of the others together, over all
notes: {over}. Given the piece: {within}. Counted in all pieces, the openings among them."""


def report_on(
    found: Found, costs: Mapping[str, Cost], orders: Policies, *, rows: int,
    provenance: Mapping[str, Any],
) -> Report:  # fmt: skip
    """The report. costs, orders: by the name of the order, the first one to compare with."""
    links = found.everything
    summary = _SUMMARY.format(
        notes=links.notes, pieces=links.pieces, rows=rows, measured=len(_first(costs).nats),
        verdict=_verdict(costs),
    )  # fmt: skip
    return Report(
        title="Dependency",
        summary=summary,
        tables=[
            _revealed(costs, orders),
            _matrix("Told, over all notes", links.over.told, links.over),
            _matrix("Told, given the piece", links.within.told, links.within),
            _matrix("Shared, over all notes", links.over.shared, links.over, symmetric=True),
            _groups("By corpus", found.corpora),
            _groups("By genre", found.genres),
        ],
        values={
            "everything": _values(links),
            "corpora": {name: _values_of_group(one) for name, one in found.corpora.items()},
            "genres": {name: _values_of_group(one) for name, one in found.genres.items()},
            "orders": {
                name: {
                    "attributes": list(orders[name].get("fixed_order", ())),
                    "nats": _rounded(cost.nats),
                    "beyond random": Mean.of(cost.nats - _first(costs).nats).to_dict(),
                }
                for name, cost in costs.items()
            },
        },
        provenance=provenance,
        pictures={"dependency": draw(links)},
    )


def _first(costs: Mapping[str, Cost]) -> Cost:
    return next(iter(costs.values()))


def _verdict(costs: Mapping[str, Cost]) -> str:
    base = _first(costs)
    first, last = (costs[f"telling {end}"].nats - base.nats for end in ("first", "last"))
    gain = Mean.of(first)
    pays = "saves" if gain.high < 0 else "costs" if gain.low > 0 else "changes nothing for sure by"
    largest = max(abs(np.mean(cost.nats - base.nats)) for cost in costs.values())
    return (
        f"To reveal first what tells most {pays} {gain.signed()} nats of "
        f"{base.nats.mean():.2f} a row against random orders; last, {Mean.of(last).signed()}. "
        f"No order is more than {100 * largest / base.nats.mean():.1f} % away from random ones."
    )


def _revealed(costs: Mapping[str, Cost], orders: Policies) -> Table:
    base = _first(costs)
    rows = [
        [name, str(Mean.of(cost.nats)), Mean.of(cost.nats - base.nats).signed(),
         f"{cost.predictions.mean():.2f}"]
        for name, cost in costs.items()
    ]  # fmt: skip
    over, within = (
        ", ".join(orders[name]["fixed_order"])
        for name in ("telling first", "telling first, within pieces")
    )
    header = ("order", "nats a row", "beyond random", "predictions a row")
    return Table("Does the order matter?", header, rows, _ORDERS.format(over=over, within=within))


def _matrix(title: str, values: np.ndarray, of: Dependency, symmetric: bool = False) -> Table:
    rows = []
    for given, name in enumerate(ATTRIBUTES):
        cells = [_percent(value) for value in values[given]]
        cells[given] = "–"  # noqa: RUF001
        together = [] if symmetric else [_percent(of.told_of_all[given])]
        rows.append([name, *cells, *together, f"{of.entropy[given]:.2f}"])
    together = [] if symmetric else ["all others"]
    note = (
        "Information in percent of the mean entropy of the two, less chance."
        if symmetric
        else _TOLD
    )
    return Table(title, ("", *ATTRIBUTES, *together, "entropy, nats"), rows, note)


def _percent(share: float) -> str:
    return str(round(100 * share))  # which has no minus nought


def _groups(title: str, groups: Mapping[str, Links]) -> Table:
    rows = []
    for name, links in groups.items():
        told = links.within.told
        cells = [
            _percent(told[ATTRIBUTES.index(given), ATTRIBUTES.index(to)]) for given, to in _SHOWN
        ]
        rows.append([name, str(links.pieces), *cells, _most_telling(links)])
    header = ("", "pieces", *(f"{given} → {told}" for given, told in _SHOWN), "most")
    return Table(title, header, rows, _GROUPS.format(fewest=FEWEST))


def _most_telling(links: Links) -> str:
    """The attribute that settles most of the others together, given the piece."""
    return ATTRIBUTES[int(links.within.told_of_all.argmax())]


def _values(links: Links) -> dict[str, Any]:
    return {
        "pieces": links.pieces,
        "notes": links.notes,
        **{
            name: {
                "entropy": _rounded(one.entropy),
                "information beyond chance": _rounded(one.excess),
                "shared": _rounded(one.shared),
                "told, by what is given": _rounded(one.told),
            }
            for name, one in (("over all notes", links.over), ("given the piece", links.within))
        },
    }


def _values_of_group(links: Links) -> dict[str, Any]:
    """What the page tells of a group, and the rest of the same matrix."""
    return {
        "pieces": links.pieces,
        "notes": links.notes,
        "given the piece": {
            "told, by what is given": _rounded(links.within.told),
            "tells most": _most_telling(links),
        },
    }


def _rounded(values: np.ndarray) -> list[Any]:
    return np.round(values, 4).tolist()


def draw(links: Links) -> Figure:
    """What tells what, over all notes and within pieces."""
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(8.4, 4.3), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        _heat(left, links.over.told, "over all notes")
        _heat(right, links.within.told, "given the piece")
        left.set_ylabel("given")
    return figure


def _heat(axes: Axes, told: np.ndarray, title: str) -> None:
    shown = told.copy()
    np.fill_diagonal(shown, np.nan)
    axes.imshow(shown, cmap="Blues", vmin=0, vmax=0.7)
    for row, column in np.ndindex(shown.shape):
        share = shown[row, column]
        if row != column:
            axes.text(column, row, _percent(share), ha="center", va="center", fontsize=8,
                      color="white" if share > 0.4 else INK)  # fmt: skip
    axes.set_xticks(range(len(ATTRIBUTES)), ATTRIBUTES, rotation=40, ha="right")
    axes.set_yticks(range(len(ATTRIBUTES)), ATTRIBUTES)
    axes.set_xlabel("told, % of what is open")
    axes.set_title(title)
