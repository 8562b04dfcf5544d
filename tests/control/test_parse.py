"""Constraints as text say what their classes say, and what is not understood is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from amadeus.control import (
    Chords,
    Constraints,
    Density,
    Durations,
    Ending,
    ExactTempo,
    InScale,
    Length,
    Metre,
    PitchRange,
    Playing,
    Repeats,
    Scope,
    TempoRange,
    Velocities,
    parse_constraint,
)
from amadeus.control.kinds import KINDS
from amadeus.control.kinds.durations import parse_note_value
from amadeus.control.kinds.pitch import parse_pitch
from amadeus.control.parse import EXAMPLES, help_lines, help_table
from amadeus.errors import ConfigError

MEANINGS = {
    "key: A minor": InScale("A minor"),
    "scale: C E G A for piano": InScale("C E G A", scope=Scope(None, ("piano",))),
    "pitch: 48-84 for piano in bars 1-8": PitchRange("48", "84", scope=Scope((1, 8), ("piano",))),
    "Pitch: C3 - C6 in bar 4": PitchRange("C3", "C6", scope=Scope((4, 4))),
    "instruments: piano, bass and drums": Playing(("piano", "bass", "drums")),
    "instruments: at least piano in 50% of the bars": Playing(("piano",), "at least", 0.5),
    "instruments: tuba in 20 % of the notes": Playing(("tuba",), note_share=0.2),
    "instruments: no drums in bars 9-": Playing(("drums",), "none of", scope=Scope((9, None))),
    "instruments: none in bars 5-6": Playing((), scope=Scope((5, 6))),
    "tempo: 120 bpm": ExactTempo(120.0),
    "tempo: 90-110": TempoRange(90.0, 110.0),
    "tempo: 90->120.5": ExactTempo(90.0, 120.5),
    "time signature: 3 / 4": Metre("3/4"),
    "chords: Am F | C G": Chords("Am F | C G"),
    "velocity: 64": Velocities(64, 64),
    "velocity: 40-60->90-110": Velocities(40, 60, (90, 110)),
    "velocity: 40→100 for violin": Velocities(40, 40, (100, 100), scope=Scope(None, ("violin",))),
    "durations: 1/8, 1/4. 1/8t": Durations(("1/8", "1/4.", "1/8t")),
    "density: 8 at most 12": Density(8, 12),
    "density: at most 4 for drums": Density(None, 4, scope=Scope(None, ("drums",))),
    "repeats: none": Repeats(),
    "repeats: at most 2 in bars 9-": Repeats(2, scope=Scope((9, None))),
    "bars: 16": Length(16),
    "end: on the tonic": Ending(),
    "end: Am": Ending("Am"),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_text_means_what_its_class_says_and_comes_back(text):
    constraint = parse_constraint(text)
    assert constraint == MEANINGS[text]
    assert parse_constraint(str(constraint)) == constraint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A minor", "write NAME: VALUE"),
        ("kee: A minor", "there is no 'kee'; did you mean 'key'"),
        ("key:", "write 'A minor'"),
        ("key: A dorain", "did you mean dorian"),
        ("key: dorian", "write 'A dorian'"),
        ("pitch: low", "'low' is not understood; write '48-84'"),
        ("pitch: 84-48", "swap"),
        ("pitch: 48-200", "200"),
        ("pitch: 48-84 for pianno", "did you mean piano"),
        ("instruments: vilin", "did you mean violin"),
        ("instruments: no", "no instrument is called 'no'"),
        ("instruments: piano, bass in 60% of the notes", "more than all notes"),
        ("instruments: piano in 0% of the bars", "above 0"),
        ("instruments: no piano in 50% of the bars", "only instruments that play"),
        ("tempo: fast", "write '120'"),
        ("tempo: 10", "20 to 340"),
        ("tempo: 120-90", "120->90"),
        ("tempo: 120 for piano", "leave out 'for piano'"),
        ("metre: 3/5", "denominators are"),
        ("metre: waltz", "write it like 3/4"),
        ("chords: Am H", "'H' is no chord"),
        ("chords: Am | | F", "every bar needs a chord"),
        ("velocity: 0-40", "1 to 127"),
        ("durations: 1/32", "1/8t|grid"),
        ("durations: quarter", "no note value"),
        ("density: many", "at most 12"),
        ("density: at most 0", "instruments: none"),
        ("bars: 16 in bars 1-8", "whole piece"),
        ("bars: 0", "at least 1"),
        ("repeats: never", "write 'none' or 'at most 2'"),
        ("end: X", "no chord"),
        ("key: A minor in bars 8-4", "write 4-8"),
        ("key: A minor in bar 0", "count from 1"),
    ],
)
def test_what_is_not_understood_is_named_with_what_may_stand_there(text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        parse_constraint(text)
    assert text in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_examples_of_every_kind_are_understood_under_all_of_its_names(kind):
    for name in kind.names or [kind.name]:
        assert {type(parse_constraint(f"{name}: {value}")) for value in kind.examples} == {kind}
        with pytest.raises(ConfigError, match=f"write .*{re.escape(kind.examples[-1])}"):
            parse_constraint(f"{name}:")


def test_the_manual_has_the_table_of_all_kinds():
    text = (Path(__file__).parents[2] / "docs/control.md").read_text(encoding="utf-8")
    assert help_table() in text, f"docs/control.md should have this table:\n{help_table()}"


def test_help_has_a_line_for_every_name():
    assert [line.partition(": ")[0] for line in help_lines()] == list(EXAMPLES)


@pytest.mark.parametrize(
    ("text", "steps"), [("1/4", 12), ("1/4.", 18), ("1/8t", 4), ("3/4", 36), ("1/16", 3)]
)
def test_note_values_are_grid_steps(text, steps):
    assert parse_note_value(text) == steps


@pytest.mark.parametrize(
    ("text", "pitch"), [("C4", 60), ("a0", 21), ("F#3", 54), ("Cb4", 59), ("C-1", 0), (127, 127)]
)
def test_pitches_have_names(text, pitch):
    assert parse_pitch(text) == pitch


def test_constraints_compose_into_one():
    both = Constraints(Constraints("key: A minor"), "tempo: 90", PitchRange(40, 60))
    assert [str(one) for one in both] == ["key: A minor", "tempo: 90", "pitch: 40-60"]
    assert both == Constraints(*both)
