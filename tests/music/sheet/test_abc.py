import numpy as np
import pytest

from amadeus.errors import ScoreError
from amadeus.music.midi import read_midi
from amadeus.music.score import Chord, KeySignature, Score, TimeSignature, Track, make_notes
from amadeus.music.sheet.abc import melody_of, to_abc
from amadeus.music.sheet.pages import write_sheet
from amadeus.music.sheet.sheet import sheet_of

EIGHTH = 240


def melody(*pitches, length=EIGHTH):
    return make_notes((i * length, length, pitch, 80) for i, pitch in enumerate(pitches))


def lead_sheet(*tracks, **fields):
    """The lines of music."""
    fields = {"chords": (Chord(0, 0, "maj"),), "key_signatures": (KeySignature(0, 1),)} | fields
    text = to_abc(sheet_of(Score(480, tracks, **fields)), "A title").decode()
    return text.split("\n")[6:-1]


def test_the_header_names_key_metre_and_tempo():
    score = Score(480, (Track(73, melody(67, 69)),), key_signatures=(KeySignature(0, -3),))
    text = to_abc(sheet_of(score), "Line\nbreak").decode()
    assert text.startswith("X:1\nT:Linebreak\nM:4/4\nL:1/16\nQ:1/4=120\nK:Eb\n")


def test_pitches_and_accidentals():
    track = Track(73, melody(55, 66, 65, 66, 72, 84, 61, 60))
    assert lead_sheet(track) == ['"C"G,2 F2 =F2 ^F2 c2 c\'2 ^C2 =C2 |]']


def test_chords_stand_where_they_change():
    held = Track(73, make_notes([(0, 1920, 67, 80)]))
    chords = (Chord(0, 7, "maj"), Chord(960, 9, "min7"), Chord(1440, None, ""))
    assert lead_sheet(held, chords=chords) == ['"G"G8- "Am7"G4- "N.C."G4 |]']


def test_tuplets_and_changes():
    notes = melody(67, 69, 71, length=160)
    later = make_notes([(480, 480, 67, 80), (960, 480, 66, 80)])
    assert lead_sheet(
        Track(73, np.concatenate([notes, later])),
        time_signatures=(TimeSignature(0, 2, 4), TimeSignature(960, 3, 8)),
        key_signatures=(KeySignature(0, 1), KeySignature(960, 0)),
    ) == ['"C"(3:2:3G2 A2 B2 G4 | [M:3/8] [K:C] ^F4 z2 |]']


def test_the_melody_is_the_named_or_the_highest_track():
    low, high = Track(0, melody(60, 62), name="Lead vocals"), Track(0, melody(80, 82))
    assert melody_of(Score(480, (high, low)))["pitch"].tolist() == [60, 62]
    flute = Track(73, melody(70, 72))
    assert melody_of(Score(480, (flute, high)))["pitch"].tolist() == [80, 82]
    chord = make_notes([(0, 480, 60, 80), (0, 480, 64, 80), (240, 480, 67, 80)])
    assert melody_of(Score(480, (Track(0, chord),))).tolist() == [
        (0, 240, 64, 80),
        (240, 480, 67, 80),
    ]


def test_drums_have_no_melody(tmp_path):
    drums = Score(480, (Track(0, melody(36, 38), is_drum=True),))
    with pytest.raises(ScoreError, match="only drums"):
        write_sheet(drums, tmp_path / "drums.abc")
    assert not (tmp_path / "drums.abc").exists()


@pytest.mark.parametrize("name", ["song_with_pickup", "string_quartet", "game_band"])
def test_the_melody_comes_back(name, fixtures, tmp_path):
    score = read_midi(fixtures / f"{name}.mid")
    notices = write_sheet(score, tmp_path / "song.abc", name)
    assert "lead sheet has the melody" in notices[-1]
    back = read_midi(tmp_path / "song.abc")
    line = melody_of(score)
    assert back.tracks[0].notes["pitch"].tolist() == line["pitch"].tolist()
    seconds = [
        s.ticks_to_seconds(n["onset_ticks"])
        for s, n in ((score, line), (back, back.tracks[0].notes))
    ]
    # Verovio plays grace notes longer.
    assert np.quantile(np.abs(seconds[0] - seconds[1]), 0.98) < 0.01
