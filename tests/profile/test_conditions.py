"""Profiles as the network reads them."""

import numpy as np
import pytest

from amadeus.music.keys import Key
from amadeus.music.midi import read_midi
from amadeus.profile import FIELDS, MEASURES, NUM_CONDITIONS, Part, Profile, conditions
from amadeus.profile.conditions import FIRST, MAX_CONDITIONS, MAX_LABELS, key_index
from amadeus.profile.labels import FORMS, GENRES, MOODS
from amadeus.profile.measure import profile_of_score
from amadeus.profile.profile import MAX_PARTS
from amadeus.tokens import vocabulary as v

KEYS = [Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)]
FULL = Profile(
    key=KEYS[0], bpm=120.0, time_signature="4/4", num_parts=8,
    parts=tuple(Part(instrument, 0.125) for instrument in range(1, 9)),
    **{measure.name: measure.edges[0] for measure in MEASURES},
    genres=GENRES[:3], forms=FORMS[:3], moods=MOODS[:3], from_start=True, bars_left=16,
)  # fmt: skip
POSSIBLE = {
    "key": [{"key": key} for key in KEYS],
    "bpm": [{"bpm": float(bpm)} for bpm in v.TEMPOS],
    "time_signature": [{"time_signature": "{}/{}".format(*metre)} for metre in v.METRES],
    "parts": [{"parts": (Part(value),)} for value in range(1, v.DRUMS + 1)],
    "num_parts": [{"num_parts": n} for n in (1, 2, 3, 4, 6, 9, 20)],
    **{
        m.name: [{m.name: value} for value in (m.edges[0] / 2, *m.edges)] for m in MEASURES
    },
    "genres": [{"genres": (word,)} for word in GENRES],
    "forms": [{"forms": (word,)} for word in FORMS],
    "moods": [{"moods": (word,)} for word in MOODS],
    "from_start": [{"from_start": False}, {"from_start": True}],
    "bars_left": [{"bars_left": n} for n in (1, 3, 5, 9, 13, 17, 25, 33, 49, 65, 97, 500)],
}  # fmt: skip


def test_every_possible_value_has_a_vector_of_its_own():
    assert set(POSSIBLE) == set(FIELDS)
    seen = []
    for name, profiles in POSSIBLE.items():
        found = [conditions(Profile(**values)) for values in profiles]
        assert {pairs.shape for pairs in found} == {(1, 2)}
        firsts = [int(pairs[0, 0]) for pairs in found]
        assert firsts == list(range(FIRST[name], FIRST[name] + len(profiles)))
        assert {int(pairs[0, 1]) for pairs in found} == {0}
        seen += firsts
    assert sorted(seen) == list(range(1, FIRST["shares"]))
    assert FIRST["shares"] + 3 == NUM_CONDITIONS


def test_an_open_profile_says_nothing():
    assert conditions(Profile()).shape == (0, 2)


def test_a_full_profile_fills_the_room():
    pairs = conditions(FULL)
    assert pairs.shape == (MAX_CONDITIONS, 2)
    assert pairs.dtype == np.int64
    assert pairs.min() >= 0
    assert pairs.max() < NUM_CONDITIONS
    assert len(np.unique(pairs[:, 0])) == len(pairs)


def test_shares_are_a_second_vector_of_their_instrument():
    parts = (Part(1, 0.6), Part(41, 0.3), Part(v.DRUMS, 0.1), Part(5))
    pairs = conditions(Profile(parts=parts))
    assert (pairs[:, 0] - FIRST["parts"] + 1).tolist() == [1, 41, v.DRUMS, 5]
    shares = FIRST["shares"]
    assert pairs[:, 1].tolist() == [shares, shares + 1, shares + 2, 0]


def test_too_many_instruments_and_labels_are_cut():
    many = Profile(parts=tuple(Part(i) for i in range(1, MAX_PARTS + 3)), genres=GENRES[:5])
    assert len(conditions(many)) == MAX_PARTS + MAX_LABELS


@pytest.mark.parametrize(
    "fields", [{"time_signature": "7/32"}, {"genres": ("no such genre",)}, {"parts": ()}]
)
def test_what_has_no_vector_is_left_open(fields):
    assert len(conditions(Profile(**fields))) == 0


def test_keys_are_numbered_from_c_major():
    assert [key_index(key) for key in KEYS] == list(range(24))


def test_real_pieces_fit(fixtures):
    for path in sorted(fixtures.glob("*.mid")):
        pairs = conditions(profile_of_score(read_midi(path)))
        assert 0 < len(pairs) <= MAX_CONDITIONS
        assert pairs.max() < NUM_CONDITIONS
