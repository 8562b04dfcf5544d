from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amadeus.errors import ScoreError
from amadeus.music.chords import (
    INTERVALS,
    QUALITIES,
    chord_name,
    estimate_chords,
    parse_chord,
)
from amadeus.music.score import Chord, Score, TimeSignature, Track, make_notes

QUARTER = 480
NO_HARMONY = Chord(0, None, "")
ALL_CHORDS = [Chord(0, root, quality) for root in range(12) for quality in QUALITIES]


def score_of(rows, is_drum=False, **kwargs):
    """A piano piece from rows of (onset, duration) in quarters and a pitch."""
    notes = make_notes((int(o * QUARTER), int(d * QUARTER), p, 80) for o, d, p in rows)
    return Score(QUARTER, (Track(0, notes, is_drum=is_drum),), **kwargs)


def block_chords(chords, quarters=4):
    """Chords one after the other in close position, the root doubled in the bass."""
    return [
        (quarters * i, quarters, pitch)
        for i, (root, quality) in enumerate(chords)
        for pitch in (36 + root, *(60 + root + step for step in INTERVALS[quality]))
    ]


def names(chords):
    return [chord_name(chord) for chord in chords]


def test_cadence_is_heard_bar_by_bar():
    score = score_of(block_chords([(0, "maj"), (5, "maj"), (7, "7"), (0, "maj")]))
    chords = estimate_chords(score)
    assert names(chords) == ["C", "F", "G7", "C"]
    assert [c.onset_ticks for c in chords] == [0, 4 * QUARTER, 8 * QUARTER, 12 * QUARTER]


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_quality_is_heard_in_a_bar_of_it(quality):
    assert estimate_chords(score_of(block_chords([(2, quality)]))) == (Chord(0, 2, quality),)


def test_arpeggio_is_one_chord():
    arpeggio = [(i / 2, 0.5, p) for i, p in enumerate([45, 60, 64, 57, 60, 64, 57, 60])]
    assert names(estimate_chords(score_of(arpeggio))) == ["Am"]


def test_passing_note_is_no_change_of_harmony():
    rows = [(0, 4, 48), (0, 4, 55), (0, 4, 64), (0, 1.5, 72), (1.5, 0.5, 74), (2, 2, 76)]
    assert names(estimate_chords(score_of(rows))) == ["C"]


def test_compound_bars_are_heard_in_dotted_quarters():
    rows = [
        (1.5 * i + t, 0.5, p)
        for i, triad in enumerate([(48, 64, 67), (41, 60, 65), (43, 62, 71), (48, 60, 64)])
        for t, p in zip((0, 0.5, 1.0), triad, strict=True)
        for p in (triad[0], p)
    ]
    chords = estimate_chords(score_of(rows, time_signatures=(TimeSignature(0, 6, 8),)))
    assert names(chords) == ["C", "F", "G", "C"]
    assert [c.onset_ticks for c in chords] == [0, 720, 1440, 2160]


def test_beats_restart_at_the_bar_line_of_a_new_metre():
    metres = (TimeSignature(0, 7, 8), TimeSignature(1680, 4, 4))
    rows = [(0, 3.5, p) for p in (36, 60, 64, 67)] + [(3.5, 4, p) for p in (43, 62, 67, 71)]
    chords = estimate_chords(score_of(rows, time_signatures=metres))
    assert chords == (Chord(0, 0, "maj"), Chord(1680, 7, "maj"))


def test_a_pedal_does_not_drown_the_chords_above_it():
    rows = block_chords([(9, "min"), (5, "maj"), (0, "maj"), (7, "maj")], quarters=4)
    assert names(estimate_chords(score_of([*rows, (0, 16, 69)]))) == ["Am", "F", "C", "G"]


def test_rests_keep_the_chord_and_the_first_rest_has_none():
    rows = [(4 + 8 * i + o, d, p) for i in range(2) for o, d, p in block_chords([(0, "maj")])]
    assert estimate_chords(score_of(rows)) == (NO_HARMONY, Chord(4 * QUARTER, 0, "maj"))


def test_drums_and_silence_have_no_harmony():
    assert estimate_chords(score_of([(0, 1, 36), (1, 1, 38)], is_drum=True)) == (NO_HARMONY,)
    assert estimate_chords(score_of([])) == (NO_HARMONY,)
    assert estimate_chords(Score(QUARTER, ())) == (NO_HARMONY,)


def test_drums_do_not_change_the_harmony():
    piano = score_of(block_chords([(0, "maj"), (9, "min")]))
    drums = score_of([(i / 2, 0.5, 37) for i in range(16)], is_drum=True)
    both = Score(QUARTER, piano.tracks + drums.tracks)
    assert estimate_chords(both) == estimate_chords(piano)


def test_all_twelve_notes_at_once_are_no_harmony():
    assert estimate_chords(score_of([(0, 4, p) for p in range(48, 72)])) == (NO_HARMONY,)


notes = st.tuples(st.integers(0, 48), st.integers(1, 24), st.integers(40, 80))


@given(st.lists(notes, max_size=24), st.integers(-12, 12))
def test_transposing_the_score_transposes_the_chords(rows, semitones):
    rows = [(onset / 4, duration / 4, pitch) for onset, duration, pitch in rows]
    moved = score_of([(o, d, p + semitones) for o, d, p in rows])
    expected = [
        c if c.root is None else replace(c, root=(c.root + semitones) % 12)
        for c in estimate_chords(score_of(rows))
    ]
    assert list(estimate_chords(moved)) == expected


@given(st.lists(notes, max_size=24))
def test_chords_begin_at_zero_and_always_change(rows):
    chords = estimate_chords(score_of([(o / 4, d / 4, p) for o, d, p in rows]))
    onsets = [c.onset_ticks for c in chords]
    assert onsets[0] == 0
    assert np.all(np.diff(onsets) > 0)
    harmony = [(c.root, c.quality) for c in chords]
    assert all(a != b for a, b in pairwise(harmony))


@pytest.mark.parametrize("chord", [NO_HARMONY, *ALL_CHORDS], ids=chord_name)
def test_name_says_the_chord(chord):
    assert parse_chord(chord_name(chord)) == (chord.root, chord.quality)


def test_names_are_those_of_lead_sheets():
    chords = [(9, "min7"), (0, "maj"), (6, "dim"), (10, "sus4"), (11, "m7b5"), (None, "")]
    assert names(Chord(0, root, quality) for root, quality in chords) == [
        "Am7",
        "C",
        "F#dim",
        "Bbsus4",
        "Bm7b5",
        "N.C.",
    ]


@pytest.mark.parametrize(
    ("text", "root", "quality"),
    [("Gb", 6, "maj"), ("E♭m", 3, "min"), ("C♯min7", 1, "min7"), ("Bb5", 10, "5"), ("B5", 11, "5")],
)
def test_other_spellings_are_read(text, root, quality):
    assert parse_chord(text) == (root, quality)


@pytest.mark.parametrize("text", ["", "H", "C13", "am", "C/E"])
def test_unknown_chord_is_refused_with_a_remedy(text):
    with pytest.raises(ScoreError, match="write a root"):
        parse_chord(text)
