"""Typicality of a few bars: simple features of them, compared with those of real openings.

For every feature: the share of real openings that are at least as far from the median. The score is
the mean logarithm of these shares, less its mean for composed openings with as many parts. It tells
a stuck drum, a flood of notes or a squeaking violin from what people write; it does not judge
beauty.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np

from amadeus.music.grid import GRID
from amadeus.tokens import vocabulary as v
from amadeus.tokens.rows import bar_index, bar_metres
from amadeus.tokens.vocabulary import Attribute

LEVELS = 101
"""Quantiles stored for every feature, from the smallest to the largest value."""
_FEWEST = 200
"""Fewest notes of an instrument for its range to be estimated."""
_FEWEST_PIECES = 20
_MOST_PARTS = 6
"""Larger numbers of parts are treated as this one."""


@dataclass(frozen=True, slots=True)
class Typicality:
    """Distribution of features in real openings of a number of bars."""

    pieces: int
    bars: int
    ranges: dict[int, tuple[int, int]]
    """By value of `instrument`: the pitches, as values, between which 98 % of its notes are."""
    metres: dict[str, float]
    """Share of openings that begin in each time signature."""
    quantiles: dict[str, list[float]]
    """LEVELS of them for every feature."""
    means: dict[str, float]
    """By number of parts, and of all under "": the mean logarithm of shares in what a model
    composes. With more parts, more can be unusual; without this term solos would always win."""

    @classmethod
    def of(
        cls, openings: Sequence[np.ndarray], bars: int, composed: Sequence[np.ndarray] = ()
    ) -> Typicality:
        """openings: rows of the first `bars` bars of each real piece, [N, A]; composed: the same of
        pieces by a model, for the means by number of parts."""
        heard = [_Opening.of(rows) for rows in openings]
        first = Counter(one.first_metre for one in heard)
        metres = {metre: count / len(heard) for metre, count in first.most_common()}
        found = cls(len(heard), bars, _ranges(heard), metres, {}, {})
        values = [found.features(rows) for rows in openings]
        for name in dict.fromkeys(name for one in values for name in one):
            known = [one[name] for one in values if name in one]
            levels = np.quantile(known, np.linspace(0, 1, LEVELS), method="inverted_cdf")
            found.quantiles[name] = levels.round(4).tolist()
        by_parts = defaultdict(list)
        for rows in composed or openings:
            score = found._log_shares(found.features(rows))
            for kind in ("", _Opening.of(rows).parts):
                by_parts[kind].append(score)
        for kind in sorted(by_parts):
            if len(by_parts[kind]) >= _FEWEST_PIECES or not kind:
                found.means[kind] = round(float(np.mean(by_parts[kind])), 4)
        return found

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Typicality:
        """What `to_dict` gave."""
        ranges = {int(value): (low, high) for value, (low, high) in table["ranges"].items()}
        return cls(**{**table, "ranges": ranges})

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def features(self, rows: np.ndarray) -> dict[str, float]:
        """The features of these bars, [N, A]; those of drums only where drums play, and so on."""
        opening = _Opening.of(rows)
        if not len(opening.notes):
            return {}
        share = self.metres.get(opening.first_metre, 0.0)
        found = {"metre": -np.log(max(share, 1 / (1 + self.pieces)))}
        found |= dict(_overall(opening)) | dict(_by_part(opening))
        if len(pitched := opening.notes[opening.notes[:, Attribute.INSTRUMENT] != v.DRUMS]):
            found |= dict(_pitches(pitched, opening.onsets_of(pitched)))
            found["out of range"] = self._out_of_range(pitched)
        if len(drums := opening.notes[opening.notes[:, Attribute.INSTRUMENT] == v.DRUMS]):
            strokes = np.bincount(drums[:, Attribute.PITCH])
            found["drum sounds"] = float((strokes > 0).sum())
            found["commonest drum"] = float(strokes.max() / strokes.sum())
        return {name: float(value) for name, value in found.items()}

    def _out_of_range(self, notes: np.ndarray) -> float:
        """Mean distance of notes from the range of their instrument, in semitones."""
        ranges = [self.ranges.get(i, (1, 128)) for i in notes[:, Attribute.INSTRUMENT].tolist()]
        low, high = np.array(ranges).T
        pitch = notes[:, Attribute.PITCH]
        return float((np.maximum(0, low - pitch) + np.maximum(0, pitch - high)).mean())

    def score(self, rows: np.ndarray) -> float:
        """Typicality of these bars, [N, A]; 0 is the mean of composed openings with equal parts."""
        if not (features := self.features(rows)):
            return 0.0
        parts = _Opening.of(rows).parts
        return self._log_shares(features) - self.means.get(parts, self.means[""])

    def _log_shares(self, features: dict[str, float]) -> float:
        return float(np.mean([self._log_share(*feature) for feature in features.items()] or [0.0]))

    def _log_share(self, name: str, value: float) -> float:
        """Logarithm of the share of openings at least as far from the median in one feature."""
        levels = self.quantiles[name]
        below = int(np.searchsorted(levels, round(value, 4), side="right"))
        above = LEVELS - int(np.searchsorted(levels, round(value, 4), side="left"))
        return float(np.log(min(1.0, 2 * (min(below, above) + 0.5) / (LEVELS + 1))))


@cache
def typicality() -> Typicality:
    """Measured in training pieces and in openings by `amadeus-small` (docs/training.md)."""
    table = files("amadeus").joinpath("data/typicality.json").read_text(encoding="utf-8")
    return Typicality.from_dict(json.loads(table))


@dataclass(frozen=True, slots=True, eq=False)
class _Opening:
    notes: np.ndarray
    """int64 [N, A]."""
    bar: np.ndarray
    """The bar of every note, counted from 0, [N]."""
    metres: np.ndarray
    """Index of the metre of every bar, [B]."""

    @classmethod
    def of(cls, rows: np.ndarray) -> _Opening:
        rows = rows.astype(np.int64)
        sound = v.has_sound(rows[:, Attribute.TYPE])
        return cls(rows[sound], bar_index(rows)[sound], bar_metres(rows))

    @property
    def first_metre(self) -> str:
        return "{}/{}".format(*v.METRES[int(self.metres[0])])

    @property
    def parts(self) -> str:
        """How many instruments play, and whether drums are among them."""
        playing = np.unique(self.notes[:, Attribute.INSTRUMENT])
        return f"{min(len(playing), _MOST_PARTS)}{' with drums' * int(v.DRUMS in playing)}"

    @property
    def ticks(self) -> np.ndarray:
        """Length of every bar in grid steps, [B]."""
        return v.METRE_TICKS[self.metres]

    @property
    def quarters(self) -> float:
        return float(self.ticks.sum() / GRID)

    def onsets_of(self, notes: np.ndarray) -> np.ndarray:
        """Where some of the notes begin, in grid steps."""
        starts = np.concatenate([[0], np.cumsum(self.ticks)])
        mine = np.isin(self.notes[:, Attribute.INSTRUMENT], notes[:, Attribute.INSTRUMENT])
        return starts[self.bar[mine]] + notes[:, Attribute.BEAT] - 1


def _overall(opening: _Opening) -> Iterator[tuple[str, float]]:
    notes = opening.notes
    onsets = np.unique(opening.onsets_of(notes))
    yield "notes", np.log(len(notes) / opening.quarters)
    yield "off the beat", (onsets % GRID != 0).mean()
    yield "velocity", notes[:, Attribute.VELOCITY].mean()
    yield "metres", float(len(np.unique(opening.metres)))
    beats = [set(notes[opening.bar == bar, Attribute.BEAT]) for bar in range(len(opening.metres))]
    alike = [len(a & b) / len(a | b) for a, b in pairwise(beats) if a | b]
    if alike:
        yield "rhythm kept", float(np.mean(alike))


def _by_part(opening: _Opening) -> Iterator[tuple[str, float]]:
    """Features of single parts, from the most extreme part."""
    instruments = opening.notes[:, Attribute.INSTRUMENT]
    parts = [_part(opening, instruments == one) for one in np.unique(instruments)]
    for name in ("busiest bar", "same note again", "notes at once"):
        yield name, np.log(max(part[name] for part in parts))
    yield "bars played", min(part["bars played"] for part in parts)
    yield "new bars", float(np.mean([part["new bars"] for part in parts]))


def _part(opening: _Opening, mine: np.ndarray) -> dict[str, float]:
    notes, bar = opening.notes[mine], opening.bar[mine]
    per_bar = np.bincount(bar, minlength=len(opening.metres))
    played = np.flatnonzero(per_bar)
    place = notes[:, [Attribute.BEAT, Attribute.PITCH]]
    different = {place[bar == one].tobytes() for one in played}
    changes = np.flatnonzero(np.diff(notes[:, Attribute.PITCH], prepend=-1, append=-1))
    return {
        "busiest bar": float((per_bar / opening.ticks).max() * GRID),
        "bars played": len(played) / len(opening.metres),
        "new bars": len(different) / len(played),
        "same note again": float(np.diff(changes).max()),
        "notes at once": len(notes) / len({(b, t) for b, t in zip(bar, place[:, 0], strict=True)}),
    }


def _pitches(notes: np.ndarray, onsets: np.ndarray) -> Iterator[tuple[str, float]]:
    pitch, length = notes[:, Attribute.PITCH] - 1, notes[:, Attribute.DURATION]
    yield "pitch classes", _entropy(np.bincount(pitch % 12))
    yield "lowest", float(np.percentile(pitch, 5))
    yield "highest", float(np.percentile(pitch, 95))
    yield "length", np.log(length).mean()
    yield "lengths", _entropy(np.bincount(length))
    steps, place = np.unique(onsets, return_inverse=True)
    top = np.zeros(len(steps))
    np.maximum.at(top, place, pitch)
    if len(top) > 1:
        yield "leaps", np.abs(np.diff(top)).mean()


def _entropy(counts: np.ndarray) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum())


def _ranges(openings: Sequence[_Opening]) -> dict[int, tuple[int, int]]:
    notes = np.concatenate([one.notes for one in openings])
    ranges = {}
    for value in range(1, v.DRUMS):
        pitch = notes[notes[:, Attribute.INSTRUMENT] == value, Attribute.PITCH]
        if len(pitch) >= _FEWEST:
            low, high = np.quantile(pitch, (0.01, 0.99), method="inverted_cdf")
            ranges[value] = int(low), int(high)
    return ranges
