"""Dependency: what do the attributes of a note tell about each other, and does it pay to use that?

Information is counted in the notes of a corpus, over all of them and within single pieces. Then
held-out rows are revealed in orders made of it, what tells most first or last, and in others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.corpus.shards import Shards
from amadeus.errors import CorpusError
from amadeus.evaluation.information import (
    Dependency,
    dependency_over,
    dependency_within,
    mean_of,
    sounding,
)
from amadeus.experiments.policies import ORDERS, Policies, Progress, in_order
from amadeus.tokens.vocabulary import ATTRIBUTES

FEWEST = 8
"""Corpora and genres with fewer pieces are not looked at by themselves."""
_FEWEST_NOTES = 32


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """What attributes tell about each other in some pieces."""

    pieces: int
    notes: int
    over: Dependency
    """Over all notes."""
    within: Dependency
    """Given the piece."""


@dataclass(frozen=True, slots=True)
class Found:
    """Links of all pieces, and of those of each corpus and genre that has enough."""

    everything: Links
    corpora: Mapping[str, Links]
    genres: Mapping[str, Links]


def count(shards: Shards, rows: int, progress: Progress = lambda *_: None) -> Found:
    """Count in the notes among the first `rows` rows of every piece.

    Raises CorpusError where there are too few pieces.
    """
    notes = [sounding(np.asarray(shards.tokens(i))[:rows]) for i in range(len(shards))]
    usable = [place for place, found in enumerate(notes) if len(found) >= _FEWEST_NOTES]
    if len(usable) < FEWEST:
        raise CorpusError(
            f"{shards.folder} has {len(usable)} pieces of {_FEWEST_NOTES} notes, {FEWEST} are "
            "needed; name another folder, or look at more rows"
        )
    within = {}
    for done, place in enumerate(usable):
        progress("counting", done, len(usable))
        within[place] = dependency_within(notes[place].astype(np.int64), seed=place)

    def links(places: Sequence[int]) -> Links:
        chosen = [notes[place].astype(np.int64) for place in places]
        sizes = [len(found) for found in chosen]
        given_piece = mean_of([within[place] for place in places], sizes)
        return Links(len(chosen), sum(sizes), dependency_over(chosen), given_piece)

    def links_of(groups: Mapping[str, Sequence[int]]) -> dict[str, Links]:
        return {n: links(p) for n, p in sorted(groups.items()) if len(p) >= FEWEST}

    corpora = _grouped(usable, lambda place: [shards.pieces[place].corpus])
    genres = _grouped(usable, lambda place: shards.pieces[place].facts["genres"] or [])
    return Found(links(usable), links_of(corpora), links_of(genres))


def _grouped(
    places: Sequence[int], names_of: Callable[[int], Sequence[str]]
) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for place in places:
        for name in names_of(place):
            groups.setdefault(name, []).append(place)
    return groups


def orders_of(links: Links) -> Policies:
    """Orders of revealing: by what an attribute tells of the others together, and those to compare.

    "random" comes first, with which the others are compared.
    """
    over, within = (_most_telling(one) for one in (links.over, links.within))
    return {
        "random": ORDERS["random"],
        "telling first": in_order(*over),
        "telling last": in_order(*reversed(over)),
        "telling first, within pieces": in_order(*within),
        "telling last, within pieces": in_order(*reversed(within)),
        "surest first": {},
        **{name: settings for name, settings in ORDERS.items() if name != "random"},
    }


def _most_telling(dependency: Dependency) -> list[str]:
    """Attributes, the one that tells most of the others first."""
    return [ATTRIBUTES[a] for a in np.argsort(-dependency.told_of_all, kind="stable")]
