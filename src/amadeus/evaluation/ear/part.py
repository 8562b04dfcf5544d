"""The part of a report on the genres that are heard in pieces whose prompts name them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from amadeus.evaluation.ear.genres import HEARD, HeardGenre, named_genres
from amadeus.evaluation.ear.listener import hear
from amadeus.evaluation.evidence import Evidence, Part, System
from amadeus.evaluation.pieces import Piece
from amadeus.evaluation.two_sample import area_under_curve
from amadeus.reports.means import Mean, number
from amadeus.reports.report import Table

FEWEST = 3
"""Fewest pieces that name a genre, and fewest others."""
_RESAMPLES = 1000
_NOTE = """Two networks listen to the first {bars} bars, up to 30 seconds. AUC: the probability that
a piece whose prompt (or folder) names the genre has more of the network's tag for it than a piece
that names other things. 0.5 is chance. Real music: the AUC for labelled real pieces. Pieces of one
prompt are resampled together. If MSD chose among candidates, only MTT can judge the result."""


def genre_part(evidence: Evidence) -> Part | None:
    """How well the genres that prompts or folders name are heard.

    None if no genre has enough pieces.
    """
    tables, values = [], {}
    for system in evidence.systems:
        rows, found = _measure(system)
        if rows:
            note = "" if tables else _NOTE.format(bars=evidence.bars)
            header = ("genre", "network", "tag", "pieces", "others", "AUC", "real music")
            tables.append(Table(f"Genres heard: {system.name}", header, rows, note))
            values[system.name] = found
    return Part(tables, {"genres": values}) if tables else None


def description(piece: Piece) -> str:
    """The text that may name a genre: the prompt of a piece, or else its folders below the top."""
    if piece.prompt is not None:
        return piece.prompt.text
    return PurePosixPath(piece.name).parent.as_posix().strip(".")


def _measure(system: System) -> tuple[list[list[str]], dict[str, Any]]:
    """Rows of a table, and the numbers by network and genre."""
    described = [
        (opening, named_genres(text), owner)
        for piece, opening, owner in zip(
            system.readable, system.openings, system.owners, strict=True
        )
        if (text := description(piece))
    ]
    named = [genres for _, genres, _ in described]
    owners = [owner for *_, owner in described]
    counts = {genre: sum(genre in genres for genres in named) for genre in set().union(*named)}
    enough = {g for g, n in counts.items() if FEWEST <= n <= len(named) - FEWEST}
    if not enough:
        return [], {}
    heard = [hear(opening) for opening, *_ in described]
    rows: list[list[str]] = []
    values: dict[str, Any] = {}
    for network, genres in HEARD.items():
        measured = {
            entry: _area(
                np.array([tags[network][entry.tag] for tags in heard]),
                np.array([entry.genre in genres for genres in named], dtype=int),
                owners,
            )
            for entry in genres
            if entry.genre in enough
        }
        if measured:
            others = {entry: len(named) - counts[entry.genre] for entry in measured}
            rows += [
                [entry.genre, network, entry.tag, str(counts[entry.genre]), str(others[entry]),
                 str(area), f"{entry.auc:.2f}"]
                for entry, area in measured.items()
            ]  # fmt: skip
            mean = float(np.mean([area.mean for area in measured.values()]))
            real = float(np.mean([entry.auc for entry in measured]))
            rows.append([f"mean of {len(measured)}", network, "", "", "", f"{mean:.2f}",
                         f"{real:.2f}"])  # fmt: skip
            values[network] = {
                "mean AUC": number(mean),
                "genres": {
                    entry.genre: _numbers(entry, area) | {
                        "pieces": counts[entry.genre], "others": others[entry],
                    }
                    for entry, area in measured.items()
                },
            }  # fmt: skip
    return rows, values


def _numbers(entry: HeardGenre, area: Mean) -> dict[str, Any]:
    return {"tag": entry.tag, "AUC": area.to_dict(), "real music": entry.auc}


def _area(strength: np.ndarray, names: np.ndarray, owners: Sequence[str]) -> Mean:
    """AUC of a tag, with an interval from a bootstrap over prompts.

    strength: probabilities of the tag, [N]; names: whether each piece names the genre, 0 or 1, [N].
    The interval is NaN if the pieces of either kind all have the same prompt.
    """
    area = area_under_curve(strength, names)
    kinds = []
    for kind in (0, 1):
        members: dict[str, list[int]] = {}
        for index in np.flatnonzero(names == kind):
            members.setdefault(owners[index], []).append(int(index))
        kinds.append(list(members.values()))
    if min(map(len, kinds)) < 2:
        return Mean(area, np.nan, np.nan)
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(_RESAMPLES):
        drawn = [groups[i] for groups in kinds for i in rng.integers(len(groups), size=len(groups))]
        picks = np.concatenate(drawn)
        areas.append(area_under_curve(strength[picks], names[picks]))
    low, high = np.quantile(areas, (0.025, 0.975))
    return Mean(area, float(low), float(high))
