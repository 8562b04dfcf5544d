import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.music.score import Score, TimeSignature, Track, make_notes
from amadeus.performer.performing import perform
from amadeus.performer.swing import Swing, parse_swing


@pytest.mark.parametrize(
    ("text", "swing"),
    [
        ("62%", Swing(0.62)),
        ("62", Swing(0.62)),
        ("57.5 %", Swing(0.575)),
        ("triplet", Swing(2 / 3)),
        ("58% sixteenths", Swing(0.58, 0.5)),
        ("58% 16ths", Swing(0.58, 0.5)),
    ],
)
def test_swing_is_parsed(text, swing):
    assert parse_swing(text) == swing


@pytest.mark.parametrize("text", ["", "much", "49%", "81%", "0.62", "-60%", "62% thirds"])
def test_other_swing_is_refused(text):
    with pytest.raises(ConfigError, match=r"62%"):
        parse_swing(text)


def swung(score, text):
    (track,) = perform(score, keep=("all",), swing=text).tracks
    return track.notes


def test_second_eighths_begin_late_and_first_ones_end_late(eighths):
    notes = swung(eighths, "62%")
    assert notes["onset_ticks"][:4].tolist() == [0, 298, 480, 778]
    assert notes["duration_ticks"][:4].tolist() == [298, 182, 298, 182]
    assert np.array_equal(notes["velocity"], eighths.tracks[0].notes["velocity"])


def test_fifty_percent_changes_nothing(eighths):
    assert perform(eighths, keep=("all",), swing="50%") == eighths


def test_sixteenths_swing_apart_from_eighths(eighths):
    assert swung(eighths, "60% sixteenths")["onset_ticks"][:3].tolist() == [0, 240, 480]
    sixteenths = Score(480, (Track(0, make_notes((120 * i, 120, 60, 80) for i in range(8))),))
    onsets = swung(sixteenths, "60% sixteenths")["onset_ticks"][:5].tolist()
    assert onsets == [0, 144, 240, 384, 480]


def test_triplets_and_compound_time_stay():
    triplets = Score(480, (Track(0, make_notes((160 * i, 160, 60, 80) for i in range(12))),))
    assert perform(triplets, keep=("all",), swing="70%") == triplets
    jig = Score(
        480,
        (Track(0, make_notes((240 * i, 240, 60, 80) for i in range(12))),),
        time_signatures=(TimeSignature(0, 6, 8),),
    )
    assert perform(jig, keep=("all",), swing="70%") == jig


def test_bars_of_five_eighths_swing_from_their_own_start():
    notes = make_notes((240 * i, 240, 60, 80) for i in range(10))
    score = Score(480, (Track(0, notes),), time_signatures=(TimeSignature(0, 5, 8),))
    onsets = swung(score, "62%")["onset_ticks"].tolist()
    assert onsets == [0, 298, 480, 778, 960, 1200, 1498, 1680, 1978, 2160]
