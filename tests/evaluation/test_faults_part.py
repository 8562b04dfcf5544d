import pytest

from amadeus.critic.faults import CHORD, STUCK
from amadeus.evaluation.evidence import Evidence, System
from amadeus.evaluation.faults import SILENT, faults
from amadeus.evaluation.pieces import Piece
from amadeus.music.score import Score, Track, make_notes
from amadeus.text.prompt_list import LabelledPrompt

BARS = 12


def tune(pitches, bars=BARS, program=0):
    notes = make_notes((12 * i, 12, pitches[i % len(pitches)], 80) for i in range(4 * bars))
    return Track(program, notes)


GOOD = tune((60, 64, 67, 72, 65, 69, 72, 69, 67, 71, 74, 71))
STUCK_TUNE = tune((60,))


def report(*pieces, reference=()):
    part = faults(Evidence(systems=[System("ours", pieces, BARS)], bars=BARS, reference=reference))
    return part.values["faults"]


def test_faults_are_counted_beside_those_of_real_music():
    pieces = [
        Piece(name="a.mid", score=Score(12, (GOOD,))),
        Piece(name="b.mid", score=Score(12, (STUCK_TUNE,))),
    ]
    found = report(*pieces, reference=[Score(12, (GOOD,))])
    assert found["ours"][STUCK]["mean"] == found["ours"][CHORD]["mean"] == 0.5
    assert found["ours"]["any of these"]["mean"] == 0.5
    assert found["real music"]["any of these"]["mean"] == 0


@pytest.mark.parametrize(("bars", "silent"), [(5, 1.0), (6, 0.0)])
def test_a_requested_instrument_that_is_mostly_silent_is_counted(bars, silent):
    score = Score(12, (GOOD, tune((60, 62), bars, program=40)))
    prompt = LabelledPrompt("a duo", {"instruments": ["piano", "violin"]}, id="1")
    assert report(Piece(name="a.mid", score=score, prompt=prompt))["ours"][SILENT]["mean"] == silent


def test_nothing_is_said_without_pieces():
    assert faults(Evidence(systems=[System("ours", [], BARS)], bars=BARS)) is None
