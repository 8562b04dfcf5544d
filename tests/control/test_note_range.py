"""Which notes a text names."""

from __future__ import annotations

import numpy as np
import pytest

from amadeus.control.note_range import NoteRange, named_notes, parse_notes
from amadeus.errors import ConfigError
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, TimeSignature, Track, make_notes
from amadeus.tokens import encode
from amadeus.tokens.tokenizer import rows_of_notes
from random_edits import name_note

QUARTER = 24


def test_pitch_instrument_and_place_are_read():
    assert parse_notes("C4 at 9:2.5") == NoteRange(60, 60, "", (9, 2.5), (9, 2.5))
    assert parse_notes("C4-G5 for cello") == NoteRange(60, 79, "cello")
    assert parse_notes("36 - 40 for drums from 9:1 to 10:4") == NoteRange(
        36, 40, "drums", (9, 1.0), (10, 4.0)
    )
    assert parse_notes("for piano") == NoteRange(instrument="piano")


@pytest.fixture
def waltz():
    """Two bars of 6/8, of which beats are eighths; a piano and a bass."""
    eighth = QUARTER // 2
    piano = make_notes([(n * eighth, eighth, 60 + n, 80) for n in range(12)])
    bass = make_notes([(0, 6 * eighth, 36, 80), (6 * eighth, 6 * eighth, 36, 80)])
    return Score(QUARTER, (Track(0, piano), Track(32, bass)), (), (TimeSignature(0, 6, 8),))


def pitches(score, *texts):
    tokens = encode(score).astype(np.int64)
    named = named_notes(tokens, texts)
    rows = rows_of_notes(score, tokens)
    return [t.notes["pitch"][named[r]].tolist() for t, r in zip(score.tracks, rows, strict=True)]


def test_beats_are_those_of_the_time_signature(waltz):
    assert pitches(waltz, "for piano from 1:4 to 2:2") == [[63, 64, 65, 66, 67], []]
    assert pitches(waltz, "at 2:1") == [[66], [36]]


def test_several_texts_name_the_notes_of_all(waltz):
    assert pitches(waltz, "60", "C4-D4", "36 at 2:1") == [[60, 61, 62], [36]]


def test_a_program_number_means_no_other_instrument(fixtures):
    score = read_midi(fixtures / "song_with_pickup.mid")
    (voice,) = [t for t in score.tracks if t.program == 53]
    assert pitches(score, "for program 53") == [
        t.notes["pitch"].tolist() if t is voice else [] for t in score.tracks
    ]


def test_every_note_of_real_pieces_is_named_by_its_place(fixtures):
    for path in fixtures.glob("*.mid"):
        score = read_midi(path)
        tokens = encode(score).astype(np.int64)
        for track, rows in zip(score.tracks, rows_of_notes(score, tokens), strict=True):
            for (onset, _, pitch, _), row in list(zip(track.notes.tolist(), rows, strict=True))[
                ::9
            ]:
                name = name_note(score, track, onset, pitch)
                assert np.flatnonzero(named_notes(tokens, [name])).tolist() == [row], name


@pytest.mark.parametrize(
    "text", ["", "H4", "C4 at 9", "C4 at 0:1", "C4 for", "C4 at 1:1 for piano"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(ConfigError, match="notes"):
        parse_notes(text)
