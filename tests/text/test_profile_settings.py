"""Profiles as people and programs write them."""

import pytest

from amadeus.errors import ConfigError
from amadeus.profile import Part, Profile
from amadeus.profile.wording import describe
from amadeus.text.profile_of_prompt import profile_settings


@pytest.mark.parametrize("instrument", range(1, 130))
def test_every_instrument_is_read_back_from_its_description(instrument):
    profile = Profile(parts=(Part(instrument, 0.5), Part(1 + instrument % 129)))
    assert profile_settings(describe(profile))["profile"] == profile
    assert (
        profile_settings(f"instruments: {describe(profile)['instruments']}")["profile"] == profile
    )


@pytest.mark.parametrize("text", ["mood: open, key: A minor", {"mood": None, "key": "A minor"}])
def test_values_can_be_left_open(text):
    settings = profile_settings(text)
    assert settings["leave_open"] == ("moods",)
    assert describe(settings["profile"]) == {"key": "A minor"}


def test_a_text_outweighs_the_piece_to_be_like():
    like = Profile(bpm=90, register=60.0)
    assert profile_settings("tempo: 120", like)["profile"] == Profile(bpm=120, register=60.0)
    assert profile_settings(None, like)["profile"] == like


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modo: open", "did you mean 'mood'"),
        ("register: 1001", "no number from 0 to 1000"),
        ("notes per bar: " + 400 * "9", "no number from 0 to 1000"),
        ("instruments: pianna", "did you mean piano"),
        ("open", "no `name: value`"),
    ],
)
def test_a_profile_that_is_none_is_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        profile_settings(text)
