"""Features of a few bars in which composed music may differ from real music.

Each is a number that follows from the notes: how even the parts are, how long loops run, how far
melodies leap. `critic` weighs them to choose among candidates, and the two-sample test of
`evaluation` shows which of them give composed music away.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np

from amadeus.critic.bars import Bars, Features, entropy
from amadeus.critic.endings import ending_features
from amadeus.critic.harmony import harmonic_features
from amadeus.critic.melody import melodic_features
from amadeus.music.grid import GRID
from amadeus.profile import measure_profile
from amadeus.profile.profile import MEASURES
from amadeus.tokens.vocabulary import Attribute


def measure_features(rows: np.ndarray, *, ends: bool = False) -> dict[str, float]:
    """The features of some bars, without those that they do not have; {} without notes.

    rows: tokens [N, A]. ends: whether a piece ends with them, so that the features of an ending
    count as well.
    """
    bars = Bars.of(rows)
    if not len(bars):
        return {}
    # The chords of the rows are those that the model meant; `harmony` estimates what sounds.
    profile = replace(measure_profile(rows), chord_changes=None)
    found = {measure.name.replace("_", " "): getattr(profile, measure.name) for measure in MEASURES}
    for features in (
        _overall(bars), _velocities(bars), _parts(bars), _loops(bars), _drums(bars),
        melodic_features(bars.pitched), harmonic_features(rows, bars.pitched),
    ):  # fmt: skip
        found |= dict(features)
    if ends:
        found |= dict(ending_features(bars, profile.key))
    return {name: float(value) for name, value in found.items() if value is not None}


def _overall(bars: Bars) -> Features:
    onsets = np.unique(bars.onset)
    yield "notes per quarter", np.log(len(bars) / (bars.ticks.sum() / GRID))
    yield "off the beat", (onsets % GRID != 0).mean()
    yield "time signatures", len(np.unique(bars.metres))
    per_bar = np.bincount(bars.bar, minlength=bars.count)
    yield "variation of notes per bar", per_bar.std() / per_bar.mean()
    beats = [set(bars.column(Attribute.BEAT)[bars.bar == bar]) for bar in range(bars.count)]
    alike = [len(a & b) / len(a | b) for a, b in pairwise(beats) if a | b]
    if alike:
        yield "rhythm kept", float(np.mean(alike))


def _velocities(bars: Bars) -> Features:
    velocity = bars.column(Attribute.VELOCITY)
    yield "distinct velocities", len(np.unique(velocity))
    yield "share of the commonest velocity", np.bincount(velocity).max() / len(velocity)
    of_parts = [part.column(Attribute.VELOCITY) for part in bars.parts]
    yield "distinct velocities of a part", np.mean([len(np.unique(x)) for x in of_parts])
    steps = [np.abs(np.diff(x)).mean() for x in of_parts if len(x) > 1]
    if steps:
        yield "velocity steps within a part", np.mean(steps)


def _parts(bars: Bars) -> Features:
    counts = np.array([len(part) for part in bars.parts])
    played = [np.unique(part.bar) for part in bars.parts]
    yield "parts", len(counts)
    yield "share of the busiest part", counts.max() / counts.sum()
    yield "share of bars a part plays in", np.mean([len(p) / bars.count for p in played])
    yield "bars before the last part enters", max(p[0] for p in played)
    yield "parts that stop early", np.mean([bars.count - 1 - p[-1] > 2 for p in played])
    sounding = np.bincount(np.concatenate(played), minlength=bars.count)
    yield "parts in a bar", sounding.mean()
    if bars.count > 1:
        yield "change of parts from bar to bar", np.abs(np.diff(sounding)).mean()
    per_bar = [np.bincount(part.bar, minlength=bars.count) / bars.ticks for part in bars.parts]
    yield "busiest bar of a part", np.log(GRID * max(density.max() for density in per_bar))
    at_once = [len(part) / len(np.unique(part.onset)) for part in bars.parts]
    yield "notes at once in a part", np.log(max(at_once))


def _loops(bars: Bars) -> Features:
    kinds = {
        "bars": (Attribute.BEAT, Attribute.INSTRUMENT, Attribute.PITCH),
        "rhythms": (Attribute.BEAT, Attribute.INSTRUMENT),
    }
    for name, columns in kinds.items():
        contents = list(bars.contents(*columns))
        yield f"longest run of equal {name}", longest_run(contents)
        yield f"share of distinct {name}", len(set(contents)) / len(contents)
    of_parts = [list(part.contents(Attribute.BEAT, Attribute.PITCH)) for part in bars.parts]
    yield "share of distinct bars of a part", np.mean([len(set(x)) / len(x) for x in of_parts])
    yield "longest run of equal bars of a part", max(map(longest_run, of_parts))


def _drums(bars: Bars) -> Features:
    if not len(bars.drums):
        return
    strokes = np.bincount(bars.drums.column(Attribute.PITCH))
    yield "drum sounds", np.count_nonzero(strokes)
    yield "share of the commonest drum sound", strokes.max() / strokes.sum()
    yield "variety of drum sounds", entropy(strokes)


def longest_run(items: list[bytes]) -> int:
    """The length of the longest run of equal items."""
    return max((len(list(group)) for _, group in groupby(items)), default=0)
