"""Piano rolls: a picture for any music, in the colours and places that it says."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from amadeus.errors import ScoreError
from amadeus.music import picture
from amadeus.music.chords import estimate_chords
from amadeus.music.midi import read_midi
from amadeus.music.picture import draw_piano_roll
from amadeus.music.score import Score, Track, make_notes

NAMES = ("song_with_pickup", "string_quartet", "choir_changing_metre", "funk_drums", "game_band")


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_piece_has_a_picture(fixtures, tmp_path, name):
    score = read_midi(fixtures / f"{name}.mid")
    score = replace(score, chords=estimate_chords(score))
    image = imread(draw_piano_roll(score, tmp_path / "x.png", title="Änderung 春 $x"))
    assert image.shape[1] == 2400
    assert 300 < image.shape[0] < 4000


@pytest.mark.parametrize("num_bars", [1, 4, 300, 20_000])
def test_short_and_long_pieces_fit_the_page(tmp_path, num_bars):
    notes = make_notes((48 * bar, 48, 60 + bar % 12, 80) for bar in range(num_bars))
    image = imread(draw_piano_roll(Score(12, (Track(0, notes),)), tmp_path / "x.png"))
    assert image.shape[1] == 2400
    assert image.shape[0] < 4000


def test_higher_notes_are_higher_and_later_notes_further_right(tmp_path):
    rows = [(0, 24, 60, 127), (24, 24, 72, 127)]
    image = imread(draw_piano_roll(Score(12, (Track(0, make_notes(rows)),)), tmp_path / "x.png"))
    body = image[180:, :, :3]  # below the legend
    y, x = np.nonzero(np.abs(body - to_rgb(picture._PALETTE[0])).max(-1) < 0.02)
    left = x < x.mean()
    assert y[left].min() > y[~left].max()


LONG = "A piece with a title that goes on and on, for as long as the orchestra plays, " * 3


@pytest.mark.parametrize("title", ["", "Short", LONG[:45], LONG[:70], LONG, "W" * 300])
def test_a_title_stays_clear_of_the_legend(fixtures, tmp_path, monkeypatch, title):
    figures = []
    draw_heading = picture._draw_heading

    def draw(figure, *rest):
        figures.append(figure)
        draw_heading(figure, *rest)

    monkeypatch.setattr(picture, "_draw_heading", draw)
    score = read_midi(fixtures / "game_band.mid")
    draw_piano_roll(score, tmp_path / "x.png", title=title)
    (figure,) = figures
    (legend,) = figure.legends
    texts = [text.get_window_extent() for text in figure.texts]
    assert all(not box.overlaps(legend.get_window_extent()) for box in texts)
    assert all(box.x1 <= figure.bbox.x1 for box in texts)
    shown = figure.texts[0].get_text()
    assert shown == title.strip() or shown.endswith("…") or not title


def test_a_score_without_notes_has_no_picture(tmp_path):
    with pytest.raises(ScoreError, match="no notes"):
        draw_piano_roll(Score(12, ()), tmp_path / "x.png")


def test_a_picture_that_cannot_be_written_is_an_error(tmp_path):
    score = Score(12, (Track(0, make_notes([(0, 1, 60, 80)])),))
    with pytest.raises(ScoreError, match="cannot be written"):
        draw_piano_roll(score, tmp_path / "none" / "x.png")
