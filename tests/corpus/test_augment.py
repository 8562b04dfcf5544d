from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amadeus.corpus.augment import bar_rows, excerpt, rearrange, transposable, transpose
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, Track, make_notes
from amadeus.tokens import Attribute, RowType, decode, encode
from amadeus.tokens.grammar import check
from amadeus.tokens.vocabulary import chord_of, opens_bar

FIXTURES = Path(__file__).parents[1] / "fixtures"
BAND = encode(read_midi(FIXTURES / "game_band.mid"))
QUARTET = encode(read_midi(FIXTURES / "string_quartet.mid"))
DRUMS = encode(read_midi(FIXTURES / "funk_drums.mid"))


def types(tokens):
    return tokens[:, Attribute.TYPE].tolist()


@given(semitones=st.integers(-6, 6))
@settings(deadline=None)
def test_there_and_back_again_is_the_same_piece(semitones):
    low, high = transposable(BAND)
    semitones = min(max(semitones, low), high)
    there = transpose(BAND, semitones)
    assert np.array_equal(transpose(there, -semitones), BAND)
    assert np.array_equal(there, BAND) == (semitones == 0)


def test_transposition_moves_every_pitch_but_the_drums():
    before, after = decode(BAND), decode(transpose(BAND, 3))
    assert any(track.is_drum for track in before.tracks)
    for old, new in zip(before.tracks, after.tracks, strict=True):
        moved = old.notes.copy()
        moved["pitch"] += 0 if old.is_drum else 3
        assert np.array_equal(new.notes, moved)
    assert after.tempos == before.tempos
    assert after.time_signatures == before.time_signatures


def test_chords_move_with_the_music():
    before, after = decode(BAND).chords, decode(transpose(BAND, 4)).chords
    assert len(before) > 4
    assert after == tuple(
        chord if chord.root is None else replace(chord, root=(chord.root + 4) % 12)
        for chord in before
    )


def test_no_harmony_stays_no_harmony():
    moved = transpose(DRUMS, 5)
    assert np.array_equal(moved, DRUMS)
    assert {chord_of(int(value)) for value in moved[:, Attribute.CHORD]} == {(None, "")}


@pytest.mark.parametrize(
    ("pitches", "limits"),
    [((60,), (-6, 6)), ((0, 60), (0, 6)), ((2, 125), (-2, 2)), ((127,), (-6, 0))],
)
def test_pitches_stay_within_those_of_midi(pitches, limits):
    track = Track(0, make_notes([(0, 12, pitch, 80) for pitch in pitches]))
    tokens = encode(Score(ticks_per_quarter=12, tracks=(track,)))
    assert transposable(tokens) == limits
    for semitones in limits:
        moved = decode(transpose(tokens, semitones)).tracks[0].notes["pitch"]
        assert moved.tolist() == [pitch + semitones for pitch in pitches]


def test_drums_alone_cannot_be_transposed():
    assert transposable(DRUMS) == (0, 0)


def test_an_excerpt_of_the_beginning_is_the_beginning():
    assert np.array_equal(excerpt(QUARTET, 0, 50), QUARTET[:50])


@pytest.mark.parametrize("bar", [1, 7, -1])
def test_an_excerpt_resumes_at_a_bar_line(bar):
    first = bar_rows(QUARTET)[bar]
    part = excerpt(QUARTET, first, 50)
    assert len(part) <= 50
    assert types(part)[0] == RowType.RESUME
    assert opens_bar(part[1:2, Attribute.TYPE]).all()
    assert np.array_equal(part[1:], QUARTET[first : first + 49])


def test_rearranging_puts_what_follows_first_and_a_join_last():
    piece = excerpt(QUARTET, 0, 200)
    bars = bar_rows(piece)
    begin, end = bars[2], bars[4]
    rows = rearrange(piece, begin, end)
    assert len(rows) == len(piece) + 2
    assert types(rows)[0] == RowType.FUTURE
    assert types(rows)[-1] == RowType.JOIN
    rest = len(piece) - end
    assert np.array_equal(rows[1 : 1 + rest], piece[end:])
    assert np.array_equal(rows[1 + rest : -1], piece[:end])
    assert types(rows)[1 + rest] == RowType.START
    check(rows, ends_with=RowType.JOIN)
