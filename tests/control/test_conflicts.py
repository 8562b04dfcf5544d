"""Constraints that cannot all hold are named before anything is composed."""

from __future__ import annotations

import pytest

from amadeus.control import Constraints
from amadeus.control.piece import plan_piece
from amadeus.errors import ConfigError
from amadeus.text.prompt import PromptFacts, parse_prompt

CONTRADICTIONS = [
    ("key: C E G", "key: F A B"),
    ("key: C major in bars 1-4", "chords: F# C"),
    ("key: C E G for piano", "pitch: 61-63 for piano"),
    ("pitch: 40-50", "pitch: 60-70 in bars 3-5"),
    ("instruments: piano", "instruments: no piano"),
    ("instruments: piano", "instruments: violin, drums"),
    ("instruments: at least piano in bar 3", "instruments: drums"),
    ("instruments: violin in 80% of the bars", "instruments: none in bars 1-4"),
    ("tempo: 120", "tempo: 121 in bar 2"),
    ("tempo: 60-80", "tempo: 90->120"),
    ("time signature: 3/4", "time signature: 4/4 in bars 5-6"),
    ("chords: Am F", "chords: Am G"),
    ("velocity: 20-40", "velocity: 80-100 for drums"),
    ("durations: 1/4", "durations: 1/8 in bar 1"),
    ("end: C", "chords: Am F"),
    ("bars: 8", "bars: 9"),
    ("repeats: none", "repeats: at most 2 in bars 3-5"),
]


@pytest.mark.parametrize("texts", CONTRADICTIONS, ids=str)
def test_a_contradiction_names_both(texts):
    with pytest.raises(ConfigError) as caught:
        Constraints(*texts).plan(None if texts[0].startswith("bars") else 8)
    assert all(f"'{text}'" in str(caught.value) for text in texts)


def test_who_forbids_in_every_bar_is_named_rather_than_a_silence():
    texts = ("instruments: flute", "instruments: none in bars 1-2", "instruments: no flute")
    with pytest.raises(ConfigError, match=r"'instruments: flute' and 'instruments: no flute'"):
        Constraints(*texts).plan(4)


def test_a_key_for_one_instrument_says_nothing_of_another():
    Constraints("key: C E G for piano", "key: C# F# for violin").plan(4)
    Constraints("velocity: 20-40 in bars 1-4", "velocity: 80-100 in bars 5-8").plan(8)


def test_more_than_two_may_be_needed_for_a_contradiction():
    with pytest.raises(ConfigError, match=r"C E'.*E G'.*G C'"):
        Constraints("key: C E", "key: E G", "key: G C").plan(4)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["key: A minor in bars 1-9"], "bar 9, but the piece has 8"),
        (["tempo: 90 in bars 10-"], "bar 10, but the piece has 8"),
        (["end: tonic"], "add 'key"),
        (["instruments: none in bars 5-"], "ends with a note"),
        (["chords: Am F | C"], "add 'time signature: 4/4'"),
        (["chords: Am F C G | C", "metre: 1/16"], "too short"),
        (["instruments: piano, bass, drums in 90% of the bars", "density: at most 2"], "bass"),
        (["pitch: 61-61", "key: C major"], "pitch"),
    ],
)
def test_what_cannot_be_met_is_refused(texts, message):
    with pytest.raises(ConfigError, match=message):
        Constraints(*texts).plan(8)


@pytest.mark.parametrize(
    "text",
    [
        "end: C",
        "instruments: none in bar 2",
        "instruments: at least piano in bars 2-3",
        "instruments: piano in 50% of the bars",
    ],
)
def test_a_limit_on_notes_excludes_what_it_could_cut_off(text):
    Constraints(text).plan(8)
    with pytest.raises(ConfigError, match="limit on notes"):
        Constraints(text).plan(8, max_notes=20)


def test_a_curve_needs_an_end():
    with pytest.raises(ConfigError, match="say how many bars"):
        Constraints("tempo: 90->120").plan(None, max_notes=40)
    Constraints("tempo: 90->120 in bars 1-4").plan(None, max_notes=40)


@pytest.mark.parametrize(
    ("prompt", "text", "phrase"),
    [
        ("a waltz", "time signature: 4/4", "waltz"),
        ("at 90 bpm", "tempo: 120", "90 bpm"),
        ("piano and bass", "instruments: no piano, bass", "in the prompt"),
        ("in C major", "chords: F#", "in the prompt"),
        ("8 bars long", "bars: 16", "8 bars"),
    ],
)
def test_a_prompt_and_a_constraint_that_contradict_each_other(prompt, text, phrase):
    facts = parse_prompt(prompt)
    with pytest.raises(ConfigError) as caught:
        plan_piece(facts, Constraints(text))
    assert phrase in str(caught.value)
    assert f"'{text}'" in str(caught.value)


def test_lengths_come_from_settings_constraints_and_prompt():
    facts = parse_prompt("8 bars of piano")
    assert plan_piece(facts, Constraints()).num_bars == 8
    assert plan_piece(facts, Constraints(), bars=4).num_bars == 4
    assert plan_piece(PromptFacts(), Constraints("bars: 12")).num_bars == 12
    assert plan_piece(PromptFacts(), Constraints()).num_bars == 16
    assert plan_piece(PromptFacts(), Constraints(), notes=9).num_bars is None
    with pytest.raises(ConfigError, match="'bars: 12' and a length of 4"):
        plan_piece(PromptFacts(), Constraints("bars: 12"), bars=4)
