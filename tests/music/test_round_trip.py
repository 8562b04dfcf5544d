"""A score keeps all that a MIDI file told it: written and read again, nothing has changed."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amadeus.errors import MidiError
from amadeus.music.midi import read_midi, write_midi
from amadeus.music.midi.writing import split_voices
from amadeus.music.score import (
    CONTROL_DTYPE,
    PITCH_BEND_DTYPE,
    KeySignature,
    Score,
    Text,
    Track,
    make_notes,
)
from everything import everything

NAMES = ("song_with_pickup", "string_quartet", "choir_changing_metre", "funk_drums", "game_band")
NOTES = make_notes([(0, 12, 60, 80), (12, 12, 64, 80)])
PEDAL = np.array([(0, 64, 127), (20, 64, 0)], CONTROL_DTYPE)


def undivided(score):
    """All fields of a score, its tracks up to how their voices are divided."""
    tracks: dict = {}
    for track in score.tracks:
        told = everything(replace(track, notes=NOTES[:0], lyrics=()))
        one = tracks.setdefault(str(told), ([], []))
        one[0].extend(track.notes.tolist())
        one[1].extend(everything(track.lyrics))
    return everything(replace(score, tracks=())), {
        told: (sorted(notes), sorted(lyrics, key=str)) for told, (notes, lyrics) in tracks.items()
    }


def by_onset(rows):
    return st.lists(rows, max_size=12).map(lambda found: sorted(found, key=lambda row: row[0]))


onsets = st.integers(0, 60)
byte = st.integers(0, 127)
words = st.text("aé-\\ 音", min_size=1)
texts = by_onset(st.tuples(onsets, words)).map(lambda rows: tuple(Text(*row) for row in rows))
# Controllers from 120 on end notes, and some banks are drums.
controls = by_onset(st.tuples(onsets, st.integers(0, 119), st.integers(0, 119)))
tracks = st.builds(
    Track,
    program=byte,
    notes=st.lists(
        st.tuples(onsets, st.integers(1, 30), st.integers(60, 63), st.integers(1, 127)),
        min_size=1,
        max_size=12,
    ).map(lambda rows: split_voices(make_notes(rows))[0]),
    is_drum=st.booleans(),
    name=st.sampled_from(("", "Ré", "Words")),
    controls=controls.map(lambda rows: np.array(rows, CONTROL_DTYPE)),
    pitch_bends=by_onset(st.tuples(onsets, st.integers(-8192, 8191))).map(
        lambda rows: np.array(rows, PITCH_BEND_DTYPE)
    ),
    lyrics=texts,
)
keys = st.lists(st.tuples(st.integers(-7, 7), st.booleans()), max_size=4).map(
    lambda found: tuple(
        KeySignature(7 * i, *key) for i, key in enumerate(found) if i == 0 or found[i - 1] != key
    )
)
scores = st.builds(
    Score,
    ticks_per_quarter=st.just(12),
    tracks=st.lists(tracks, min_size=1, max_size=20).map(tuple),
    key_signatures=keys,
    markers=texts,
    lyrics=texts,
)


@given(scores)
def test_a_score_comes_back_equal_in_every_field(again, score):
    assert everything(again(score)) == everything(score)


@pytest.mark.parametrize("name", NAMES)
def test_a_real_piece_comes_back_equal_in_every_field(fixtures, again, name):
    score = read_midi(fixtures / f"{name}.mid")
    written = again(score)
    assert undivided(written) == undivided(score)
    assert everything(again(written)) == everything(written)


@pytest.mark.skipif("AMADEUS_DATA" not in os.environ, reason="AMADEUS_DATA names no corpora")
def test_pieces_of_every_corpus_come_back_equal_in_every_field(again):
    for corpus in sorted(
        path for path in Path(os.environ["AMADEUS_DATA"]).iterdir() if path.is_dir()
    ):
        for path in sorted(corpus.rglob("*.mid"))[::200][:5]:
            score = read_midi(path)
            written = again(score)
            assert undivided(written) == undivided(score), path
            assert everything(again(written)) == everything(written), path


def test_two_tracks_of_a_program_keep_their_own_pan(tmp_path):
    left, right = (
        Track(48, NOTES, controls=np.array([(0, 10, value)], CONTROL_DTYPE)) for value in (0, 127)
    )
    path = write_midi(Score(12, (left, right)), tmp_path / "pan.mid")
    pans = [[(c.number, c.value) for c in i.control_changes] for i in other_reader(path)]
    assert pans == [[(10, 0)], [(10, 127)]]
    channels = {byte & 15 for byte in path.read_bytes() if byte & 0xF0 == 0xC0}
    assert len(channels) == 2


def other_reader(path):
    return pretty_midi.PrettyMIDI(str(path)).instruments


def test_tracks_beyond_the_channels_are_told_what_is_theirs(tmp_path):
    tracks = tuple(
        Track(p % 3, NOTES, controls=np.array([(0, 10, p), (5, 7, p)], CONTROL_DTYPE))
        for p in range(100)
    )
    path = write_midi(Score(12, tracks), tmp_path / "many.mid")
    assert everything(read_midi(path).tracks) == everything(tracks)
    found = [(i.program, {c.value for c in i.control_changes}) for i in other_reader(path)]
    assert found == [(p % 3, {p}) for p in range(100)]


def test_the_pedal_follows_a_note_that_goes_to_another_voice(again):
    notes = make_notes([(0, 24, 60, 80), (6, 24, 60, 80)])
    score = again(Score(12, (Track(0, notes, controls=PEDAL, lyrics=(Text(0, "la"),)),)))
    assert [len(track.notes) for track in score.tracks] == [1, 1]
    assert [track.controls.tolist() for track in score.tracks] == [PEDAL.tolist()] * 2
    assert [track.lyrics for track in score.tracks] == [(Text(0, "la"),), ()]


def test_moves_at_one_tick_keep_their_order(again):
    registered = np.array([(0, 101, 0), (0, 100, 0), (0, 6, 2), (0, 38, 0)] * 300, CONTROL_DTYPE)
    registered["value"][2::4] = np.arange(300) % 128
    score = again(Score(12, (Track(0, NOTES, controls=registered),)))
    assert score.tracks[0].controls.tolist() == registered.tolist()


def test_a_repeated_note_is_free_of_the_old_pedal_and_under_the_new_volume(tmp_path):
    notes = make_notes([(0, 12, 60, 80), (12, 12, 60, 80)])
    controls = np.array([(12, 64, 0), (12, 7, 90)], CONTROL_DTYPE)
    data = write_midi(Score(12, (Track(0, notes, controls=controls),)), tmp_path / "x.mid")
    order = [b"\x80\x3c\0", b"\0\xb0\x40\0", b"\0\xb0\x07\x5a", b"\0\x90\x3c\x50"]
    assert b"".join(order) in data.read_bytes()


def test_the_program_is_set_after_the_last_bank_before_the_notes(tmp_path, again):
    banks = np.array([(0, 0, 1), (3, 0, 8), (3, 32, 2), (20, 0, 5)], CONTROL_DTYPE)
    notes = make_notes([(4, 12, 60, 80)])
    score = Score(12, (Track(40, notes, controls=banks),))
    data = write_midi(score, tmp_path / "bank.mid").read_bytes()
    assert b"\x03\xb0\0\x08\0\xb0\x20\x02\0\xc0\x28\x01\x90" in data
    assert everything(again(score)) == everything(score)


def test_words_without_notes_belong_to_no_track(tmp_path, again):
    score = Score(12, (Track(0, NOTES, name="Voice", lyrics=(Text(0, "la"),)),))
    data = write_midi(score, tmp_path / "x.mid").read_bytes()
    assert again(score).lyrics == ()
    melody = replace(score.tracks[0], lyrics=())
    words = Track(0, NOTES[:0], name="Words", lyrics=(Text(6, "lo"),))
    score = again(replace(score, tracks=(melody, words)))
    assert [track.name for track in score.tracks] == ["Voice"]
    assert score.lyrics == (Text(6, "lo"),)
    assert read_midi(data).tracks[0].lyrics == (Text(0, "la"),)


BAD = [
    {"controls": np.array([(0, 64, 200)], CONTROL_DTYPE)},
    {"controls": np.array([(0, 128, 0)], CONTROL_DTYPE)},
    {"controls": np.array([(-1, 64, 0)], CONTROL_DTYPE)},
    {"pitch_bends": np.array([(0, 8192)], PITCH_BEND_DTYPE)},
]


@pytest.mark.parametrize("told", BAD)
def test_what_a_channel_cannot_be_told_is_refused(tmp_path, told):
    with pytest.raises(MidiError, match="does not fit into MIDI"):
        write_midi(Score(12, (Track(0, NOTES, **told),)), tmp_path / "x.mid")
    assert os.listdir(tmp_path) == []


def test_words_before_the_start_and_unknown_keys_are_refused(again):
    score = Score(12, (Track(0, NOTES),))
    with pytest.raises(MidiError, match="does not fit into MIDI"):
        again(replace(score, markers=(Text(-1, "Verse"),)))
    with pytest.raises(MidiError, match="8 sharps"):
        again(replace(score, key_signatures=(KeySignature(0, 8),)))
