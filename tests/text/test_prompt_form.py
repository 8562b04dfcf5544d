"""Forms in prompts."""

import pytest

from amadeus.control import Constraints
from amadeus.control.piece import Drawn, Frame
from amadeus.text.prompt import parse_prompt

FORMS = """
a pop song in AABA form | A A B A | 32
32-bar AABA | A A B A | 32
a piece in A-B-A form | A B A | 24
form: ABACA | A B A C A | 40
AABA' | A A B A' | 32
ABBA form | A B B A | 32
a rondo in A minor | A B A C A | 40
ternary form, 24 bars | A B A | 24
verse-chorus structure at 120 bpm | verse chorus verse chorus | 32
verse, chorus, verse, chorus, bridge, chorus | verse chorus verse chorus bridge chorus | 48
intro, verse, chorus, verse, chorus, outro | intro verse chorus verse chorus outro | 40
Intro -> Verse -> Chorus -> Outro in E minor | intro verse chorus outro | 24
intro 4 bars, verse 8 bars, chorus 8 bars, outro 4 bars | intro:4 verse:8 chorus:8 outro:4 | 24
intro 4, verse 8, chorus 8 | intro:4 verse:8 chorus:8 | 20
intro: 4 bars, verse: 8 bars | intro:4 verse:8 | 12
an 8-bar verse and an 8-bar chorus | verse:8 chorus:8 | 16
a song with a 4 bar intro, 8 bar verse and 8 bar chorus | intro:4 verse:8 chorus:8 | 20
intro (4 bars), A (8 bars) | intro:4 A:8 | 12
a waltz: verse, pre-chorus, chorus, middle eight, finale | verse prechorus chorus middle ending | 32
"""
ROWS = [[cell.strip() for cell in row.split("|")] for row in FORMS.strip().splitlines()]
NO_FORMS = [
    "ABBA style disco", "chords: A B A B", "the chords are A D A", "with verse and chorus",
    "a happy tune in A major with a bridge", "a 12-bar blues in A", "a cab in the rain",
    "an intro with piano, a verse with bass and a chorus with drums", "C A B", "a ballad in AB",
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "form", "bars"), ROWS)
def test_forms_are_understood_and_come_out_that_long(prompt, form, bars):
    facts = parse_prompt(prompt)
    assert facts.form == form
    assert form in [chip.value for chip in facts.chips if chip.label == "form"]
    assert not facts.unknown
    assert Frame(facts, Constraints(), draw=Drawn).plan().num_bars == int(bars)


@pytest.mark.parametrize("prompt", NO_FORMS)
def test_other_words_are_no_form(prompt):
    assert parse_prompt(prompt).form == ""
