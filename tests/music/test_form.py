import numpy as np
import pytest

from amadeus.music.form import MAX_BARS, bar_likeness, form_of, loop_bars
from amadeus.music.score import Score, TimeSignature, Track, make_notes

BAR = 48
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def section(seed, bars=8):
    """Bars of eight random quavers over a long bass note, as (bar, position, pitch, duration)."""
    rng = np.random.default_rng(seed)
    melody = [(b, 6 * i, int(rng.choice(SCALE)), 6) for b in range(bars) for i in range(8)]
    return melody + [(b, 0, int(rng.choice(SCALE)) - 24, 48) for b in range(bars)]


def piece(letters, bars=8, pickup=0, transpose=0):
    """Sections one after another, as many bars each, after a short first bar of `pickup` ticks."""
    rows = [
        (pickup + BAR * (bars * i + bar) + position, duration, pitch + transpose, 80)
        for i, letter in enumerate(letters)
        for bar, position, pitch, duration in section(ord(letter), bars)
    ]
    metres = (TimeSignature(0, pickup // 12, 4), TimeSignature(pickup, 4, 4)) if pickup else ()
    if pickup:
        rows.append((0, pickup, 67, 80))
    return Score(12, (Track(0, make_notes(rows)),), time_signatures=metres)


@pytest.mark.parametrize("letters", ["AABA", "ABAB", "AABB", "ABA", "ABAC", "ABACA", "ABABCB"])
@pytest.mark.parametrize("bars", [4, 8, 16])
def test_sections_that_return_get_their_letters_back(letters, bars):
    assert form_of(piece(letters, bars)) == letters


def test_a_pickup_bar_belongs_to_no_section():
    assert form_of(piece("AABA", pickup=12)) == "AABA"


def test_an_introduction_and_an_ending_belong_to_no_section():
    intro, ending = section(1, bars=1), section(2, bars=1)
    rows = [(BAR * b + p, d, pitch, 80) for b, p, pitch, d in intro]
    for i, letter in enumerate("AABA"):
        rows += [(BAR * (1 + 8 * i + b) + p, d, x, 80) for b, p, x, d in section(ord(letter))]
    rows += [(BAR * (33 + b) + p, d, pitch, 80) for b, p, pitch, d in ending]
    assert form_of(Score(12, (Track(0, make_notes(rows)),))) == "AABA"


@pytest.mark.parametrize("semitones", [1, 5, -7])
def test_form_does_not_depend_on_the_key(semitones):
    assert form_of(piece("ABAC", transpose=semitones)) == "ABAC"


@pytest.mark.parametrize("bars", [1, 2, 4, 8])
def test_one_section_over_and_over_is_a_loop(bars):
    form = form_of(piece("AAAAA", bars))
    assert form == f"{bars}-bar loop"
    assert loop_bars(form) == bars


def test_a_varied_return_is_still_a_return():
    score = piece("AABA")
    notes = score.tracks[0].notes.copy()
    rng = np.random.default_rng(0)
    changed = rng.random(len(notes)) < 0.08
    notes["pitch"][changed] += 2
    assert form_of(Score(12, (Track(0, notes),))) == "AABA"


@pytest.mark.parametrize("letters", ["A", "AB", "ABCD", "ABCDEFGH", "AAA", "ABABABAB", "ABCDEA"])
def test_what_is_not_sure_is_not_named(letters):
    assert form_of(piece(letters)) == ""


def test_silence_drums_and_long_pieces_have_no_form():
    drums = Track(0, piece("AABA").tracks[0].notes, is_drum=True)
    assert form_of(Score(12, ())) == form_of(Score(12, (drums,))) == ""
    assert form_of(piece("AABA", bars=MAX_BARS // 4 + 1)) == ""


def test_bars_are_like_themselves_and_likeness_is_mutual():
    likeness = bar_likeness(piece("ABC"))
    np.testing.assert_allclose(np.diagonal(likeness), 1, rtol=1e-5)
    np.testing.assert_allclose(likeness, likeness.T)
    assert loop_bars("AABA") is None
