import warnings
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from amadeus.errors import ScoreError
from amadeus.music.midi import read_midi
from amadeus.music.score import KeySignature, Score, Tempo, TimeSignature, Track, make_notes
from amadeus.music.sheet.musicxml import to_musicxml, write_musicxml
from amadeus.music.sheet.resolution import QUARTER
from amadeus.music.sheet.sheet import sheet_of

NAMES = [
    "choir_changing_metre", "funk_drums", "game_band", "song_with_pickup", "string_quartet",
]  # fmt: skip


@pytest.fixture(params=NAMES)
def score(request, fixtures):
    return read_midi(fixtures / f"{request.param}.mid")


@pytest.fixture(scope="module")
def partitura():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("partitura")


@pytest.fixture(scope="module")
def schema(partitura):
    """The schema of MusicXML 3.1."""
    etree = pytest.importorskip("lxml.etree")
    schemas = Path(pytest.importorskip("xmlschema").__file__).parent / "schemas"

    class Local(etree.Resolver):
        """Finds on this machine what the schema names by its place on the web."""

        def resolve(self, url, _, context):
            found = {"xml.xsd": "XML/xml.xsd", "xlink.xsd": "XLINK/xlink.xsd"}
            name = found.get(url.rsplit("/")[-1])
            return self.resolve_filename(str(schemas / name), context) if name else None

    parser = etree.XMLParser()
    parser.resolvers.add(Local())
    path = Path(partitura.__file__).parent / "assets" / "musicxml.xsd"
    return etree.XMLSchema(etree.parse(str(path), parser))


def written_parts(score):
    """Of every part, (onset, duration, pitch) of what is written, grace notes left out."""
    sheet = sheet_of(score)
    for part, staves in zip(sheet.parts, sheet.staves, strict=True):
        notes = [note for staff in staves for voice in staff.voices for note in voice]
        yield part, sorted((note.onset, note.end - note.onset, note.pitch) for note in notes)


def test_it_keeps_to_the_schema(score, schema, tmp_path):
    from lxml import etree

    path = write_musicxml(score, tmp_path / "score.musicxml", "A title & more")
    schema.assertValid(etree.parse(str(path)))


def test_another_program_reads_the_same_notes(score, partitura, tmp_path):
    """partitura cannot read chords of drums; those are read below."""
    pitched = replace(score, tracks=tuple(t for t in score.tracks if not t.is_drum))
    if not pitched.tracks:
        pytest.skip("drums only")
    path = write_musicxml(pitched, tmp_path / "score.musicxml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = partitura.load_musicxml(path).parts
    expected = list(written_parts(pitched))
    assert [part.part_name for part in parts] == [part.name for part, _ in expected]
    for part, (_, notes) in zip(parts, expected, strict=True):
        array = part.note_array()
        array = array[array["duration_div"] > 0]  # without grace notes
        columns = (array[name].tolist() for name in ("onset_div", "duration_div", "pitch"))
        assert sorted(zip(*columns, strict=True)) == notes


def test_every_drum_has_an_instrument_with_its_pitch(fixtures):
    score = read_midi(fixtures / "funk_drums.mid")
    root = ElementTree.fromstring(to_musicxml(score))
    pitches = {
        midi.get("id"): int(midi.findtext("midi-unpitched")) - 1
        for midi in root.iter("midi-instrument")
    }
    assert {midi.findtext("midi-channel") for midi in root.iter("midi-instrument")} == {"10"}
    found, onset = [], 0
    for element in root.iter():
        if element.tag != "note":
            continue
        duration = int(element.findtext("duration"))
        now = onset - duration if element.find("chord") is not None else onset
        if (instrument := element.find("instrument")) is not None:
            found.append((now, pitches[instrument.get("id")]))
        onset = now + duration
    ((_, notes),) = written_parts(score)
    assert sorted(found) == sorted((onset, pitch) for onset, _, pitch in notes)
    assert root.find(".//tie") is None


def test_a_pickup_belongs_to_the_metre_after_it(fixtures):
    root = ElementTree.fromstring(to_musicxml(read_midi(fixtures / "song_with_pickup.mid")))
    first, second = root.find("part").findall("measure")[:2]
    assert (first.get("number"), first.get("implicit")) == ("0", "yes")
    assert (first.findtext(".//beats"), first.findtext(".//beat-type")) == ("2", "4")
    assert second.get("number") == "1"
    assert second.find(".//time") is None


def piece(**fields):
    notes = make_notes([(12 * i, 12, 60 + 2 * i, 80) for i in range(12)])
    return Score(12, (Track(0, notes),), **fields)


def root_of(score):
    return ElementTree.fromstring(to_musicxml(score))


def test_key_metre_and_tempo_stand_where_they_change():
    score = piece(
        time_signatures=(TimeSignature(0, 4, 4), TimeSignature(48, 3, 4)),
        key_signatures=(KeySignature(0, -3), KeySignature(48, 2)),
        tempos=(Tempo(0, 120), Tempo(60, 90), Tempo(84, 90.5)),
    )
    measures = root_of(score).find("part").findall("measure")
    assert [m.findtext(".//fifths") for m in measures] == ["-3", "2", None, None]
    assert [m.findtext(".//beats") for m in measures] == ["4", "3", None, None]
    assert [m.findtext(".//per-minute") for m in measures] == ["120", "90", None, None]
    assert measures[1].findtext(".//direction/offset") == str(QUARTER)


def test_the_key_is_heard_where_none_is_written():
    e_flat = make_notes([(12 * i, 12, p, 80) for i, p in enumerate([63, 67, 70, 75, 68, 70, 63])])
    assert root_of(Score(12, (Track(0, e_flat),))).findtext(".//fifths") == "-3"


def test_what_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(ScoreError, match="no notes"):
        to_musicxml(Score(12, ()))
    many = np.repeat(piece().tracks[0].notes, 400_000)
    with pytest.raises(ScoreError, match="exceed the limit of 400,000"):
        to_musicxml(Score(12, (Track(0, many),)))
    with pytest.raises(ScoreError, match="cannot be written"):
        write_musicxml(piece(), tmp_path / "nowhere" / "score.musicxml")


def test_names_may_hold_anything():
    odd = replace(piece().tracks[0], name="Flöte <1> & \x07co")
    root = root_of(replace(piece(), tracks=(odd,)))
    assert root.findtext(".//part-name") == "Flöte <1> & co"


@pytest.mark.parametrize(
    ("program", "pitches", "clefs"),
    [
        (0, [50, 52, 70], [("G", "2", None), ("F", "4", None)]),
        (30, [52, 60, 67], [("G", "2", "-1")]),
        (30, [81, 88, 91], [("G", "2", "1")]),
        (38, [28, 33, 40], [("F", "4", "-1")]),
        (33, [55, 60, 67], [("G", "2", None)]),
        (73, [91, 96, 98], [("G", "2", "1")]),
        (48, [36, 38, 60, 64, 84, 88], [("G", "2", None), ("F", "4", None)]),
        (40, [57, 60, 76], [("G", "2", None)]),
    ],
)
def test_a_clef_is_near_its_notes(program, pitches, clefs):
    notes = make_notes([(12 * i, 12, pitch, 80) for i, pitch in enumerate(pitches)])
    found = root_of(Score(12, (Track(program, notes),))).findall(".//clef")
    fields = ("sign", "line", "clef-octave-change")
    assert [tuple(clef.findtext(field) for field in fields) for clef in found] == clefs


def test_several_players_of_one_name_are_numbered():
    notes = piece().tracks[0].notes
    tracks = (Track(40, notes), Track(41, notes), Track(40, notes))
    names = [name.text for name in root_of(Score(12, tracks)).iter("part-name")]
    assert names == ["Violin 1", "Viola", "Violin 2"]
