"""Profiles of rows that are written by hand, and of real pieces."""

import numpy as np
import pytest

from amadeus.music.keys import Key, estimate_key
from amadeus.music.midi import read_midi
from amadeus.profile import MEASURES, Part, Profile, measure_profile, profile_of_score
from amadeus.tokens import NUM_ATTRIBUTES, Attribute, RowType
from amadeus.tokens import vocabulary as v

PIANO, VIOLIN = 1, 41
WALTZ = v.bar_type(v.metre_index(3, 4))
C_MAJOR, G_MAJOR = v.chord_value(0, "maj"), v.chord_value(7, "maj")


def row(kind, beat, pitch, *, instrument=PIANO, velocity=80, duration=12, chord=C_MAJOR):
    """A note; beat: in grid steps; pitch: MIDI."""
    made = np.ones(NUM_ATTRIBUTES, dtype=np.int64)
    made[Attribute.TYPE] = kind
    made[Attribute.BEAT] = 1 + beat
    made[Attribute.CHORD] = chord
    made[Attribute.TEMPO] = v.tempo_values(np.array([120]))[0]
    made[Attribute.INSTRUMENT] = instrument
    made[Attribute.PITCH] = 1 + pitch
    made[Attribute.DURATION] = duration
    made[Attribute.VELOCITY] = v.velocity_values(np.array([velocity]))[0]
    return made


def mark(kind):
    made = np.zeros(NUM_ATTRIBUTES, dtype=np.int64)
    made[Attribute.TYPE] = kind
    return made


def bar(*pitches, **values):
    """A bar of 3/4 in which these pitches begin, a beat apart."""
    kinds = [WALTZ, RowType.NOTE, RowType.NOTE]
    return [
        row(kinds[i], i * v.GRID, pitch, **values) for i, pitch in enumerate(pitches)
    ]  # fmt: skip


def piece(*bars):
    return np.array([mark(RowType.START), *(r for one in bars for r in one), mark(RowType.END)])


def test_nothing_can_be_said_of_silence():
    assert measure_profile(np.zeros((0, NUM_ATTRIBUTES))) == Profile()
    rest = mark(v.rest_type(v.metre_index(4, 4)))
    assert measure_profile(np.array([mark(RowType.START), rest, mark(RowType.END)])) == Profile()


def test_a_melody_in_c_major():
    found = measure_profile(piece(bar(60, 64, 67), bar(65, 69, 72), bar(67, 71, 74)))
    assert found.key == Key(0, "major")
    assert found.bpm == pytest.approx(120)
    assert found.time_signature == "3/4"
    assert found.parts == (Part(PIANO, 1.0),)
    assert found.num_parts == 1
    assert found.notes_per_bar == 3
    assert found.chord_size == 1
    assert found.register == 67
    assert found.duration_variety == found.repetition == found.velocity_spread == 0
    assert found.from_start is True
    assert found.bars_left is None


def test_notes_that_begin_together_make_chords_in_each_instrument():
    triad = [row(WALTZ, 0, 60), row(RowType.NOTE, 0, 64), row(RowType.NOTE, 0, 67)]
    assert measure_profile(piece(triad)).chord_size == 3
    duo = [row(WALTZ, 0, 60), row(RowType.NOTE, 0, 67, instrument=VIOLIN)]
    assert measure_profile(piece(duo)).chord_size == 1


def test_every_bar_that_was_heard_before_counts_as_repeated():
    first, second = bar(60, 64, 67), bar(65, 69, 72)
    assert measure_profile(piece(first, first, first, first)).repetition == 0.75
    assert measure_profile(piece(first, second, first, second)).repetition == 0.5
    louder = bar(60, 64, 67, velocity=110)
    assert measure_profile(piece(first, louder)).repetition == 0.5


def test_harmony_changes_are_counted_per_bar():
    found = measure_profile(
        piece(bar(60, 64, 67), bar(67, 71, 74, chord=G_MAJOR), bar(60, 64, 67), bar(60, 64, 67))
    )
    assert found.chord_changes == 2 / 4
    assert type(found.chord_changes) is float


def test_velocities_and_shares():
    quiet = bar(60, 62, 64, velocity=40)
    loud = bar(48, 50, 52, velocity=100, instrument=VIOLIN)
    found = measure_profile(piece(quiet, loud, quiet))
    assert found.parts == (Part(PIANO, 6 / 9), Part(VIOLIN, 3 / 9))
    assert [part.rough_share for part in found.parts] == ["main", "second"]
    velocities = v.velocity_of(v.velocity_values(np.array([40] * 6 + [100] * 3)))
    assert found.loudness == pytest.approx(velocities.mean())
    assert found.velocity_spread == pytest.approx(velocities.std())


def test_an_excerpt_that_stops_within_a_bar_is_measured_without_it():
    whole = piece(bar(60, 64, 67), bar(65, 69, 72), bar(48, 48, 48))
    excerpt = whole[:-2]  # without END and the last note
    assert measure_profile(excerpt) == measure_profile(piece(bar(60, 64, 67), bar(65, 69, 72)))
    assert measure_profile(excerpt).notes_per_bar == 3
    only = measure_profile(whole[:3])
    assert only.notes_per_bar == 2  # there is no other bar


def test_an_excerpt_from_the_middle_does_not_begin_the_piece():
    rows = piece(bar(60, 64, 67), bar(65, 69, 72))
    rows[0] = mark(RowType.RESUME)
    assert measure_profile(rows).from_start is False
    assert measure_profile(rows[1:]).from_start is None


def test_drums_alone_have_no_pitch():
    beat = bar(130 - 1, 131 - 1, 130 - 1, instrument=v.DRUMS, chord=v.NO_CHORD)
    found = measure_profile(piece(beat, beat))
    pitched = ("key", "chord_size", "register", "chord_changes")
    assert [getattr(found, name) for name in pitched] == [None] * 4
    assert found.parts == (Part(v.DRUMS, 1.0),)
    assert (found.notes_per_bar, found.repetition, found.duration_variety) == (3, 0.5, 0)


@pytest.mark.parametrize(
    "name",
    ["choir_changing_metre", "funk_drums", "game_band", "song_with_pickup", "string_quartet"],
)
def test_real_pieces_are_measured_in_plain_numbers(fixtures, name):
    score = read_midi(fixtures / f"{name}.mid")
    found = profile_of_score(score)
    assert found.num_parts == len({t.program if not t.is_drum else -1 for t in score.tracks})
    assert sum(part.share for part in found.parts) == pytest.approx(1)
    for measure in MEASURES:
        value = getattr(found, measure.name)
        assert value is None or type(value) is float
    assert type(found.bpm) is float
    for field in ("key", "register"):
        assert (getattr(found, field) is None) == (name == "funk_drums")


def test_the_key_is_that_of_the_score(fixtures):
    score = read_midi(fixtures / "string_quartet.mid")
    assert profile_of_score(score).key == estimate_key(score)
