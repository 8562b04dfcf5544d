"""Predicting a performance: expected values, and variations around them.

Masked diffusion in two rounds: velocity and tempo are drawn first, then the other attributes, given
these. All notes are drawn at once, by numbers that are correlated in time (`noise`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from amadeus.performer.attributes import (
    ARTICULATION,
    ATTRIBUTES,
    MOST_OFFSET,
    NAMES,
    PEDAL_CHANGED,
    PEDAL_HELD,
    PEDAL_UP,
    TEMPO,
    Attribute,
)
from amadeus.performer.features import DRUM_FAMILY, NoteTable
from amadeus.performer.network import PerformerNetwork
from amadeus.performer.noise import correlated_noise, piece_share

_ROUNDS = (("velocity", "tempo"), ("offset", "articulation", "pedal"))
"""Attributes by the round in which they are drawn."""
_PASSAGE, _OVERLAP = 8192, 128
_PEDAL, _TEMPO = NAMES.index("pedal"), NAMES.index("tempo")


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """How each note is played. N notes, in the order of a `NoteTable`."""

    velocity: np.ndarray
    """MIDI velocity, float64 [N]."""
    offset: np.ndarray
    """In quarter notes, float64 [N]."""
    articulation: np.ndarray
    """Binary logarithm of the ratio of durations, float64 [N]."""
    pedal: np.ndarray
    """PEDAL_UP, PEDAL_HELD or PEDAL_CHANGED, the same for all notes of an onset, int64 [N]."""
    tempo: np.ndarray
    """Binary logarithm of the tempo ratio, the same for all notes of a quarter, float64 [N]."""


def predict(
    network: PerformerNetwork,
    table: NoteTable,
    features: np.ndarray,
    genre: int,
    known: dict[str, np.ndarray],
    *,
    variation: float,
    seed: int,
) -> Prediction:
    """Predict a performance.

    features: of the notes, [N, NUM_FEATURES]. genre: index in GENRES.
    known: values of attributes that are given, by name, float64 [N], NaN for unknown ones.
    variation: 0 for expected values, 1 for a random sample. The spread is the same, except that
        of the tempo, which grows.
    """
    given = np.full((len(table), len(ATTRIBUTES)), -1, dtype=np.int64)
    for i, attribute in enumerate(ATTRIBUTES):
        if attribute.name in known:
            given[:, i] = attribute.encode(known[attribute.name])
    rng = np.random.default_rng(seed)
    values: dict[str, np.ndarray] = {}
    for names in _ROUNDS:
        reading = _read(network, table, features, genre, given)
        for i, attribute in enumerate(ATTRIBUTES):
            if attribute.name not in names:
                continue
            noise = correlated_noise(attribute.name, table, rng)
            if i == _PEDAL:
                values["pedal"] = _pedal_states(reading.chances[i], table, variation * noise)
                continue
            drawn = _drawn(attribute, reading, i, table, variation, noise)
            fixed = known.get(attribute.name, np.full(len(table), np.nan))
            values[attribute.name] = np.where(np.isnan(fixed), drawn, fixed)
            if variation > 0:
                given[:, i] = attribute.encode(values[attribute.name])
    return Prediction(
        velocity=values["velocity"].clip(1, 127),
        offset=values["offset"].clip(-MOST_OFFSET, MOST_OFFSET),
        articulation=values["articulation"].clip(ARTICULATION.low, ARTICULATION.high),
        pedal=values["pedal"],
        tempo=values["tempo"].clip(TEMPO.low, TEMPO.high),
    )


def _drawn(
    attribute: Attribute,
    reading: _Reading,
    i: int,
    table: NoteTable,
    variation: float,
    noise: np.ndarray,
) -> np.ndarray:
    """Values between the expected and the drawn ones, float64 [N]."""
    mean = reading.mean[:, i]
    sample = _quantiles(attribute, reading.chances[i], noise)
    drawn = mean + variation * (sample - mean)
    if i == _TEMPO:
        # Not widened: wrong changes of tempo are heard more than missing ones.
        _, beat = np.unique(np.floor(table.onset), return_inverse=True)
        return _means(drawn, beat)
    rest = reading.variance[:, i] * (1 - piece_share(attribute.name))
    return _spread(drawn, mean, rest, variation, table.family)


def _quantiles(attribute: Attribute, chances: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The quantile of each distribution at the normal probability of each number, float64 [N]."""
    level = _normal_probability(noise)
    total = np.cumsum(chances, 1)
    place = (total < level[:, None]).sum(1).clip(max=attribute.bins - 1)
    rows = np.arange(len(level))
    share = 1 - (total[rows, place] - level) / np.maximum(chances[rows, place], 1e-9)
    found: np.ndarray = attribute.low + (place + share.clip(0, 1)) * attribute.width
    return found


def _normal_probability(values: np.ndarray) -> np.ndarray:
    return torch.special.ndtr(torch.from_numpy(values)).numpy()


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """What the network says about N notes."""

    chances: list[np.ndarray]
    """Probabilities of bins by attribute, float64 [N, bins] each."""
    mean: np.ndarray
    """Expected values, float64 [N, A]."""
    variance: np.ndarray
    """float64 [N, A]."""


@torch.no_grad()
def _read(
    network: PerformerNetwork,
    table: NoteTable,
    features: np.ndarray,
    genre: int,
    given: np.ndarray,
) -> _Reading:
    """Read all notes, long pieces in passages that overlap by more than the network sees."""
    passages: list[list[np.ndarray]] = []
    for begin in range(0, max(1, len(table)), _PASSAGE):
        low, high = max(0, begin - _OVERLAP), min(len(table), begin + _PASSAGE + _OVERLAP)
        own = slice(low, high)
        mask = torch.ones(1, high - low, 1)
        columns = (features, table.pitch, table.family)
        notes, pitch, family = (torch.from_numpy(column[own])[None] for column in columns)
        hidden = network.encode(notes, pitch, family, torch.tensor([genre]), mask)
        logits = network.decode(hidden, torch.from_numpy(given[own])[None], mask)
        inner = slice(begin - low, begin - low + _PASSAGE)
        passages.append([torch.softmax(one[0, inner].double(), -1).numpy() for one in logits])
    chances = [np.concatenate(parts) for parts in zip(*passages, strict=True)]
    means, variances = [], []
    for attribute, chance in zip(ATTRIBUTES, chances, strict=True):
        mean = chance @ attribute.centres
        means.append(mean)
        variances.append(np.maximum(chance @ attribute.centres**2 - mean**2, 0))
    return _Reading(chances, np.stack(means, 1), np.stack(variances, 1))


def _spread(
    drawn: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    variation: float,
    family: np.ndarray,
) -> np.ndarray:
    """Widen values about their average to the spread that the network predicts.

    Expected values vary less than what is played. Drums and other notes are widened apart.
    """
    found = drawn.copy()
    for is_kind in (family == DRUM_FAMILY, family != DRUM_FAMILY):
        if not is_kind.any():
            continue
        explained, rest = mean[is_kind].var(), variance[is_kind].mean()
        have = explained + variation**2 * rest
        factor = min(3.0, np.sqrt((explained + rest) / max(have, 1e-9)))
        centre = drawn[is_kind].mean()
        found[is_kind] = centre + factor * (drawn[is_kind] - centre)
    return found


def _means(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Each value replaced by the mean of those with its index. Same shape."""
    means: np.ndarray = (np.bincount(index, values) / np.bincount(index))[index]
    return means


def _pedal_states(chances: np.ndarray, table: NoteTable, noise: np.ndarray) -> np.ndarray:
    """The likeliest onsets get each state, as many as are expected to have it. int64 [N].

    noise: the same for all notes of an onset, [N]; positive where the pedal is used more.
    """
    first = np.flatnonzero(np.diff(table.group, prepend=-1))
    groups = np.stack([_means(column, table.group)[first] for column in chances.T], 1)
    usual = torch.special.ndtri(torch.from_numpy((1 - groups[:, PEDAL_UP]).clip(1e-6, 1 - 1e-6)))
    down = _normal_probability(usual.numpy() + noise[first])
    states = np.full(len(groups), PEDAL_UP)
    most = round(float(down.sum()))
    states[np.argsort(-down, kind="stable")[:most]] = PEDAL_HELD
    change = groups[:, PEDAL_CHANGED] * down / np.maximum(1 - groups[:, PEDAL_UP], 1e-6)
    count = min(most, round(float(change.sum())))
    change = np.where(states == PEDAL_HELD, change, -1)
    states[np.argsort(-change, kind="stable")[:count]] = PEDAL_CHANGED
    found: np.ndarray = states[table.group]
    return found
