"""Profiles in words."""

import pytest

from amadeus.errors import ConfigError
from amadeus.music.keys import Key
from amadeus.music.midi import read_midi
from amadeus.profile import MEASURES, Part, Profile, profile_of_score
from amadeus.profile.labels import FORMS, GENRES, MOODS
from amadeus.profile.wording import describe, parse_profile
from amadeus.text.profile_of_prompt import instrument_of
from amadeus.tokens.vocabulary import DRUMS


def read(text):
    return parse_profile(text, instrument_of)


def written(profile):
    return ", ".join(f"{name}: {value}" for name, value in describe(profile).items())


def test_values_are_read_by_name():
    found = read("Key: Am; tempo: 93 BPM, metre: 6/8, instruments: violin 70% + drums")
    assert found == Profile(
        key=Key(9, "minor"), bpm=93, time_signature="6/8", parts=(Part(41, 0.7), Part(DRUMS))
    )
    assert read("chord changes: 1 a bar") == Profile(chord_changes=1)
    assert read("genre: jazz, mood: sad + calm") == Profile(genres=("jazz",), moods=("sad", "calm"))
    assert read(" , ") == Profile()


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_low_and_high_are_low_and_high(measure):
    low, high = (getattr(read(f"{measure.title}: {w}"), measure.name) for w in ("low", "high"))
    assert 0 < measure.range_of(low) < len(measure.edges) / 2
    assert len(measure.edges) / 2 < measure.range_of(high) < len(measure.edges)
    assert read(f"{measure.title}: {measure.words[0]}") == Profile(**{measure.name: low})
    assert read(f"{measure.title}: {measure.words[1].upper()}") == Profile(**{measure.name: high})


@pytest.mark.parametrize(
    "profile",
    [
        *(Profile(key=Key(tonic, mode)) for tonic in range(12) for mode in ("major", "minor")),
        *(Profile(genres=(word,)) for word in GENRES),
        *(Profile(forms=(word,)) for word in FORMS),
        *(Profile(moods=(word,)) for word in MOODS),
        Profile(genres=GENRES[:2], forms=FORMS[:2], moods=MOODS[:2]),
        Profile(bpm=93.5, time_signature="7/8", num_parts=3),
        Profile(**{measure.name: measure.edges[0] for measure in MEASURES}),
        Profile(**{measure.name: measure.edges[-1] for measure in MEASURES}),
    ],
)
def test_what_is_written_is_read_back(profile):
    assert read(written(profile)) == profile


@pytest.mark.parametrize("instrument", range(1, DRUMS + 1))
def test_every_instrument_is_read_back(instrument):
    for profile in (Profile(parts=(Part(instrument),)), Profile(parts=(Part(instrument, 0.25),))):
        assert read(written(profile)) == profile


def test_the_profile_of_a_file_is_read_back_to_the_digits_that_are_shown(fixtures):
    for path in sorted(fixtures.glob("*.mid")):
        profile = profile_of_score(read_midi(path))
        again = read(written(profile))
        assert describe(again) == describe(profile)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("sad", "write `key: A minor`"),
        ("key:", "write `key: A minor`"),
        ("chord changs: 1", "did you mean 'chord changes'"),
        ("xyzzy: 1", "choose from key"),
        ("key: H minor", "A minor"),
        ("tempo: fast", "20 to 340"),
        ("tempo: 900", "20 to 340"),
        ("metre: 3/7", "3/4"),
        ("velocities: -3", "flat, wide, low, high"),
        ("number of instruments: none", "1 to 130"),
        ("genre: jaz", "jazz"),
        ("mood: xyzzy", "choose one such as"),
        ("instruments: violen", "did you mean violin"),
        ("instruments: piano +", "no instrument is called ''"),
    ],
)
def test_a_wrong_name_or_value_is_refused_in_one_line_with_a_remedy(text, remedy):
    with pytest.raises(ConfigError) as error:
        read(text)
    assert remedy in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("profile: ")
