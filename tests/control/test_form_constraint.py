"""Sections with the same label share their music, and no other constraint suffers from it."""

from __future__ import annotations

import numpy as np
import pytest
from random_pieces import compose_at_random, draw_constraints

from amadeus.control import Constraints, violations
from amadeus.control.edit import Edit
from amadeus.control.recall import STEP, RecalledBar, recalled_bars
from amadeus.control.revision import Revision
from amadeus.control.section_markers import with_section_markers
from amadeus.control.selection import select
from amadeus.errors import ConfigError
from amadeus.music.midi import read_midi
from amadeus.music.sections import read_sections
from amadeus.tokens import decode
from amadeus.tokens.rows import bar_index
from amadeus.tokens.vocabulary import Attribute, RowType

SMALL = ("time signature: 4/4", "instruments: piano, drums", "density: at most 9")


def bars_of_piece(tokens):
    """The rows of each bar, without their type, which says how a row is reached."""
    inside = (tokens[:, Attribute.TYPE] != RowType.START) & (
        tokens[:, Attribute.TYPE] != RowType.END
    )
    rows, bars = tokens[inside], bar_index(tokens)[inside]
    return [rows[bars == bar] for bar in range(int(bars.max()) + 1)]


def test_only_bars_with_another_continuation_are_new():
    bars = recalled_bars(read_sections("A:4 A:4 B:4 A:4"))
    assert bars[:4] == [None] * 4
    assert bars[4:8] == [*map(RecalledBar, range(3)), None]  # B follows, not A
    assert bars[8:12] == [None] * 4
    assert bars[12:] == [*map(RecalledBar, range(3)), None]  # the piece ends
    assert recalled_bars(read_sections("A:4 B:4 A:4 B:4"))[8:12] == [*map(RecalledBar, range(4))]
    assert recalled_bars(read_sections("A:8 A':8"))[8:] == [
        *(RecalledBar(bar, is_varied=True) for bar in range(6)), None, None,
    ]  # fmt: skip
    assert recalled_bars(read_sections("A:2 A:4 B:1"))[2:4] == [RecalledBar(0), RecalledBar(1)]


@pytest.mark.parametrize("seed", range(5))
def test_recalled_bars_are_the_same(seed):
    plan = Constraints(*SMALL, "form: A:4 B:4 A:4 B:4 A:4").plan()
    assert plan.num_bars == 20
    bars = bars_of_piece(compose_at_random(plan, seed, close_chords=False))
    for bar in (*range(8, 16), *range(16, 19)):
        assert np.array_equal(bars[bar], bars[bar % 8])
    assert not all(np.array_equal(bars[bar], bars[bar + 4]) for bar in range(4))


def test_a_varied_section_keeps_rhythm_and_most_notes():
    plan = Constraints("instruments: piano", "density: at most 9", "form: A:8 A':8").plan()
    changes = []
    for seed in range(30):
        bars = bars_of_piece(compose_at_random(plan, seed, close_chords=False))
        old, new = np.concatenate(bars[:6]), np.concatenate(bars[8:14])
        where = [Attribute.BEAT, Attribute.INSTRUMENT]
        assert np.array_equal(old[:, where], new[:, where])
        changes += (new - old)[:, Attribute.PITCH].tolist()
    assert 0.1 < np.mean(np.array(changes) != 0) < 0.4
    assert np.abs(changes).max() <= STEP


def test_other_constraints_outweigh_the_form():
    plan = Constraints(
        *SMALL, "form: A:4 B:4 A:4", "pitch: 72-84 for piano in bars 1-4",
        "pitch: 40-52 for piano in bars 9-12",
    ).plan()  # fmt: skip
    tokens = compose_at_random(plan, 3, close_chords=False)
    assert violations(tokens, plan.constraints) == []
    bars = bars_of_piece(tokens)
    places = [Attribute.BEAT, Attribute.INSTRUMENT]
    assert np.array_equal(bars[0][:, places], bars[8][:, places])


@pytest.mark.parametrize("seed", range(40))
def test_a_form_beside_random_constraints_always_holds(seed):
    rng = np.random.default_rng([7, seed])
    texts = [t for t in draw_constraints(rng, 12) if rng.random() < 0.6]
    form = ("form: A:2 B:4 A':4 A:2", "form: AABA", "form: intro:1 A A")[seed % 3]
    try:
        plan = Constraints(*texts, form).plan(12)
    except ConfigError:
        pytest.skip("the other constraints contradict each other")
    assert violations(compose_at_random(plan, seed), plan.constraints) == []


def test_lengths_that_do_not_fit_are_refused():
    assert Constraints("form: AABA").plan().num_bars == 32
    assert Constraints("form: AABA", "bars: 16").plan().num_bars == 16
    with pytest.raises(ConfigError, match="do not have 20 bars together"):
        Constraints("form: A:8 B:8").plan(20)
    with pytest.raises(ConfigError, match="a piece has one form"):
        Constraints("form: AABA", "form: ABAB").plan()
    with pytest.raises(ConfigError, match="is no section"):
        Constraints("form: A:0")


def test_edits_keep_the_form(fixtures):
    selection = select(read_midi(fixtures / "string_quartet.mid"), Edit(bars=(1, 2)))
    with pytest.raises(ConfigError, match="an edit keeps the bars"):
        Revision(selection, Constraints("form: AABA"))


def test_markers_name_the_sections():
    plan = Constraints(*SMALL, "form: intro:2 A:4 A':4 outro:2").plan()
    score = with_section_markers(decode(compose_at_random(plan, 1)), plan)
    bar = 4 * score.ticks_per_quarter
    named = [(marker.onset_ticks // bar, marker.text) for marker in score.markers]
    assert named == [(0, "intro"), (2, "A"), (6, "A'"), (10, "outro")]
