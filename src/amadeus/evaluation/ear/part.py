"""The part of a report on the genres that are heard in pieces whose prompts name them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from amadeus.evaluation.ear.genres import HEARD, named_genres
from amadeus.evaluation.ear.listener import hear
from amadeus.evaluation.evidence import Evidence, Part, System
from amadeus.evaluation.pieces import Piece
from amadeus.evaluation.two_sample import area_under_curve
from amadeus.music.score import Score
from amadeus.reports.means import Mean, number
from amadeus.reports.report import Table

FEWEST = 3
"""Fewest pieces that name a genre, and fewest others."""
_RESAMPLES = 1000
_NOTE = """Two networks listen to the first {bars} bars, up to 30 seconds. AUC: the probability that
a piece whose prompt (or folder) names the genre has more of the network's tag for it than a piece
that names other things. 0.5 is chance. Real music: the AUC for labelled real pieces. Pieces of one
prompt are resampled together. If MSD chose among candidates, only MTT can judge the result."""

_TOO_FEW = f"""There is nothing to compare: no genre is named by at least {FEWEST} pieces, with at
least {FEWEST} others that do not name it."""


def genre_part(evidence: Evidence) -> Part:
    """How well the genres that prompts or folders name are heard."""
    values = {s.name: found for s in evidence.systems if (found := _measure(s))}
    if not values:
        return Part([Table("Genres heard", ("genre",), [], _TOO_FEW)], {"genres": {}})
    header = ("genre", "network", "tag", "pieces", "others", "AUC", "real music")
    notes = chain([_NOTE.format(bars=evidence.bars)], repeat(""))
    tables = [
        Table(f"Genres heard: {name}", header, _rows(found), note)
        for (name, found), note in zip(values.items(), notes, strict=False)
    ]
    return Part(tables, {"genres": values})


def description(piece: Piece) -> str:
    """The text that may name a genre: the prompt of a piece, or else its folders below the top."""
    if piece.prompt is not None:
        return piece.prompt.text
    return PurePosixPath(piece.name).parent.as_posix().strip(".")


@dataclass(frozen=True, slots=True)
class _Described:
    """A piece with a prompt, or in a folder below the top."""

    opening: Score
    genres: frozenset[str]
    """Those that the prompt or the folder names."""
    owner: str
    """The prompt."""


def _describe(system: System) -> list[_Described]:
    members = zip(system.readable, system.openings, system.owners, strict=True)
    return [
        _Described(opening, named_genres(text), owner)
        for piece, opening, owner in members
        if (text := description(piece))
    ]


def _measure(system: System) -> dict[str, Any]:
    """The results by network; empty if no genre has enough pieces."""
    pieces = _describe(system)
    counts = Counter(genre for piece in pieces for genre in piece.genres)
    enough = {genre for genre, n in counts.items() if FEWEST <= n <= len(pieces) - FEWEST}
    if not enough:
        return {}
    heard = [hear(piece.opening) for piece in pieces]
    values: dict[str, Any] = {}
    for network, entries in HEARD.items():
        genres: dict[str, Any] = {}
        areas = []
        for entry in (entry for entry in entries if entry.genre in enough):
            strength = np.array([tags[network][entry.tag] for tags in heard])
            names = np.array([entry.genre in piece.genres for piece in pieces], dtype=int)
            areas.append(_area(strength, names, [piece.owner for piece in pieces]))
            genres[entry.genre] = {
                "tag": entry.tag,
                "pieces": counts[entry.genre],
                "others": len(pieces) - counts[entry.genre],
                "AUC": areas[-1].to_dict(),
                "real music": entry.auc,
            }
        if genres:
            mean = float(np.mean([area.mean for area in areas]))
            values[network] = {"mean AUC": number(mean), "genres": genres}
    return values


def _rows(values: Mapping[str, Any]) -> list[list[str]]:
    """The rows of a table. values: the results of a system by network."""
    rows = []
    for network, results in values.items():
        genres = results["genres"]
        for genre, numbers in genres.items():
            counts = [str(numbers[name]) for name in ("pieces", "others")]
            area = str(Mean.from_dict(numbers["AUC"]))
            real = f"{numbers['real music']:.2f}"
            rows.append([genre, network, numbers["tag"], *counts, area, real])
        real = f"{np.mean([numbers['real music'] for numbers in genres.values()]):.2f}"
        area = f"{results['mean AUC']:.2f}"
        rows.append([f"mean of {len(genres)}", network, "", "", "", area, real])
    return rows


def _area(strength: np.ndarray, names: np.ndarray, owners: Sequence[str]) -> Mean:
    """AUC of a tag, with an interval from a bootstrap over prompts.

    strength: probabilities of the tag, [N]; names: whether each piece names the genre, 0 or 1, [N].
    The interval is NaN if the pieces of either kind all have the same prompt.
    """
    area = area_under_curve(strength, names)
    kinds: list[list[list[int]]] = []
    for kind in (0, 1):
        members: dict[str, list[int]] = {}
        for index in np.flatnonzero(names == kind):
            members.setdefault(owners[int(index)], []).append(int(index))
        kinds.append(list(members.values()))
    if min(map(len, kinds)) < 2:
        return Mean(area, np.nan, np.nan)
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(_RESAMPLES):
        drawn = [groups[i] for groups in kinds for i in rng.integers(len(groups), size=len(groups))]
        picks = np.array([index for group in drawn for index in group])
        areas.append(area_under_curve(strength[picks], names[picks]))
    low, high = np.quantile(areas, (0.025, 0.975))
    return Mean(area, float(low), float(high))
