import io
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from amadeus.errors import ScoreError
from amadeus.music import engraver
from amadeus.music.engraver import convert_to_midi
from amadeus.music.limits import LIMITS
from amadeus.music.midi import read_midi
from amadeus.music.score import Score, Track, make_notes
from amadeus.music.sheet.drawing import draw_page
from amadeus.music.sheet.pages import SHEET_SUFFIXES, to_svg, write_sheet
from amadeus.music.sheet.sheet import sheet_of


@pytest.fixture(scope="module")
def song(fixtures):
    return read_midi(fixtures / "song_with_pickup.mid")


@pytest.fixture(scope="module")
def files(song, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    for suffix in SHEET_SUFFIXES:
        write_sheet(song, folder / f"song{suffix}", "A <title> & more, $5")
    return {suffix: (folder / f"song{suffix}").read_bytes() for suffix in SHEET_SUFFIXES}


def test_pdf_has_pages_and_a_title(files):
    assert files[".pdf"].startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", files[".pdf"])) >= 1
    assert b"A <title> & more" in files[".pdf"]


def test_png_shows_black_notes_on_white_paper(files):
    picture = np.asarray(Image.open(io.BytesIO(files[".png"])).convert("L"))
    assert picture.shape[1] == pytest.approx(1240, abs=2)
    assert 0.01 < (picture < 128).mean() < 0.2
    assert (picture[:, :10] == 255).all()  # the margin


def test_svg_shows_every_note_of_every_page(files, song):
    root = ElementTree.fromstring(files[".svg"])
    heads = [g for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "notehead"]
    assert len(heads) >= song.num_notes
    assert root.get("height", "").endswith("px")


def test_many_staves_fit_the_page():
    notes = make_notes([(0, 48, 67, 80)])
    score = Score(12, tuple(Track(40 + i % 8, notes, name=f"Part {i}") for i in range(40)))
    figure = draw_page(to_svg(sheet_of(score)).decode())
    width, height = figure.get_size_inches()
    assert width == pytest.approx(8.27, rel=0.02)
    assert height <= 11.7


def test_too_many_pages_are_refused_and_nothing_is_written(song, tmp_path):
    for suffix, few in ((".pdf", {"pages": 0}), (".png", {"image_pages": 0})):
        path = tmp_path / f"song{suffix}"
        with pytest.raises(ScoreError, match="pages"):
            write_sheet(song, path, limits=replace(LIMITS, **few))
        assert not path.exists()


def test_a_slow_or_failing_engraver_is_an_error(song, tmp_path, monkeypatch):
    with pytest.raises(ScoreError, match="not done after 0 seconds"):
        write_sheet(song, tmp_path / "song.svg", limits=replace(LIMITS, engraving_seconds=0))
    monkeypatch.setattr(engraver, "__name__", "amadeus.nothing")
    with pytest.raises(ScoreError, match="could not read"):
        convert_to_midi(b"", "abc")


def test_other_names_are_refused(song, tmp_path):
    with pytest.raises(ScoreError, match=r"must end in \.pdf"):
        write_sheet(song, tmp_path / "song.doc")
