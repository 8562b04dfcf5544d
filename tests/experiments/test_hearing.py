"""Music that is known, heard."""

import numpy as np
import pytest

from amadeus.control import (
    Chords,
    Density,
    Durations,
    Ending,
    ExactTempo,
    InScale,
    Length,
    Metre,
    PitchRange,
    Playing,
    Velocities,
)
from amadeus.experiments import hearing
from amadeus.music.score import Score, Tempo, TimeSignature, Track, make_notes

BAR = 48
MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


def score(notes, program=0, **rest):
    return Score(ticks_per_quarter=12, tracks=(Track(program, make_notes(notes)),), **rest)


def triads(*chords):
    """A whole bar of each chord: root and intervals, with its bass."""
    rows = [
        (BAR * bar, BAR, pitch, 64)
        for bar, (root, intervals) in enumerate(chords)
        for pitch in (36 + root, *(60 + root + step for step in intervals))
    ]
    return score(rows)


@pytest.fixture
def cadence():
    return triads((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR))


def test_a_tempo_is_this_only_if_no_bar_has_another():
    notes = [(0, 12, 60, 64), (BAR, 12, 60, 64)]
    steady = score(notes, tempos=(Tempo(0, 97.0),))
    changing = score(notes, tempos=(Tempo(0, 97.0), Tempo(BAR, 98.0)))
    assert hearing.tempo(steady, ExactTempo(97.0)) == {"every tempo is this": 1}
    assert hearing.tempo(changing, ExactTempo(97.0)) == {"every tempo is this": 0}
    assert hearing.tempo_pairs(changing, ExactTempo(50.0)) == [(50, 97)]
    for last, share in ((98.0, 1), (99.0, 0.5)):
        found = hearing.tempo_curve(changing, ExactTempo(97.0, last))
        assert found == {"bars at exactly this tempo": share}


def test_a_cadence_is_in_its_key(cadence):
    found = hearing.key(cadence, InScale("C major"))
    assert len(found) == 4
    assert set(found.values()) == {1}
    other = hearing.key(cadence, InScale("A minor"))
    assert (other["key heard"], other["key or its relative heard"]) == (0, 1)
    assert hearing.scale(cadence, InScale("C F G"))["notes of the scale"] == 11 / 16


def test_drums_have_no_pitches():
    drums = Score(12, (Track(0, make_notes([(0, 12, 36, 64)]), is_drum=True),))
    found = hearing.key(drums, InScale("C major"))
    assert found["key heard"] == 0
    assert np.isnan(found["key heard, drums alone left out"])
    assert np.isnan(found["notes of the scale"])
    assert np.isnan(hearing.pitch(drums, PitchRange(40, 60))["pitched notes in the range"])
    assert hearing.instruments(drums, Playing(("drums",)))["these play, no other"] == 1


def test_one_bar_of_another_metre_is_another_metre(cadence):
    assert hearing.metre(cadence, Metre("4/4"))["no other time signature"] == 1
    changing = score([(0, 12, 60, 64)], time_signatures=(TimeSignature(0, 4, 4),
                                                         TimeSignature(BAR, 3, 4)))  # fmt: skip
    assert hearing.metre(changing, Metre("4/4"))["no other time signature"] == 0


def test_instruments_and_the_share_of_the_rarest():
    duo = Score(12, (
        Track(0, make_notes([(t, 12, 60, 64) for t in range(0, 36, 12)])),
        Track(73, make_notes([(0, 12, 72, 64)])),
    ))  # fmt: skip
    found = hearing.instruments(duo, Playing(("piano", "flute")))
    assert found == {"these play, no other": 1, "share of the rarest, of an equal one": 0.5}
    assert hearing.instruments(duo, Playing(("piano",)))["these play, no other"] == 0
    missing = hearing.instruments(duo, Playing(("piano", "flute", "drums")))
    assert missing == {"these play, no other": 0, "share of the rarest, of an equal one": 0}


def test_ranges_include_their_ends():
    piece = score([(0, 12, 50, 40), (12, 12, 60, 50), (24, 12, 70, 60)])
    assert hearing.pitch(piece, PitchRange(50, 60)) == pytest.approx(
        {"pitched notes in the range": 2 / 3, "semitones used, of the range": 2.0}
    )
    assert hearing.velocity(piece, Velocities(50, 60)) == pytest.approx(
        {"notes in the range": 2 / 3}
    )


def test_a_crescendo_is_followed_bar_by_bar():
    rising = score([(BAR * bar, 12, 60, 30 + 20 * bar) for bar in range(4)])
    wanted = Velocities(25, 35, (85, 95))
    assert hearing.velocity_curve(rising, wanted) == {"notes in the moving range": 1}
    assert hearing.velocity_pairs(rising, wanted) == [(30, 30), (50, 50), (70, 70), (90, 90)]
    falling = score([(BAR * bar, 12, 60, 90 - 20 * bar) for bar in range(4)])
    assert hearing.velocity_curve(falling, wanted) == {"notes in the moving range": 0}


def test_note_values_with_dots_and_of_triplets():
    piece = score([(0, 18, 60, 64), (18, 4, 60, 64), (24, 6, 60, 64), (36, 5, 60, 64)])
    wanted = Durations(("1/4.", "1/8t", "1/8"))
    assert hearing.durations(piece, wanted) == {"notes of these lengths": 0.75}


def test_chords_are_heard_in_the_notes(cadence):
    assert set(hearing.chords(cadence, Chords("C F G C")).values()) == {1.0}
    wrong = hearing.chords(cadence, Chords("C F Gm Am"))
    assert wrong["bars in which the chord is heard"] == 0.5
    assert wrong["bars in which its root is heard"] == 0.75
    # G lacks one of four notes of G minor; C has C twice and E of A minor
    assert wrong["time of notes on tones of the chord"] == pytest.approx((4 + 4 + 3 + 3) / 16)


def test_only_the_last_bar_is_the_ending(cadence):
    assert set(hearing.ending(cadence, Ending("C")).values()) == {1.0}
    minor = hearing.ending(cadence, Ending("Cm"))
    assert minor["chord heard in the last bar"] == 0
    assert minor["its root heard there"] == 1
    assert minor["time of notes on its tones there"] == pytest.approx(3 / 4)


def test_length_and_density(cadence):
    assert hearing.length(cadence, Length(4)) == {"so many bars": 1}
    assert hearing.length(cadence, Length(5)) == {"so many bars": 0}
    assert hearing.density_pairs(cadence, Density(5)) == [(5, 4)]
    assert hearing.density(cadence, Density(5)) == {"notes a bar within a quarter": 1}
    assert hearing.density(cadence, Density(6)) == {"notes a bar within a quarter": 0}
