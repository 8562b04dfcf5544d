"""Features of lines: durations, gaps, leaps, repetitions and registers."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from amadeus.critic.bars import Bars, Features, entropy
from amadeus.critic.registers import semitones_outside
from amadeus.tokens.vocabulary import Attribute

_LONGEST_RATIO = 4.0
"""Durations beyond this many gaps count as this many."""


def melodic_features(pitched: Bars) -> Features:
    """Features of the pitched notes, none without them."""
    if not len(pitched):
        return
    yield from _durations(pitched)
    yield from _rhythms(pitched)
    yield from _pitches(pitched)
    yield from _lines(pitched)


def _durations(pitched: Bars) -> Features:
    duration = pitched.column(Attribute.DURATION)
    counts = np.bincount(duration)
    yield "mean duration", np.log(duration).mean()
    yield "distinct durations", np.count_nonzero(counts)
    yield "share of the commonest duration", counts.max() / len(duration)


def _rhythms(pitched: Bars) -> Features:
    ratios, variety, evenness = [], [], []
    for part in pitched.parts:
        times, place = np.unique(part.onset, return_inverse=True)
        if len(times) < 2:
            continue
        longest = np.zeros(len(times))
        np.maximum.at(longest, place, part.column(Attribute.DURATION))
        gap = np.diff(times)
        ratios.append(np.minimum(longest[:-1] / gap, _LONGEST_RATIO).mean())
        variety.append(len(np.unique(gap)))
        evenness.append(entropy(np.bincount(gap)))
    if ratios:
        yield "duration as a share of the gap", np.mean(ratios)
        yield "distinct gaps between onsets", np.mean(variety)
        yield "variety of gaps between onsets", np.mean(evenness)
    yield "onsets with several notes", (np.unique(pitched.onset, return_counts=True)[1] > 1).mean()


def _pitches(pitched: Bars) -> Features:
    pitch = pitched.column(Attribute.PITCH)
    yield "variety of pitch classes", entropy(np.bincount((pitch - 1) % 12))
    yield "lowest pitch", np.percentile(pitch, 5)
    yield "highest pitch", np.percentile(pitch, 95)
    if len(pitched.top_line) > 1:
        yield "leaps", np.abs(np.diff(pitched.top_line)).mean()
    centres = [np.median(part.column(Attribute.PITCH)) for part in pitched.parts]
    yield "distance between parts", np.ptp(centres)
    yield "semitones out of register", semitones_outside(pitched).mean()
    yield "range of a part", np.mean([np.ptp(p.column(Attribute.PITCH)) for p in pitched.parts])


def _lines(pitched: Bars) -> Features:
    repeated, turns, in_a_row = [], [], []
    for part in pitched.parts:
        steps = np.diff(part.top_line)
        if len(steps) > 1:
            repeated.append(np.mean(steps == 0))
            turns.append(np.mean(np.sign(steps[1:]) != np.sign(steps[:-1])))
        changes = np.flatnonzero(np.diff(part.column(Attribute.PITCH), prepend=-1, append=-1))
        in_a_row.append(np.diff(changes).max())
    yield "same note again", np.log(max(in_a_row))
    yield "bars a part stays on one pitch", max(map(bars_on_one_pitch, pitched.parts))
    if repeated:
        yield "share of repeated notes", np.mean(repeated)
        yield "share of turns in a melody", np.mean(turns)
    if len(pitched.parts) > 1:
        places = np.unique(
            np.stack([pitched.onset, pitched.column(Attribute.PITCH)], axis=1),
            axis=0, return_counts=True,
        )[1]  # fmt: skip
        yield "notes in unison", (places > 1).mean()


def bars_on_one_pitch(part: Bars) -> int:
    """The most bars in a row in which a part plays one and the same pitch only."""
    starts = np.flatnonzero(np.diff(part.bar, prepend=-1))
    pitches = np.split(part.column(Attribute.PITCH), starts[1:])
    only = [int(pitch[0]) if np.ptp(pitch) == 0 else None for pitch in pitches]
    runs = (len(list(group)) for value, group in groupby(only) if value is not None)
    return max(runs, default=0)
