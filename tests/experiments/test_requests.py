from itertools import combinations

import pytest

from amadeus.control import Constraints, Length
from amadeus.errors import ConfigError
from amadeus.experiments.requests import CONTROLS, INSTRUMENTS, find_controls
from amadeus.music.instrument_words import INSTRUMENT_GROUPS


@pytest.mark.parametrize("control", CONTROLS.values(), ids=list(CONTROLS))
def test_every_request_can_be_met(control):
    for request in control.requests(30, bars=4, seed=0):
        length = () if control.name == "bars" else (Length(4),)
        Constraints(request, *length).plan()
        assert bool(request.hard) == control.is_hard


@pytest.mark.parametrize("control", CONTROLS.values(), ids=list(CONTROLS))
def test_requests_depend_on_the_seed_alone(control):
    some = control.requests(20, bars=8, seed=3)
    assert some == control.requests(20, bars=8, seed=3)
    assert some[5:] == control.requests(15, bars=8, seed=8)
    assert len(set(map(str, some))) > 3


def test_something_is_always_free():
    assert all(control.free and control.speaks_of for control in CONTROLS.values())


def test_no_two_instruments_are_one():
    for one, other in combinations(INSTRUMENTS, 2):
        assert not set(INSTRUMENT_GROUPS[one]) & set(INSTRUMENT_GROUPS[other])


def test_controls_are_found_by_name_in_their_order():
    assert [c.name for c in find_controls(["key", "tempo"])] == ["tempo", "key"]
    assert len(find_controls()) == 15


def test_an_unknown_control_is_named_with_the_closest():
    with pytest.raises(ConfigError, match=r"'tempu'; did you mean 'tempo'\?"):
        find_controls(["key", "tempu"])
