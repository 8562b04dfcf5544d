"""Forms in composed pieces."""

from types import SimpleNamespace

import numpy as np
import pytest

from amadeus.control import Constraints
from amadeus.control.ending import with_ending
from amadeus.inference.composer import Composer
from amadeus.inference.contrast import labels_of_bars, likeness_to_other_sections
from amadeus.tokens import Attribute, encode
from amadeus.tokens.rows import bar_index
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, RowType, has_sound

FORM = Constraints("form: A:2 B:4 A:2 B:4", "density: at most 12")


@pytest.fixture
def composer(tiny_model):
    return Composer(tiny_model)


def bars_of_rows(rows):
    """What sounds in each bar, without the type of the rows."""
    sounding, bars = has_sound(rows[:, Attribute.TYPE]), bar_index(rows)
    return [rows[sounding & (bars == bar), 1:].tolist() for bar in range(int(bars.max()) + 1)]


@pytest.mark.parametrize("tries", [1, 2])
def test_sections_return(composer, tries):
    (rows,) = composer._compose_rows([composer.plan(seed=3, tries=tries, constraints=FORM)], None)
    bars = bars_of_rows(rows)
    assert len(bars) == 12
    assert bars[6:11] == bars[:5]
    assert bars[0] != bars[2]


def test_streams_and_scores_are_the_same_and_name_their_sections(composer):
    settings = {"seed": 5, "tries": 2, "constraints": FORM}
    whole, stream = composer.generate(**settings), composer.stream(**settings)

    def score():
        return (yield from stream)

    notes = score()
    while True:
        try:
            next(notes)
        except StopIteration as end:
            streamed = end.value
            break
    assert streamed == whole
    assert [m.text for m in whole.markers] == [m.text for m in streamed.markers] == [*"ABAB"]


def test_likeness_to_sections_with_another_label(composer):
    plan = composer.plan(seed=3, tries=1, constraints=FORM)
    labels = labels_of_bars(plan.plan)
    assert labels == [*"AABBBBAABBBB"]
    rows = encode(composer.generate(seed=3, tries=1, constraints=FORM)).astype(np.int64)[1:-1]
    until = rows[bar_index(rows) < 8]
    # The second A repeats the first one, and is not like B.
    assert likeness_to_other_sections(until, labels, 6) < 0.5
    assert likeness_to_other_sections(until, ["A"] * 6 + ["C"] * 2, 6) == 1.0
    assert likeness_to_other_sections(until, ["A"] * 8, 6) == 0.0


def test_only_the_last_bar_of_a_piece_prefers_to_end(composer):
    plan = composer.plan(seed=1, tries=1, bars=2)
    biases = []

    def watch(grammar):
        bias = control(grammar)
        biases.append((grammar.bars, bias))
        return bias

    (request,) = plan.begin().candidates()
    control = request.constrain
    object.__setattr__(request, "constrain", watch)
    composer.compose([request])
    assert {bars for bars, _ in biases} == {0, 1, 2}
    for bars, bias in biases:
        ends = bias is not None and bias.always[Attribute.TYPE, RowType.END] > 0
        assert ends == (bars == 2)
        longer = bias is not None and any(link.target == Attribute.DURATION for link in bias.links)
        assert longer == (bars == 1)


def test_the_last_notes_are_long_but_end_with_the_bar():
    ends = []
    for beat in (1, 25):
        row = np.zeros(NUM_ATTRIBUTES, dtype=np.int64)
        row[Attribute.BEAT] = beat
        bias = with_ending(None, 0, SimpleNamespace(last=row, bar_ticks=48)).always
        durations, left = bias[Attribute.DURATION], 48 - beat + 1
        assert durations[6] < durations[12] < durations[left]
        assert (durations[left + 1 :] < durations[6]).all()
        ends.append(bias[Attribute.TYPE, RowType.END])
    assert ends[0] < ends[1]
