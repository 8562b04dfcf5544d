"""Profiles as the network reads them: a position for every value, the sum of two learned vectors.

The second vector is that of an instrument's rough share; elsewhere it is vector 0, which is zero.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from amadeus.music.keys import Key
from amadeus.profile.labels import FORMS, GENRES, MOODS
from amadeus.profile.profile import FIELDS, MAX_PARTS, MEASURES, SHARES, Profile
from amadeus.tokens import vocabulary as v

PART_COUNT_EDGES = (2, 3, 4, 5, 7, 10)
BARS_LEFT_EDGES = (3, 5, 9, 13, 17, 25, 33, 49, 65, 97, 129)
MAX_LABELS = 2
"""Most genres, forms and moods each that the network is told of a piece."""

_SIZES: dict[str, int] = {
    "key": 24,
    "bpm": len(v.TEMPOS),
    "time_signature": len(v.METRES),
    "parts": v.DRUMS,
    "num_parts": 1 + len(PART_COUNT_EDGES),
    **{measure.name: 1 + len(measure.edges) for measure in MEASURES},
    "genres": len(GENRES),
    "forms": len(FORMS),
    "moods": len(MOODS),
    "from_start": 2,
    "bars_left": 1 + len(BARS_LEFT_EDGES),
    "shares": len(SHARES),
}
FIRST: dict[str, int] = {}
"""The vector of the first possible value of each field, and of "shares"."""
_next = 1
for _name, _size in _SIZES.items():
    FIRST[_name] = _next
    _next += _size
NUM_CONDITIONS = _next
"""Number of vectors, vector 0 included."""
DESCRIBES: dict[str, tuple[v.Attribute, ...]] = {
    "key": (v.Attribute.CHORD, v.Attribute.PITCH),
    "bpm": (v.Attribute.TEMPO,),
    "time_signature": (v.Attribute.TYPE, v.Attribute.BEAT),
    "parts": (v.Attribute.INSTRUMENT,),
    "shares": (v.Attribute.INSTRUMENT,),
    "register": (v.Attribute.PITCH,),
    "loudness": (v.Attribute.VELOCITY,),
    "velocity_spread": (v.Attribute.VELOCITY,),
    "duration_variety": (v.Attribute.DURATION,),
    "chord_changes": (v.Attribute.CHORD,),
}
"""The attributes of a note that a field describes by itself. Other fields describe how notes are
combined."""
MAX_CONDITIONS = len(FIELDS) - 1 + MAX_PARTS + 3 * (MAX_LABELS - 1)
"""Most positions that a profile takes."""

_METRES = {"{}/{}".format(*metre): i for i, metre in enumerate(v.METRES)}
_LABELS = {
    "genres": {word: i for i, word in enumerate(GENRES)},
    "forms": {word: i for i, word in enumerate(FORMS)},
    "moods": {word: i for i, word in enumerate(MOODS)},
}


def conditions(profile: Profile) -> np.ndarray:
    """The two vectors of every position, int64 [P, 2]; P is 0 for an empty profile."""
    pairs = [pair for name in FIELDS for pair in _of_field(profile, name)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def key_index(key: Key) -> int:
    """C major to B major, then C minor to B minor: 0 to 23."""
    return key.tonic + 12 * (key.mode == "minor")


def described() -> np.ndarray:
    """Which attributes each of the possible values describes, bool [NUM_CONDITIONS, A]."""
    table = np.zeros((NUM_CONDITIONS, v.NUM_ATTRIBUTES), dtype=bool)
    for name, attributes in DESCRIBES.items():
        table[FIRST[name] : FIRST[name] + _SIZES[name], attributes] = True
    return table


def fingerprint() -> str:
    """Hash of what gives the vectors their meaning; saved with the weights."""
    text = repr((_SIZES, MEASURES, GENRES, FORMS, MOODS, PART_COUNT_EDGES, BARS_LEFT_EDGES))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _of_field(profile: Profile, name: str) -> Iterator[tuple[int, int]]:
    value = getattr(profile, name)
    if value is None:
        return
    if name == "parts":
        for part in value[:MAX_PARTS]:
            share = part.rough_share
            second = 0 if share is None else FIRST["shares"] + SHARES.index(share)
            yield FIRST["parts"] + part.instrument - 1, second
    elif name in _LABELS:
        known = [word for word in value if word in _LABELS[name]]
        for word in known[:MAX_LABELS]:
            yield FIRST[name] + _LABELS[name][word], 0
    elif (index := _index(name, value)) is not None:
        yield FIRST[name] + index, 0


def _index(name: str, value: object) -> int | None:
    """Which of the possible values of a field it is; None for a metre that has no token."""
    if isinstance(value, Key):
        return key_index(value)
    if isinstance(value, str):
        return _METRES.get(value)
    assert isinstance(value, (bool, int, float))
    if name == "bpm":
        return int(v.tempo_values(np.array([value]))[0]) - 1
    if name == "num_parts":
        return bisect_right(PART_COUNT_EDGES, value)
    if name == "bars_left":
        return bisect_right(BARS_LEFT_EDGES, value)
    if name == "from_start":
        return int(value)
    return _RANGES[name](value)


_RANGES = {measure.name: measure.range_of for measure in MEASURES}
