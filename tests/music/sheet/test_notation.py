import pytest
from hypothesis import given
from hypothesis import strategies as st

from amadeus.music.keys import Key
from amadeus.music.midi import read_midi
from amadeus.music.midi.notices import Notices
from amadeus.music.score import Score, TimeSignature, Track, make_notes
from amadeus.music.sheet.engraving import accidentals, beams, sharps_of, spell
from amadeus.music.sheet.measures import Symbol
from amadeus.music.sheet.resolution import EIGHTH, QUARTER, SIXTEENTH, SIXTY_FOURTH, StaffNote
from amadeus.music.sheet.staves import ALTO, BASS, PERCUSSION, TREBLE, parts_of
from amadeus.music.sheet.values import note_values, tuplet_values
from amadeus.music.sheet.voices import Head, slices_of, voices_of

METRES = [TimeSignature(0, *pair) for pair in ((4, 4), (3, 4), (6, 8), (12, 8), (7, 8), (3, 2))]


@pytest.mark.parametrize(
    ("metre", "onset", "duration", "values"),
    [
        ((4, 4), 0, 16, [16]),
        ((4, 4), 0, 10, [8, 2]),
        ((4, 4), 2, 4, [4]),  # an eighth, a quarter, an eighth
        ((4, 4), 6, 4, [2, 2]),  # the middle of the bar is seen
        ((3, 4), 0, 12, [12]),
        ((6, 8), 0, 12, [12]),
        ((6, 8), 4, 4, [2, 2]),  # its two beats are seen
        ((6, 8), 2, 4, [4]),
        ((4, 4), 1, 3, [3]),
        ((9, 8), 0, 18, [12, 6]),
        ((4, 4), 0, 3.5, [3.5]),
        ((4, 4), 0.5, 3.5, [3.5]),
        ((4, 4), 0.25, 1, [0.75, 0.25]),
        ((4, 4), 0, 15, [12, 3]),
    ],
)
def test_note_values_show_the_beats(metre, onset, duration, values):
    """In sixteenths."""
    found = note_values(int(onset * SIXTEENTH), int(duration * SIXTEENTH), TimeSignature(0, *metre))
    assert [value.duration / SIXTEENTH for value in found] == values


@given(st.sampled_from(METRES), st.integers(0, 400), st.integers(1, 400))
def test_note_values_last_as_long(metre, onset, duration):
    values = note_values(onset * SIXTY_FOURTH, duration * SIXTY_FOURTH, metre)
    assert sum(value.duration for value in values) == duration * SIXTY_FOURTH


@pytest.mark.parametrize("actual", [3, 5, 6, 7, 10, 12, 14, 20, 24, 28])
def test_parts_of_tuplets_last_as_long(actual):
    for count in range(1, actual):
        values = tuplet_values(count, QUARTER, actual)
        assert sum(value.duration for value in values) == count * QUARTER // actual
        assert all(value.tuplet[0] == actual for value in values)


def voices(*rows):
    notices = Notices()
    found = voices_of([StaffNote(*row, 80) for row in rows], notices)
    return [[(n.onset, n.end, n.pitch) for n in voice] for voice in found], len(list(notices))


def test_the_higher_voice_comes_first():
    bass, melody = (0, 4 * QUARTER, 48), (QUARTER, 2 * QUARTER, 60)
    assert voices(bass, melody) == ([[melody], [bass]], 0)


def test_unisons_have_voices_of_their_own():
    """Of two notes of one pitch that overlap, none is lost."""
    rows = [(0, 4 * QUARTER, 60), (QUARTER, 2 * QUARTER, 60), (QUARTER, 3 * QUARTER, 60)]
    found, notices = voices(*rows)
    assert sorted(note for voice in found for note in voice) == rows
    assert notices == 0


def test_a_chord_that_outlasts_another_is_tied():
    first, second = slices_of([StaffNote(0, QUARTER, 64, 80), StaffNote(0, EIGHTH, 60, 80)])
    assert first.heads == (Head(60), Head(64, is_tied_to=True))
    assert second.heads == (Head(64, is_tied_from=True),)


def test_spelling_follows_the_key():
    names = {
        (66, 0): "F1", (70, 0): "B-1", (63, 0): "E-1", (68, 0): "G1",
        (70, 6): "A1", (61, -5): "D-1", (60, 0): "C0", (71, -6): "C-1", (60, 7): "B1",
    }  # fmt: skip
    for (pitch, sharps), name in names.items():
        spelled = spell(pitch, sharps)
        assert f"{spelled.letter}{spelled.alter}" == name
    for sharps in range(-7, 8):
        for pitch in range(128):
            name = spell(pitch, sharps)
            natural = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name.letter]
            assert 12 * (name.octave + 1) + natural + name.alter == pitch


def symbols(*rows):
    """(onset, duration) in sixteenths, and pitches."""
    found = []
    for onset, duration, *pitches in rows:
        (value,) = note_values(0, duration * SIXTEENTH, METRES[0])
        heads = tuple(Head(pitch) for pitch in pitches)
        found.append(Symbol(onset * SIXTEENTH, duration * SIXTEENTH, value, heads))
    return found


def test_every_scale_is_spelled_without_accidentals():
    for mode in ("major", "minor"):
        for tonic in range(12):
            sharps = sharps_of(tonic, mode == "minor")
            scale = [60 + step for step in Key(tonic, mode).scale]
            assert accidentals([symbols((0, 4, *scale))], sharps) == {}


def test_accidentals_hold_to_the_end_of_the_measure():
    upper = symbols((0, 4, 66), (4, 4, 66), (8, 4, 65))
    lower = [Symbol(0, 3 * QUARTER, None, (Head(54, is_tied_from=True),))]
    assert accidentals([upper, lower], 0) == {(0, 0, 66, False): 1, (0, 2, 65, False): 0}


def test_beams_join_what_lies_in_a_beat():
    found = symbols((0, 3, 60), (3, 1, 60), (4, 2, 60), (6, 2))
    assert beams(found, METRES[0]) == {0: ["begin"], 1: ["end", "backward hook"]}
    eighths = symbols(*((2 * i, 2, 60) for i in range(6)))
    assert beams(eighths, METRES[2])[1] == ["continue"]
    assert beams(eighths, METRES[1])[1] == ["end"]


def test_keyboards_have_two_staves_and_players_their_clefs(fixtures):
    def clefs(name):
        return [part.clefs for part in parts_of(read_midi(fixtures / f"{name}.mid"))]

    assert clefs("song_with_pickup") == [(TREBLE,), (TREBLE, BASS)]
    assert clefs("string_quartet") == [(TREBLE,), (TREBLE,), (ALTO,), (BASS,)]
    assert clefs("funk_drums") == [(PERCUSSION,)]


def test_tracks_that_only_midi_needs_are_one_part(again):
    """Two notes of one pitch that overlap come back from MIDI in two tracks."""
    notes = make_notes([(0, 24, 60, 80), (12, 24, 60, 80), (48, 12, 64, 80)])
    score = again(Score(12, (Track(73, notes), Track(73, notes[2:]))))
    assert [len(track.notes) for track in score.tracks] == [2, 1, 1]
    assert [len(part.staves[0]) for part in parts_of(score)] == [3, 1]


def test_hands_may_be_named():
    right = Track(0, make_notes([(0, 12, 72, 80)]), name="Piano right")
    left = Track(0, make_notes([(0, 12, 48, 80)]), name="Piano left")
    (part,) = parts_of(Score(12, (right, left)))
    assert (part.name, part.clefs) == ("Piano", (TREBLE, BASS))
    assert [p.name for p in parts_of(Score(12, (left, right)))] == ["Piano left", "Piano right"]
