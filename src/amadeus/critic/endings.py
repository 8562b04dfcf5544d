"""Features of an ending: how the last bars differ from those before them."""

from __future__ import annotations

import numpy as np

from amadeus.critic.bars import Bars, Features
from amadeus.music.grid import GRID
from amadeus.music.keys import Key
from amadeus.tokens.vocabulary import Attribute


def ending_features(bars: Bars, key: Key | None) -> Features:
    """Features of bars that end a piece. key: the one of these bars."""
    per_bar = np.bincount(bars.bar, minlength=bars.count)
    yield "notes in the last bar", per_bar[-1] / per_bar.mean()
    yield "parts in the last bar", len(np.unique(_last_bar(bars))) / len(bars.parts)
    begins_at = bars.ticks[:-1].sum()
    yield "last onset in its bar", (bars.onset[-1] - begins_at) / bars.ticks[-1]
    pitched = bars.pitched
    if not len(pitched):
        return
    last = pitched.onset == pitched.onset[-1]
    durations = pitched.column(Attribute.DURATION)
    yield "last duration", np.log(durations[last].max() / GRID)
    yield "last duration beside others", np.log(durations[last].max() / durations.mean())
    yield "notes in the last chord", int(last.sum())
    velocities = pitched.column(Attribute.VELOCITY)
    yield "velocity of the last chord", velocities[last].mean() - velocities.mean()
    if key is not None:
        pitches = pitched.column(Attribute.PITCH)[last] - 1
        yield "tonic in the last bass", float(pitches.min() % 12 == key.tonic)
        yield "tonic in the last melody", float(pitches.max() % 12 == key.tonic)


def _last_bar(bars: Bars) -> np.ndarray:
    """The instruments of the notes of the last bar."""
    return bars.column(Attribute.INSTRUMENT)[bars.bar == bars.count - 1]
