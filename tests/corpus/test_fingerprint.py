from dataclasses import replace

import numpy as np
import pytest

from amadeus.corpus.augment import transpose
from amadeus.corpus.fingerprint import digest, notes_of, shingles, sign
from amadeus.music.grid import GRID
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, Tempo, Track, make_notes
from amadeus.tokens import decode, encode
from inventions import invent


@pytest.fixture(scope="module")
def pieces(fixtures):
    return {path.stem: encode(read_midi(path)) for path in fixtures.glob("*.mid")}


def similarity(one, other):
    return float(np.mean(sign(one).minhash == sign(other).minhash))


def changed(score, change):
    """The score with every track's notes changed in place."""
    tracks = tuple(replace(track, notes=track.notes.copy()) for track in score.tracks)
    for track in tracks:
        change(track.notes)
    return replace(score, tracks=tracks)


def slower(notes):
    notes["onset_ticks"] *= 2
    notes["duration_ticks"] *= 2


def legato(notes):
    notes["duration_ticks"] += 5
    notes["velocity"] = 100


def test_notes_are_where_decoding_puts_them(pieces):
    for tokens in pieces.values():
        onsets, _, pitches = notes_of(tokens)
        tracks = decode(tokens).tracks
        decoded = np.concatenate([track.notes["onset_ticks"] for track in tracks])
        assert sorted(onsets) == sorted(decoded)
        lowest = min(int(t.notes["pitch"].min()) + (129 if t.is_drum else 1) for t in tracks)
        assert pitches.min() == lowest


@pytest.mark.parametrize("semitones", [-5, 1, 4])
def test_transposition_changes_no_signature(pieces, semitones):
    for name in ("game_band", "string_quartet", "choir_changing_metre"):
        moved = transpose(pieces[name], semitones)
        assert sign(moved).digest == sign(pieces[name]).digest
        assert similarity(moved, pieces[name]) == 1


def test_tempo_durations_and_loudness_change_no_signature(pieces):
    for name in ("game_band", "string_quartet", "funk_drums"):
        score = changed(decode(pieces[name]), legato)
        played = encode(replace(score, tempos=(Tempo(0, 47.0),)))
        assert sign(played).digest == sign(pieces[name]).digest
        assert similarity(played, pieces[name]) == 1


def test_writing_notes_twice_as_long_changes_no_signature():
    for score in (invent(1), invent(2, programs=(5,))):
        one, other = encode(score), encode(changed(score, slower))
        assert len(other) >= len(one)
        assert sign(one).digest == sign(other).digest
        assert similarity(one, other) == 1


def test_other_instruments_play_the_same_piece():
    one, other = encode(invent(3, programs=(0, 40))), encode(invent(3, programs=(73, 90)))
    assert sign(one).digest == sign(other).digest
    assert similarity(one, other) == 1


def test_the_fixtures_are_different_pieces(pieces):
    assert len({sign(tokens).digest for tokens in pieces.values()}) == len(pieces)
    names = sorted(set(pieces) - {"funk_drums"})  # which has no melody
    for i, name in enumerate(names):
        assert all(similarity(pieces[name], pieces[other]) < 0.1 for other in names[:i])


def test_drums_are_known_by_their_pattern():
    def drums(pitch):
        notes = make_notes([(GRID * i, 3, 36 + 2 * (i % 2) * (pitch - 36), 80) for i in range(40)])
        return encode(Score(ticks_per_quarter=GRID, tracks=(Track(0, notes, is_drum=True),)))

    assert sign(drums(38)).digest == sign(drums(38)).digest
    # Another drum is another pattern: drums are not transposed.
    assert sign(drums(38)).digest != sign(drums(39)).digest
    assert sign(drums(38)).num_shingles == 0


def test_shingles_are_the_melody_over_the_accompaniment():
    melody = [(6 * i, 6, pitch, 80) for i, pitch in enumerate((60, 62, 64, 60, 67, 65, 64, 62, 60))]
    below = [(onset, length, pitch - 12, 60) for onset, length, pitch, _ in melody[::2]]

    def tune(rows):
        track = Track(0, make_notes(rows))
        return shingles(notes_of(encode(Score(ticks_per_quarter=GRID, tracks=(track,)))))

    assert len(tune(melody)) == 2  # eight intervals hold two runs of seven
    assert np.array_equal(tune(melody), tune(melody + below))


@pytest.mark.parametrize(("repeats", "num_shingles"), [(40, 0), (4, 0), (2, 4)])
def test_riffs_that_hardly_move_have_no_shingles(repeats, num_shingles):
    """Up a third and down again, each note so many times."""
    notes = make_notes([(6 * i, 6, 40 + 4 * (i // repeats % 2), 80) for i in range(40)])
    tokens = encode(Score(ticks_per_quarter=GRID, tracks=(Track(0, notes),)))
    assert len(shingles(notes_of(tokens))) == num_shingles


def test_agreement_of_signatures_estimates_shared_shingles():
    one = invent(5, num_notes=400)
    other = changed(one, lambda notes: notes["pitch"].__setitem__(slice(0, 100), 60))
    sets = [set(shingles(notes_of(encode(score))).tolist()) for score in (one, other)]
    jaccard = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
    assert 0.5 < jaccard < 0.9
    assert similarity(encode(one), encode(other)) == pytest.approx(jaccard, abs=0.12)


def test_digests_have_eight_bytes(pieces):
    assert all(len(digest(notes_of(tokens))) == 8 for tokens in pieces.values())
