"""Which values of a profile are left out."""

from itertools import combinations

import numpy as np
import pytest

from amadeus.music.keys import Key
from amadeus.profile import FIELDS, MEASURES, Part, Profile
from amadeus.profile.dropout import NONE_SHARE, drop_values

FULL = Profile(
    key=Key(9, "minor"), bpm=90.0, time_signature="3/4", parts=(Part(1, 0.7), Part(41, 0.3)),
    num_parts=2, genres=("jazz",), forms=("waltz",), moods=("sad",), from_start=True, bars_left=9,
    **{measure.name: measure.edges[1] for measure in MEASURES},
)  # fmt: skip
DRAWS = 4000


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    return [drop_values(FULL, rng) for _ in range(DRAWS)]


def test_values_are_kept_or_left_open_but_never_changed(drawn):
    for profile in drawn:
        for name, value in profile.stated.items():
            if name == "parts":
                assert {p.instrument for p in value} <= {p.instrument for p in FULL.parts}
            else:
                assert value == getattr(FULL, name)


def test_about_as_many_as_planned_are_left_out_as_a_whole(drawn):
    assert NONE_SHARE < np.mean([p == Profile() for p in drawn]) < NONE_SHARE + 0.03


def test_some_are_kept_whole(drawn):
    assert FULL in drawn


def test_any_three_values_occur_in_every_combination(drawn):
    kept = np.array([[name in profile.stated for name in FIELDS] for profile in drawn])
    for columns in combinations(range(len(FIELDS)), 3):
        assert len(np.unique(kept[:, columns], axis=0)) == 8


def test_every_value_occurs_alone_and_alone_is_missing(drawn):
    told = [frozenset(profile.stated) for profile in drawn]
    rng = np.random.default_rng(1)
    told += [frozenset(drop_values(FULL, rng).stated) for _ in range(8 * DRAWS)]
    for name in FIELDS:
        assert frozenset(FIELDS) - {name} in told


def test_what_people_state_most_is_left_out_least(drawn):
    rate = {name: np.mean([name in p.stated for p in drawn]) for name in FIELDS}
    others = max(rate[name] for name in FIELDS if name not in ("key", "bpm", "time_signature"))
    assert min(rate[name] for name in ("key", "bpm", "time_signature")) > others


def test_instruments_are_left_out_one_by_one_and_shares_in_half_of_the_profiles(drawn):
    with_parts = [p.parts for p in drawn if p.parts]
    assert {tuple(part.instrument for part in parts) for parts in with_parts} == {
        (1,), (41,), (1, 41),
    }  # fmt: skip
    shared = [[part.share is not None for part in parts] for parts in with_parts]
    assert all(len(set(one)) == 1 for one in shared)
    assert np.mean([one[0] for one in shared]) == pytest.approx(0.5, abs=0.04)
