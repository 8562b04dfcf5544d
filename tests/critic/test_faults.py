"""Faults of a piece."""

import pytest

from amadeus.critic.faults import CHORD, METRES, REGISTER, STUCK, find_faults
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, TimeSignature, Track, make_notes
from amadeus.tokens import encode

TUNE = (60, 64, 67, 72, 65, 69, 72, 69, 67, 71, 74, 71, 60, 64, 67, 60)


def piece(pitches, program=0, metres=((0, 4, 4),)):
    """A piece in quarter notes."""
    notes = make_notes((12 * i, 12, pitch, 80) for i, pitch in enumerate(pitches))
    signatures = tuple(TimeSignature(*metre) for metre in metres)
    return encode(Score(12, (Track(program, notes),), time_signatures=signatures))


def test_a_plain_tune_has_no_faults():
    assert find_faults(piece(TUNE * 3)) == ()


@pytest.mark.parametrize(("bars", "faults"), [(8, ()), (9, (STUCK, CHORD))])
def test_one_pitch_is_a_fault_after_eight_bars(bars, faults):
    assert find_faults(piece([60] * 4 * bars)) == faults


def test_one_chord_is_a_fault_after_eight_bars():
    assert find_faults(piece((60, 64, 67, 72) * 9)) == (CHORD,)
    assert find_faults(piece((60, 64, 67, 72) * 8)) == ()


def test_a_fiddle_below_its_lowest_string_is_a_fault():
    low = [pitch - 24 for pitch in TUNE * 3]
    assert find_faults(piece(low, program=40)) == (REGISTER,)
    assert find_faults(piece(low, program=32)) == ()


def test_several_time_signatures_are_a_fault():
    assert find_faults(piece(TUNE * 3, metres=((0, 4, 4), (96, 3, 4)))) == (METRES,)


@pytest.mark.parametrize("name", ["string_quartet", "game_band", "song_with_pickup"])
def test_real_pieces_are_free_of_most_faults(fixtures, name):
    faults = find_faults(encode(read_midi(fixtures / f"{name}.mid")))
    assert not {STUCK, REGISTER}.intersection(faults)
