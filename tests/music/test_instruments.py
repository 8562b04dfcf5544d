import pytest

from amadeus.errors import ScoreError
from amadeus.music.instruments import (
    DRUMS,
    EVERYDAY_NAMES,
    FAMILIES,
    PROGRAM_NAMES,
    everyday_name,
    family_name,
    find_instrument,
    program_name,
    score_position,
)


def test_general_midi_has_128_programs_in_16_families():
    assert len(PROGRAM_NAMES) == len(set(PROGRAM_NAMES)) == 128
    assert len(FAMILIES) == len(set(FAMILIES)) == 16
    assert len(EVERYDAY_NAMES) == 129


@pytest.mark.parametrize(
    ("program", "name", "everyday", "family"),
    [
        (0, "acoustic grand piano", "piano", "piano"),
        (19, "church organ", "church organ", "organ"),
        (33, "electric bass (finger)", "electric bass", "bass"),
        (40, "violin", "violin", "strings"),
        (60, "french horn", "french horn", "brass"),
        (73, "flute", "flute", "pipe"),
        (80, "lead 1 (square)", "synth lead", "synth lead"),
        (104, "sitar", "sitar", "ethnic"),
        (127, "gunshot", "sound effects", "sound effects"),
        (DRUMS, "drums", "drums", "drums"),
    ],
)
def test_programs_have_their_general_midi_names(program, name, everyday, family):
    assert program_name(program) == name
    assert everyday_name(program) == everyday
    assert family_name(program) == family


def test_every_full_name_finds_its_program():
    assert [find_instrument(name) for name in PROGRAM_NAMES] == list(range(128))


def test_every_everyday_name_finds_an_instrument_of_that_name():
    assert all(everyday_name(find_instrument(name)) == name for name in EVERYDAY_NAMES)


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("Piano", 0),
        ("bass guitar", 33),
        ("violins", 40),
        ("Drum  Kit", DRUMS),
        ("upright bass", 32),
    ],
)
def test_musicians_names_are_understood(name, program):
    assert find_instrument(name) == program


def test_an_unknown_name_brings_suggestions():
    with pytest.raises(ScoreError, match=r"did you mean.*violin"):
        find_instrument("violine")


@pytest.mark.parametrize("program", [-1, 129])
def test_programs_outside_general_midi_are_refused(program):
    with pytest.raises(ScoreError, match="0 to 127"):
        program_name(program)


def test_a_score_lists_flute_above_trumpet_above_violin_above_bass_above_drums():
    programs = [DRUMS, 32, 40, 73, 56]
    assert sorted(programs, key=score_position) == [73, 56, 40, 32, DRUMS]
    assert len({score_position(p) for p in range(129)}) == 129
