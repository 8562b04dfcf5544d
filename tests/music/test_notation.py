from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amadeus.music.engraving import TYPES, accidentals, beams, sharps_of, spell, tuplets
from amadeus.music.grid import bars_of, quantize
from amadeus.music.keys import Key
from amadeus.music.midi import read_midi
from amadeus.music.notation import (
    MOST_VOICES,
    Symbol,
    drum_voice,
    measures_of,
    note_values,
    voices_of,
    written,
)
from amadeus.music.score import Score, TimeSignature, Track, make_notes
from amadeus.music.staves import ALTO, BASS, PERCUSSION, TREBLE, parts_of

METRES = [TimeSignature(0, *pair) for pair in ((4, 4), (3, 4), (6, 8), (12, 8), (7, 8), (3, 2))]


def bars_for(notes, metre=METRES[0]):
    score = Score(12, (Track(0, notes),), time_signatures=(metre,))
    return bars_of(score, score.end_ticks + 12)


def rewritten(*rows, metre=METRES[0]):
    """(onset, duration, pitch) of the notes that are written for such notes."""
    notes = make_notes([(*row, 80) for row in rows])
    found = written(voices_of(notes, bars_for(notes, metre)))
    return [tuple(row)[:3] for row in found.tolist()]


@pytest.mark.parametrize(
    ("metre", "onset", "duration", "values"),
    [
        ((4, 4), 0, 48, [48]),
        ((4, 4), 0, 30, [24, 6]),
        ((4, 4), 6, 12, [12]),  # an eighth, a quarter, an eighth
        ((4, 4), 18, 12, [6, 6]),  # the middle of the bar is seen
        ((3, 4), 0, 36, [36]),
        ((6, 8), 0, 36, [36]),
        ((6, 8), 12, 12, [6, 6]),  # its two beats are seen
        ((6, 8), 6, 12, [12]),
        ((3, 4), 4, 8, [8]),  # triplets
        ((4, 4), 8, 8, [8]),  # quarters, three in a half
        ((4, 4), 8, 16, [4, 12]),
        ((4, 4), 3, 9, [9]),
        ((9, 8), 0, 54, [36, 18]),
        ((4, 4), 0, 20, [12, 8]),
        ((4, 4), 4, 14, [8, 6]),
    ],
)
def test_note_values_show_the_beats(metre, onset, duration, values):
    assert note_values(onset, duration, TimeSignature(0, *metre)) == values


@given(st.sampled_from(METRES), st.integers(0, 60), st.integers(1, 80))
def test_note_values_have_names_and_last_as_long(metre, onset, duration):
    values = note_values(onset, duration, metre)
    assert sum(values) == duration
    assert set(values) <= set(TYPES)


def test_a_beat_is_in_sixteenths_or_in_triplets():
    assert rewritten((0, 3, 60), (2, 4, 62), (6, 6, 64)) == [(0, 3, 60), (3, 3, 62), (6, 6, 64)]
    triplet = [(0, 4, 60), (4, 4, 62), (8, 4, 64)]
    assert rewritten(*triplet) == triplet
    assert rewritten((0, 4, 60), (5, 3, 62), (8, 4, 64)) == triplet


def test_a_chord_ends_together_unless_something_begins_in_between():
    assert rewritten((0, 12, 60), (0, 9, 64), (12, 12, 62)) == [
        (0, 12, 60),
        (0, 12, 64),
        (12, 12, 62),
    ]
    held = [(0, 24, 48), (0, 12, 64), (12, 12, 65)]
    assert rewritten(*held) == held


def test_legato_is_no_second_voice():
    notes = make_notes([(0, 14, 60, 80), (12, 12, 62, 80)])
    (voice,) = voices_of(notes, bars_for(notes))
    assert [(chord.onset, chord.end) for chord in voice] == [(0, 12), (12, 24)]


notes_of_a_staff = st.lists(
    st.tuples(st.integers(0, 150), st.integers(1, 60), st.integers(40, 80), st.just(80)),
    min_size=1,
    max_size=40,
).map(make_notes)


@settings(deadline=None)
@given(notes_of_a_staff, st.sampled_from(METRES), st.booleans())
def test_measures_are_full_and_say_what_is_written(notes, metre, is_drum):
    bars = bars_for(notes, metre)
    voices = drum_voice(notes, bars) if is_drum else voices_of(notes, bars)
    assert len(voices) <= MOST_VOICES
    sounding = {}
    for bar, measure in enumerate(measures_of(voices, bars)):
        for symbols in measure:
            now = 0
            for symbol in symbols:
                assert symbol.onset == now
                now += symbol.duration
            assert now == bars.length_ticks[bar]
            for symbol in symbols:
                onset = int(bars.onset_ticks[bar]) + symbol.onset
                for pitch in symbol.pitches:
                    begin = sounding.pop((onset, pitch), onset) if symbol.is_tied_from else onset
                    end = onset + symbol.duration
                    sounding[end, pitch] = begin
    for voice in voices:
        assert all(a.end <= b.onset for a, b in pairwise(voice))
    found = written(voices)
    assert set(found["pitch"]) == set(notes["pitch"])
    assert np.all(found["duration_ticks"] > 0)


def test_music_on_the_grid_is_written_as_it_is(fixtures):
    """The choir, note for note; of the quartet, whose grace notes move, nearly all."""
    for name, least in (("choir_changing_metre", 1.0), ("string_quartet", 0.9)):
        score = quantize(read_midi(fixtures / f"{name}.mid"))
        bars = bars_of(score, score.end_ticks + 12)
        for track in score.tracks:
            given, found = (
                {tuple(row)[:3] for row in notes.tolist()}
                for notes in (track.notes, written(voices_of(track.notes, bars)))
            )
            assert len(given & found) >= least * len(given)


def test_drums_last_until_the_next_stroke():
    notes = make_notes([(0, 1, 36, 80), (0, 1, 42, 80), (6, 40, 42, 80), (24, 1, 38, 80)])
    found = written(drum_voice(notes, bars_for(notes)))
    assert [tuple(row)[:3] for row in found.tolist()] == [
        (0, 6, 36), (0, 6, 42), (6, 6, 42), (24, 12, 38),
    ]  # fmt: skip


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


def test_every_scale_is_spelled_without_accidentals():
    for mode in ("major", "minor"):
        for tonic in range(12):
            sharps = sharps_of(tonic, mode == "minor")
            scale = tuple(60 + step for step in Key(tonic, mode).scale)
            assert accidentals([[Symbol(0, 12, scale)]], sharps) == {}


def test_accidentals_hold_to_the_end_of_the_measure():
    upper = [Symbol(0, 12, (66,)), Symbol(12, 12, (66,)), Symbol(24, 12, (65,))]
    lower = [Symbol(0, 36, (54,), is_tied_from=True)]
    assert accidentals([upper, lower], 0) == {(0, 0, 66): 1, (0, 2, 65): 0}


def test_beams_join_what_lies_in_a_beat():
    symbols = [Symbol(0, 9, (60,)), Symbol(9, 3, (60,)), Symbol(12, 6, (60,)), Symbol(18, 6)]
    assert beams(symbols, METRES[0]) == {0: ["begin"], 1: ["end", "backward hook"]}
    eighths = [Symbol(6 * i, 6, (60,)) for i in range(6)]
    assert beams(eighths, METRES[2])[1] == ["continue"]
    assert beams(eighths, METRES[1])[1] == ["end"]


def test_triplets_have_brackets():
    triplet = [Symbol(0, 4, (60,)), Symbol(4, 8), Symbol(12, 12, (60,)), Symbol(24, 8, (60,))]
    assert tuplets([*triplet, Symbol(32, 4, (62,))]) == {
        0: "start", 1: "stop", 3: "start", 4: "stop",
    }  # fmt: skip


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
