"""How far profiles are apart."""

import pytest

from amadeus.music.keys import Key
from amadeus.music.midi import read_midi
from amadeus.profile import MEASURES, Part, Profile, profile_of_score
from amadeus.profile.distance import differences, distance

A_MINOR, C_MAJOR, D_MAJOR = Key(9, "minor"), Key(0, "major"), Key(2, "major")


@pytest.fixture(scope="module")
def real(fixtures):
    return [profile_of_score(read_midi(path)) for path in sorted(fixtures.glob("*.mid"))]


def test_a_profile_is_no_distance_from_itself(real):
    for profile in real:
        assert set(differences(profile, profile).values()) == {0.0}
        assert distance(profile, profile) == 0


def test_differences_are_symmetric_and_from_0_to_1(real):
    for one in real:
        for other in real:
            there, back = differences(one, other), differences(other, one)
            assert there == pytest.approx(back)
            assert all(0 <= value <= 1 for value in there.values())
            assert (distance(one, other) == 0) == (one is other)


def test_open_values_and_places_in_the_piece_are_left_out():
    one = Profile(key=A_MINOR, bpm=90, from_start=True, bars_left=3)
    assert differences(one, Profile(key=A_MINOR, from_start=False, bars_left=30)) == {"key": 0}
    assert differences(one, Profile()) == {}
    assert distance(one, Profile()) == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"key": A_MINOR}, {"key": C_MAJOR}, 0.5),
        ({"key": A_MINOR}, {"key": D_MAJOR}, 1),
        ({"bpm": 60}, {"bpm": 120}, 1),
        ({"bpm": 30}, {"bpm": 240}, 1),
        ({"bpm": 100}, {"bpm": 100 * 2**0.5}, 0.5),
        ({"time_signature": "3/4"}, {"time_signature": "6/8"}, 1),
        ({"genres": ("jazz", "rock")}, {"genres": ("rock",)}, 0),
        ({"genres": ("jazz",)}, {"genres": ("rock",)}, 1),
        ({"num_parts": 1}, {"num_parts": 2}, 0.5),
        ({"parts": (Part(1),)}, {"parts": (Part(1, 0.5), Part(41, 0.5))}, 0.5),
        ({"parts": (Part(1, 1.0),)}, {"parts": (Part(1, 0.75), Part(41, 0.25))}, 0.25),
        ({"parts": (Part(1, 1.0),)}, {"parts": (Part(41, 1.0),)}, 1),
    ],
)
def test_how_much_values_differ(one, other, expected):
    (found,) = differences(Profile(**one), Profile(**other)).values()
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_measures_differ_by_ranges_and_half_of_them_is_as_far_as_any(measure):
    def apart(one, other):
        return distance(Profile(**{measure.name: one}), Profile(**{measure.name: other}))

    low, next_, high = measure.edges[0] / 2, measure.edges[0], measure.edges[-1]
    assert apart(low, low * 1.01) == 0
    assert apart(low, next_) == pytest.approx(2 / len(measure.edges))
    assert apart(low, high) == 1
