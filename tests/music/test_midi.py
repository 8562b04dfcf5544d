"""MIDI files: what goes in comes out, and bad files are refused in one clear line."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amadeus.errors import MidiError
from amadeus.music.midi import messages, read_midi, write_midi
from amadeus.music.midi.writing import split_voices
from amadeus.music.score import Chord, Score, Tempo, Text, TimeSignature, Track, make_notes

NAMES = ("song_with_pickup", "string_quartet", "choir_changing_metre", "funk_drums", "game_band")


def smf(*events: tuple[int, bytes], division: int = 480, num_tracks: int = 1) -> bytes:
    """A MIDI file of one track from (delta below 128, message) pairs."""
    body = b"".join(bytes([delta]) + message for delta, message in events) + b"\0\xff\x2f\0"
    header = b"MThd\0\0\0\6\0\1" + num_tracks.to_bytes(2, "big") + division.to_bytes(2, "big")
    return header + b"MTrk" + len(body).to_bytes(4, "big") + body


def on(pitch: int, velocity: int = 80) -> bytes:
    return bytes([0x90, pitch, velocity])


def off(pitch: int) -> bytes:
    return bytes([0x80, pitch, 0])


NOTE = ((0, on(60)), (96, off(60)))


def by_program(score: Score) -> dict[int, list]:
    """All notes of each program, drums under -1: a score up to how its tracks are divided."""
    merged: dict[int, list] = {}
    for track in score.tracks:
        merged.setdefault(-1 if track.is_drum else track.program, []).extend(track.notes.tolist())
    return {program: sorted(notes) for program, notes in merged.items()}


@pytest.mark.parametrize("name", NAMES)
def test_writing_a_real_piece_loses_nothing(fixtures, tmp_path, name):
    score = read_midi(fixtures / f"{name}.mid")
    again = read_midi(write_midi(score, tmp_path / "again.mid"))
    assert by_program(again) == by_program(score)
    assert again.tempos == score.tempos
    assert again.time_signatures == score.time_signatures


def test_a_score_without_overlaps_comes_back_equal(tmp_path):
    score = Score(
        ticks_per_quarter=12,
        tracks=(
            Track(0, make_notes([(0, 12, 60, 80), (12, 12, 60, 81), (12, 1, 64, 127)]), name="Ré"),
            Track(40, make_notes([(6, 40, 72, 1)])),
            Track(0, make_notes([(0, 3, 36, 100)]), is_drum=True),
        ),
        tempos=(Tempo(0, 97.5), Tempo(24, 133.333)),
        time_signatures=(TimeSignature(0, 1, 8), TimeSignature(6, 7, 8)),
        chords=(Chord(0, None, ""), Chord(6, 9, "min7"), Chord(24, 5, "maj")),
    )
    again = read_midi(write_midi(score, tmp_path / "score.mid"))
    assert again == score
    assert [t.name for t in again.tracks] == ["Ré", "", ""]


NOTES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 30), st.integers(60, 63), st.integers(1, 127)),
    min_size=1,
    max_size=40,
)


@given(NOTES)
def test_overlapping_notes_of_a_pitch_survive_on_further_tracks(again, rows):
    score = Score(12, (Track(5, make_notes(rows)),))
    assert by_program(again(score)) == by_program(score)


@given(NOTES)
def test_voices_share_no_pitch_at_a_time_and_lose_no_note(rows):
    notes = make_notes(rows)
    voices = split_voices(notes)
    for voice in voices:
        for pitch in np.unique(voice["pitch"]):
            same = voice[voice["pitch"] == pitch]
            ends = same["onset_ticks"] + same["duration_ticks"]
            assert np.all(ends[:-1] <= same["onset_ticks"][1:])
    assert sorted(np.concatenate(voices).tolist()) == sorted(notes.tolist())


def test_the_pickup_is_a_bar_of_its_own(fixtures):
    score = read_midi(fixtures / "song_with_pickup.mid")
    eighth = score.ticks_per_quarter // 2
    assert score.time_signatures == (TimeSignature(0, 1, 8), TimeSignature(eighth, 2, 4))


def test_foreign_markers_are_no_chords():
    def marker(text):
        return 0, b"\xff\x06" + bytes([len(text)]) + text

    assert read_midi(smf(marker(b"chord:Am7"), *NOTE)).chords == (Chord(0, 9, "min7"),)
    assert read_midi(smf(marker(b"Am7"), *NOTE)).chords == ()
    score = read_midi(smf(marker(b"chord:Am7"), marker(b"Verse"), *NOTE))
    assert score.chords == (Chord(0, 9, "min7"),)
    assert score.markers == (Text(0, "Verse"),)
    score = read_midi(smf(marker(b"chord:Am7"), marker(b"chord:what"), *NOTE))
    assert score.chords == ()
    assert score.markers == (Text(0, "chord:Am7"), Text(0, "chord:what"))


def test_a_note_of_no_length_lasts_a_tick():
    notes = read_midi(smf((0, on(60)), (0, off(60)))).tracks[0].notes
    assert notes["duration_ticks"].tolist() == [1]


def test_notes_that_overlap_end_in_the_order_they_began():
    notes = read_midi(smf((0, on(60)), (10, on(60)), (10, off(60)), (10, off(60)))).tracks[0].notes
    assert notes[["onset_ticks", "duration_ticks"]].tolist() == [(0, 20), (10, 20)]


def test_impossible_tempos_and_metres_are_dropped():
    events = [
        (0, b"\xff\x51\x03\0\0\0"),
        (0, b"\xff\x58\x04\0\2\x18\x08"),
        (1, b"\xff\x58\x04\xff\7\x18\x08"),
        (1, b"\xff\x51\x03\0\0\1"),
    ]
    score = read_midi(smf(*events, *NOTE))
    assert score.tempos == (Tempo(0, 120.0), Tempo(2, messages.MAX_BPM))
    assert score.time_signatures == (TimeSignature(0, 4, 4),)


def test_metres_and_tempos_do_not_repeat_themselves():
    waltz, slow = b"\xff\x58\x04\3\2\x18\x08", b"\xff\x51\x03\x0f\x42\x40"
    score = read_midi(smf((0, waltz), (0, slow), (96, waltz), (0, slow), *NOTE))
    assert score.time_signatures == (TimeSignature(0, 3, 4),)
    assert score.tempos == (Tempo(0, 60.0),)


BAD = {
    "is empty": b"",
    "not a MIDI file": b"RIFF....WAVEfmt ",
    "damaged or cut off; ": b"MThd\0\0\0\6",
    "damaged or cut off": smf(*NOTE)[:-5],
    "has no notes": smf((0, b"\xc0\x05")),
    "has no notes; ": smf((0, on(60))),
    "ticks per quarter note": smf(*NOTE, division=0xE700),
    "ticks per quarter note; ": smf(*NOTE, division=0),
    "beyond 2": smf(*[(0xFF, b"\xff\xff\x7f" + message) for message in (on(60), off(60)) * 9]),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path, reason):
    path = tmp_path / "bad.mid"
    path.write_bytes(BAD[reason])
    with pytest.raises(MidiError) as caught:
        read_midi(path)
    assert str(caught.value).startswith(str(path))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_beginning_of_a_file_is_read_or_refused(fixtures):
    data = (fixtures / "choir_changing_metre.mid").read_bytes()
    ends_of_tracks = {i for i in range(len(data)) if data[i : i + 4] == b"MTrk"}
    for length in {*range(0, len(data), 7), *ends_of_tracks}:
        if length in ends_of_tracks - {min(ends_of_tracks)}:
            assert "promises 4 tracks" in read_midi(data[:length]).notices[0]
            continue
        with pytest.raises(MidiError):
            read_midi(data[:length])


def test_a_piece_of_years_is_refused():
    rest = b"\xff\x01\x00"  # an empty text after the longest delta but one
    events = [(0xFF, b"\xff\xff\x7f" + rest)] * 5
    with pytest.raises(MidiError, match="671,088,686 seconds"):
        read_midi(smf(*events, *NOTE, division=1))


def test_missing_files_folders_and_giants_are_refused(tmp_path):
    with pytest.raises(MidiError, match="no such file"):
        read_midi(tmp_path / "none.mid")
    with pytest.raises(MidiError, match="is a folder"):
        read_midi(tmp_path)
    with open(tmp_path / "giant.mid", "wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(MidiError, match="104,857,600 bytes exceed the limit of 16,777,216"):
        read_midi(tmp_path / "giant.mid")


@pytest.mark.parametrize("row", [(-1, 1, 60, 80), (0, 0, 60, 80), (0, 1, 128, 80), (0, 1, 60, 0)])
def test_notes_outside_midi_are_refused(tmp_path, row):
    with pytest.raises(MidiError, match="does not fit into MIDI"):
        write_midi(Score(12, (Track(0, make_notes([row])),)), tmp_path / "x.mid")
    assert os.listdir(tmp_path) == []


def test_only_drums_may_have_a_program_that_midi_lacks(again):
    notes = make_notes([(0, 1, 36, 80)])
    assert again(Score(12, (Track(128, notes, is_drum=True),))).tracks[0].is_drum
    with pytest.raises(MidiError, match="program 128"):
        again(Score(12, (Track(128, notes),)))


def test_a_failed_write_leaves_nothing_behind(fixtures, tmp_path):
    score = read_midi(fixtures / "funk_drums.mid")
    for path in (tmp_path / "none" / "x.mid", fixtures / "funk_drums.mid" / "x.mid", tmp_path):
        with pytest.raises(MidiError, match="cannot be written"):
            write_midi(score, path)
    assert os.listdir(tmp_path) == []


def test_a_write_replaces_the_file_that_was_there(fixtures, tmp_path):
    score = read_midi(fixtures / "funk_drums.mid")
    path = write_midi(score, tmp_path / "x.mid")
    write_midi(replace(score, tempos=(Tempo(0, 60.0),)), path)
    assert read_midi(path).tempos == (Tempo(0, 60.0),)
    assert os.listdir(tmp_path) == ["x.mid"]
