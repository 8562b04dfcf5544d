"""Soft constraints: what is added to the logits of the values that the masks leave."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from amadeus.control.rules import Constraint, InScale, PitchRange
from amadeus.control.structure import Chords, Density, Ending, Playing
from amadeus.control.tonality import Tonality
from amadeus.diffusion.unmasking import Link, LogitBias
from amadeus.music.chords import INTERVALS
from amadeus.tokens import vocabulary as v
from amadeus.tokens.grammar import VALUES
from amadeus.tokens.vocabulary import Attribute, RowType

CHORD_BIAS = 1.0
"""Nats added to pitches of the chord in force, once that is drawn."""
DENSITY_BIAS = 8.0
"""Nats away from a note where a bar has twice as many as it should, and in proportion."""
SHARE_BIAS = 40.0
"""Nats for the whole of an instrument's share of the notes that is missing."""
MOST_TOWARDS_SHARE = 10.0
"""Nats; a soloist is as sure as that to go on alone."""
FADING = 0.7
"""What notes still count for after another bar, so that who has had a solo is not done for good.
Where a share of the notes was asked for, all count."""
MAX_DENSITY_BIAS = 5.0
"""Most nats by which density favours anything."""
MOST_AWAY = 16.0
"""Most nats by which density disfavours anything; repeating pieces are as certain as that."""


_ON_PITCHES = (InScale, PitchRange, Chords, Ending)


def _chord_tones() -> np.ndarray:
    """Which pitches, as values, belong to each chord, 1 or 0, float32 [chords, V]."""
    tones = np.zeros((v.SIZES[Attribute.CHORD], VALUES.shape[1]), dtype=np.float32)
    pitches = np.arange(1, v.FIRST_DRUM_PITCH)
    for root in range(12):
        for quality, intervals in INTERVALS.items():
            classes = [(root + i) % 12 for i in intervals]
            tones[v.chord_value(root, quality), pitches] = np.isin((pitches - 1) % 12, classes)
    return tones


_BY_CHORD = Link(Attribute.CHORD, Attribute.PITCH, CHORD_BIAS * _chord_tones())


class SoftConstraints:
    """The soft side of the constraints on one piece, as it grows."""

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self._tonalities = [
            (c.scope, Tonality(key))
            for c in constraints
            if isinstance(c, InScale) and not c.scope.instruments and (key := c.scale.key)
        ]
        self._chords = [c.scope for c in constraints if isinstance(c, Chords | Ending)]
        self._density = [c for c in constraints if isinstance(c, Density) and c.notes]
        self._shares = [c for c in constraints if isinstance(c, Playing) and c.soft_share]
        # Drums are free of what pitches are held to: drawn first, a pitch would mostly be theirs.
        self._on_pitches = any(isinstance(c, _ON_PITCHES) for c in constraints)
        self._played = {c: defaultdict[int, float](float) for c in self._shares}

    @property
    def first(self) -> frozenset[Attribute]:
        """Attributes to be decided before others: once those are drawn, they leave no choice."""
        first = {Attribute.TYPE, Attribute.BEAT} if self._density else set()
        if self._shares or self._on_pitches or any(c.scope.instruments for c in self._density):
            first |= {Attribute.TYPE, Attribute.INSTRUMENT}
        return frozenset(first)

    def update(self, row: np.ndarray, bar: int) -> None:
        """Take a row of a bar, counted from 0. row: [A]."""
        for _, tonality in self._tonalities:
            tonality.update(row)
        for one, played in self._played.items():
            if v.opens_bar(row[0]) and one.note_share is None:
                played.update((instrument, FADING * notes) for instrument, notes in played.items())
            if v.has_sound(row[0]) and one.scope.covers(bar):
                played[int(row[Attribute.INSTRUMENT])] += 1

    def bias(
        self, bar: int, bar_ticks: int, counts: Counter[int], instruments: frozenset[int]
    ) -> LogitBias | None:
        """What is added to the logits of the next row, or None.

        bar: the bar at hand, counted from 0; counts: its notes so far by instrument;
        instruments: values of `instrument` that may play.
        """
        bar = max(bar, 0)
        static = [tonality.bias() for scope, tonality in self._tonalities if scope.covers(bar)]
        static += [self._towards_share(c, instruments) for c in self._shares if c.scope.covers(bar)]
        density = [c for c in self._density if c.scope.covers(bar)]
        static += [_towards_density(c, counts) for c in density]
        pace = [_pace(c, counts, bar_ticks) for c in density if not c.scope.instruments]
        by_chord = any(scope.covers(bar) or scope.covers(bar + 1) for scope in self._chords)
        if not (static or by_chord):
            return None
        total = np.sum(static, axis=0) if static else np.zeros(VALUES.shape, dtype=np.float32)
        links = [_BY_CHORD] if by_chord else []
        if pace:
            beats = np.sum(pace, axis=0)[None]
            links.append(Link(Attribute.TYPE, Attribute.BEAT, beats, RowType.NOTE))
        return LogitBias(total, tuple(links))

    def _towards_share(self, one: Playing, instruments: frozenset[int]) -> np.ndarray:
        """Towards instruments that have less than their share of the notes, [A, V]."""
        bias = np.zeros(VALUES.shape, dtype=np.float32)
        played = self._played[one]
        total, wanted = sum(played.values()), one.soft_share or 0
        for group in one.demands:
            mine = [value for value in group if value in instruments]
            share = sum(played[value] for value in mine) / total if total else 0.0
            missing = wanted - share
            bias[Attribute.INSTRUMENT, mine] += min(
                max(0.0, SHARE_BIAS * missing), MOST_TOWARDS_SHARE
            )
        return bias


def _towards_density(one: Density, counts: Counter[int]) -> np.ndarray:
    """Towards further notes in a bar that has too few, and away in one that has enough, [A, V]."""
    bias = np.zeros(VALUES.shape, dtype=np.float32)
    target = one.notes or 1
    if not one.scope.instruments:
        missing = DENSITY_BIAS * (1 - counts.total() / target)
        bias[Attribute.TYPE, RowType.NOTE] = np.clip(missing, -MOST_AWAY, MAX_DENSITY_BIAS)
        return bias
    for value in range(1, v.DRUMS + 1):
        if one.scope.covers_instrument(value):
            missing = DENSITY_BIAS * (1 - counts[value] / target)
            bias[Attribute.INSTRUMENT, value] = np.clip(missing, -MOST_AWAY, MAX_DENSITY_BIAS)
    return bias


def _pace(one: Density, counts: Counter[int], bar_ticks: int) -> np.ndarray:
    """Towards beats by which there should be as many notes as there are, [V]."""
    beats = np.arange(VALUES.shape[1])
    expected = (beats - 1) / max(1, bar_ticks)
    away = np.abs(counts.total() / (one.notes or 1) - expected)
    away = np.minimum(DENSITY_BIAS * away, MAX_DENSITY_BIAS)
    return -away.astype(np.float32)
