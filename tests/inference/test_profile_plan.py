"""The profile that is told is the one that a piece is composed with."""

from dataclasses import replace

import pytest

from amadeus.control import Constraints
from amadeus.errors import ConfigError
from amadeus.inference import profile_plan
from amadeus.inference.composer import Composer
from amadeus.inference.profile_plan import plan_profile, profile_within
from amadeus.model import PRESETS, Amadeus
from amadeus.music.keys import Key, parse_key
from amadeus.music.midi import read_midi
from amadeus.profile import Part, Profile, measure_profile
from amadeus.tokens import encode


@pytest.fixture
def composer(tiny_model):
    return Composer(tiny_model)


def planned(prompt="", *constraints, asked=None, seed=0, **how):
    settings = {"bars": 4, "fill": True} | how
    held = Constraints(*constraints)
    return plan_profile(prompt, held, asked or Profile(), None, seed=seed, **settings)


@pytest.mark.parametrize("seed", [0, 7])
def test_a_piece_is_composed_with_the_profile_that_is_told(composer, monkeypatch, seed):
    settings = {"bars": 1, "notes": 4, "seed": seed, "profile": Profile(chord_changes=1.0)}
    told = composer.profile_of("a slow jig", **settings)
    composed, compose = [], Composer.compose_pieces
    monkeypatch.setattr(
        Composer, "compose_pieces",
        lambda self, pieces, **rest: composed.extend(pieces) or compose(self, pieces, **rest),
    )  # fmt: skip

    composer.generate("a slow jig", **settings)
    assert composed[-1].profile == told
    assert told.stated == {"bpm", "time_signature", "chord_changes", "forms"}


def test_what_is_asked_for_outweighs_the_prompt():
    plan = plan_profile(
        "a slow piano waltz in A minor at 90 bpm", Constraints(), Profile(key=Key(0, "major")),
        None, bars=8, seed=0, fill=False,
    ).profile  # fmt: skip
    assert plan.key == Key(0, "major")
    assert plan.bpm == 90
    assert [part.instrument for part in plan.parts] == [1]
    assert plan.forms == ("waltz",)
    assert (plan.from_start, plan.bars_left) == (True, 8)
    assert plan.notes_per_bar is None


def test_the_rest_is_filled_by_seed():
    def plan(seed):
        return planned("a jig", seed=seed).profile

    assert plan(1) == plan(1)
    assert len({plan(seed) for seed in range(6)}) > 3
    for seed in range(6):
        assert plan(seed).forms == ("jig",)
        assert plan(seed).notes_per_bar is not None


def test_a_prompt_that_contradicts_itself_is_left_to_the_words():
    found = planned("in C major and in D minor at 60 bpm and 200 bpm", bars=None, fill=False)
    assert found.profile == Profile(from_start=True)


def test_nothing_is_filled_in_where_that_is_not_wanted():
    plan = planned("in A minor", fill=False)
    assert plan.to_dict() == {"stated": {"key": "A minor"}, "filled": {}}
    assert (plan.profile.from_start, plan.profile.bars_left) == (True, 4)


def test_what_is_asked_for_outweighs_constraints_and_these_the_prompt():
    held = ("key: D dorian", "metre: 6/8", "tempo: 80")
    plan = planned("a waltz in A minor", *held, asked=Profile(bpm=100), fill=False)
    assert plan.profile.key == parse_key("D minor")
    assert plan.profile.time_signature == "6/8"
    assert plan.profile.bpm == 100


def test_constraints_on_everything_are_stated():
    held = ("tempo: 90-110", "instruments: piano, drums", "key: G major in bars 1-2")
    profile = planned("", *held, fill=False).profile
    assert profile.bpm == pytest.approx(99.5, abs=0.1)
    assert [part.instrument for part in profile.parts] == [1, 129]
    assert profile.num_parts == 2
    assert profile.key is None
    assert planned("", "instruments: at least cello", fill=False).profile.num_parts is None
    assert planned("", "instruments: no drums", fill=False).profile.parts == ()


def test_values_are_left_open_whatever_is_stated_or_filled_in():
    open_fields = ("moods", "loudness", "key")
    plan = planned("a sad tune in A minor", leave_open=open_fields)
    assert not set(open_fields) & set(plan.profile.stated)
    assert plan.profile.notes_per_bar is not None
    with pytest.raises(ConfigError, match="'mood' is no value of a profile"):
        planned(leave_open=["mood"])


def test_instruments_that_are_stated_get_shares_and_a_number():
    plan = planned("", asked=Profile(parts=(Part(1),)))
    assert plan.to_dict()["stated"]["instruments"].startswith("piano")
    assert plan.to_dict()["filled"]["number of instruments"] == "1"


def test_a_model_without_profiles_refuses_one():
    old = Composer(Amadeus(replace(PRESETS["nano"], profile=False)).eval(), name="old")
    assert old.profile_of("a jig", bars=1) is None
    for setting in ({"profile": Profile(bpm=90)}, {"leave_open": ["key"]}, {"guided_by": ["key"]}):
        with pytest.raises(ConfigError, match="old has no profiles; leave out"):
            old.generate(bars=1, **setting)
    old.generate(bars=1, notes=1, profile=Profile(), fill_profile=False)


@pytest.fixture
def quartet(fixtures):
    """Rows of a string quartet, [N, A]."""
    return encode(read_midi(fixtures / "string_quartet.mid"))


def test_new_bars_have_the_profile_of_their_piece(quartet):
    own = measure_profile(quartet)
    found = profile_within(quartet, "", Constraints(), bars=20)
    assert found == replace(own, bars_left=20)


def test_words_and_constraints_outweigh_the_piece_for_its_new_bars(quartet):
    own = measure_profile(quartet)
    found = profile_within(quartet, "in C minor at 60 bpm", Constraints("tempo: 90"), bars=20)
    assert (found.key, found.bpm) == (parse_key("C minor"), 90)
    assert found.parts == own.parts
    assert found.notes_per_bar == own.notes_per_bar


def test_instruments_that_join_a_piece_are_in_its_profile(quartet):
    own = measure_profile(quartet)
    playing = own.parts[0].instrument
    found = profile_within(quartet, "", Constraints(), bars=20, joining=[playing, 129])
    assert found.parts == (*own.parts, Part(129))
    assert found.num_parts == own.num_parts + 1
    many = profile_within(quartet, "", Constraints(), bars=20, joining=range(100, 109))
    assert len(many.parts) == 8


def test_continuing_and_editing_read_the_profile_of_the_piece(composer, fixtures, monkeypatch):
    score = read_midi(fixtures / "string_quartet.mid")
    read, profile_of = [], profile_plan.ProfilePlanner.prefix
    monkeypatch.setattr(
        profile_plan.ProfilePlanner, "prefix",
        lambda self, profile, text: read.append(profile) or profile_of(self, profile, text),
    )  # fmt: skip
    composer.continue_score(score, bars=1, notes=2)
    composer.edit(score, bars=(3, 3), tries=1)
    composer.edit(score, bars=(3, 3), add=["flute"], tries=1)
    own = measure_profile(encode(score))
    assert {profile.key for profile in read} == {own.key}
    assert read[0].bars_left == read[1].bars_left + 1
    added = [len(profile.parts) - len(own.parts) for profile in read]
    assert added == [0, 0, 1]
