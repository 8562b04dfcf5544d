"""MusicXML, MEI, kern and ABC are read like MIDI files."""

import io
import zipfile
from dataclasses import replace
from itertools import pairwise

import pytest

from amadeus.errors import MidiError
from amadeus.music.limits import LIMITS
from amadeus.music.midi import read_midi
from amadeus.music.score import KeySignature, TimeSignature
from amadeus.music.sheet.musicxml import to_musicxml

ABC = """X:1
T:A jig
M:6/8
L:1/8
Q:3/8=110
K:Gmaj
|:GAB c2d:|d>ef g3|]
"""
KERN = """!!!COM: Nobody
**kern\t**kern
*clefF4\t*clefG2
*k[b-]\t*k[b-]
*M3/4\t*M3/4
=1\t=1
4F\t8f
.\t8g
4G\t4a
4A\t4b-
==\t==
*-\t*-
"""
MEI = """<?xml version="1.0" encoding="UTF-8"?>
<mei xmlns="http://www.music-encoding.org/ns/mei"><music><body><mdiv><score>
<scoreDef meter.count="3" meter.unit="4"><staffGrp><staffDef n="1" lines="5" clef.shape="G"
clef.line="2"/></staffGrp></scoreDef><section><measure n="1"><staff n="1"><layer n="1">
<note pname="c" oct="4" dur="4"/><note pname="e" oct="4" dur="2"/></layer></staff></measure>
</section></score></mdiv></body></music></mei>
"""
MUSICXML = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Oboe</part-name>
<midi-instrument id="P1-I1"><midi-program>69</midi-program></midi-instrument></score-part>
</part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions><time>
<beats>3</beats><beat-type>4</beat-type></time></attributes><note><pitch><step>C</step>
<octave>4</octave></pitch><duration>1</duration><type>quarter</type></note><note><pitch>
<step>E</step><octave>4</octave></pitch><duration>2</duration><type>half</type></note></measure>
</part></score-partwise>
"""


def notes(score):
    """(onset, duration, pitch) in eighths."""
    eighth = score.ticks_per_quarter / 2
    return [
        (round(o / eighth, 1), round(d / eighth, 1), p)
        for track in score.tracks
        for o, d, p, _ in track.notes.tolist()
    ]


def test_abc():
    score = read_midi(ABC.encode())
    first = [(0, 1, 67), (1, 1, 69), (2, 1, 71), (3, 2, 72), (5, 1, 74)]
    again = [(o + 6, d, p) for o, d, p in first]
    last = [(12, 1.5, 74), (13.5, 0.5, 76), (14, 1, 78), (15, 3, 79)]
    assert notes(score) == [*first, *again, *last]
    assert score.time_signatures == (TimeSignature(0, 6, 8),)
    assert score.key_signatures == (KeySignature(0, 1),)
    assert score.tempos[0].bpm == pytest.approx(165, abs=0.1)


def test_kern():
    score = read_midi(KERN.encode())
    upper = [(0, 1, 65), (1, 1, 67), (2, 2, 69), (4, 2, 70)]
    assert sorted(notes(score)) == sorted([*upper, (0, 2, 53), (2, 2, 55), (4, 2, 57)])
    assert score.time_signatures == (TimeSignature(0, 3, 4),)


def test_mei():
    assert notes(read_midi(MEI.encode())) == [(0, 2, 60), (2, 4, 64)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_musicxml(encoding, tmp_path):
    path = tmp_path / "song.musicxml"
    path.write_bytes(MUSICXML.encode(encoding))
    score = read_midi(path)
    assert notes(score) == [(0, 2, 60), (2, 4, 64)]
    assert (score.tracks[0].program, score.tracks[0].name) == (68, "Oboe")


def compressed(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def test_compressed_musicxml():
    assert len(notes(read_midi(compressed(**{"song.xml": MUSICXML})))) == 2
    container = '<container><rootfiles><rootfile full-path="b.xml"/></rootfiles></container>'
    files = {"META-INF/container.xml": container, "a.xml": "<html/>", "b.xml": MUSICXML}
    assert len(notes(read_midi(compressed(**files)))) == 2


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"<score-partwise>", "has no notes|is MusicXML, but Verovio could not read"),
        (b"<mei>", "has no notes|is MEI, but Verovio could not read"),
        (b"X:1\nK:C\n", "has no notes|is ABC, but Verovio could not read"),
        (b"**kern\n*-\n", "has no notes|is Humdrum, but"),
        (compressed(**{"a.txt": "la la la"}), "ZIP archive without MusicXML"),
        (compressed(**{"a.xml": "<html></html>"}), "ZIP archive without MusicXML"),
        (compressed(**{"a.xml": MUSICXML})[:200], "damaged"),
        (b"<html></html>", "not a MIDI file"),
    ],
    ids=range(8),
)
def test_what_cannot_be_read_is_an_error(data, problem):
    with pytest.raises(MidiError, match=problem):
        read_midi(data)


def test_a_zip_bomb_is_not_unpacked():
    bomb = compressed(**{"a.xml": MUSICXML + " " * 20 * 2**20})
    assert len(bomb) < 100_000
    with pytest.raises(MidiError, match="bytes exceed the limit"):
        read_midi(bomb)


def test_an_entity_bomb_does_not_grow():
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise("abcdefghi")
    )
    bomb = MUSICXML.replace("?>", f"?><!DOCTYPE score-partwise [{entities}]>", 1)
    score = read_midi(bomb.replace("Oboe", "&i;").encode())
    assert score.tracks[0].name == "&i;"
    assert len(notes(score)) == 2


def test_limits_hold():
    with pytest.raises(MidiError, match="2 notes exceed the limit"):
        read_midi(MUSICXML.encode(), replace(LIMITS, notes=1))


@pytest.mark.parametrize("name", ["string_quartet", "choir_changing_metre", "funk_drums"])
def test_our_own_sheet_music_comes_back(name, fixtures):
    score = read_midi(fixtures / f"{name}.mid")
    back = read_midi(to_musicxml(score))
    assert back.num_notes == pytest.approx(score.num_notes, rel=0.01)
    assert [t.instrument for t in back.tracks] == [t.instrument for t in score.tracks]
    assert back.seconds == pytest.approx(score.seconds, rel=0.02)
