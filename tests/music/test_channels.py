"""Channels: whatever one track is told, no other obeys."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amadeus.music.midi.channels import places_of
from amadeus.music.score import CONTROL_DTYPE, Track, make_notes

NOTES = make_notes([(0, 1, 60, 80)])


def panned(program, value):
    return Track(program, NOTES, controls=np.array([(0, 10, value)], CONTROL_DTYPE))


def test_instruments_keep_channels_to_themselves_and_only_drums_play_on_ten():
    tracks = [Track(p % 15, NOTES) for p in range(20)] + [Track(0, NOTES, is_drum=True)]
    *places, drums = places_of(tracks)
    assert drums == (0, 9)
    assert len(set(places)) == 15
    assert all(port == 0 and channel != 9 for port, channel in places)
    assert places[:5] == places[15:]


def test_tracks_that_are_told_something_come_before_those_that_are_told_nothing():
    plain = [Track(0, NOTES) for _ in range(15)]
    told = [panned(0, value) for value in range(14)]
    places = places_of([*plain, *told])
    assert {port for port, _ in places} == {0}
    assert len(set(places)) == 15
    assert len(set(places[:15])) == 1


def test_a_track_on_a_further_port_has_the_channel_of_its_program():
    tracks = [panned(p % 2, p) for p in range(40)]
    places = places_of(tracks)
    assert len(set(places)) == 40
    home = {0: places[0][1], 1: places[1][1]}
    assert all(c == home[p % 2] for p, (port, c) in enumerate(places) if port)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), max_size=60))
def test_tracks_share_a_place_only_if_they_are_told_the_same(kinds):
    places = places_of([panned(*kind) for kind in kinds])
    told: dict = {}
    for kind, place in zip(kinds, places, strict=True):
        assert place[1] in {*range(9), *range(10, 16)}
        assert told.setdefault(place, kind) == kind
