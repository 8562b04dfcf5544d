import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.inference.window import Window, resume
from amadeus.tokens import NUM_ATTRIBUTES, Attribute, RowType
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import FIRST_BAR


def rows_of(types):
    """Rows with these types; the second column numbers them."""
    rows = np.zeros((len(types), NUM_ATTRIBUTES), dtype=np.int64)
    rows[:, Attribute.TYPE], rows[:, Attribute.BEAT] = types, np.arange(len(types))
    return rows


BAR = [FIRST_BAR, RowType.NOTE, RowType.NOTE]


def test_a_short_piece_is_seen_whole():
    rows = rows_of([RowType.START, *BAR, *BAR])
    np.testing.assert_array_equal(Window(rows, 16).rows, rows)


def test_a_full_window_starts_anew_at_a_bar_line():
    rows = rows_of([RowType.START, *BAR * 5])
    window = Window(rows[:1], 16)
    for row in rows[1:-1]:
        window.append(row)
        assert not window.moved_on
    window.append(rows[-1])
    assert window.moved_on
    # Half of 16 rows hold RESUME and two bars of three notes.
    np.testing.assert_array_equal(window.rows[0], mark(RowType.RESUME)[0])
    np.testing.assert_array_equal(window.rows[1:], rows[-6:])


def test_a_long_prompt_is_seen_from_a_bar_line_on():
    rows = rows_of([RowType.START, *BAR * 9])
    np.testing.assert_array_equal(Window(rows, 16).rows[1:], rows[-6:])


def test_bars_after_the_passage_are_kept():
    rows = rows_of([RowType.FUTURE, *BAR, RowType.START, *BAR * 9])
    window = Window(rows, 20).rows
    np.testing.assert_array_equal(window[:4], rows[:4])
    np.testing.assert_array_equal(window[5:], rows[-3:])


def test_a_bar_longer_than_the_window_is_cut():
    rows = rows_of([RowType.START, FIRST_BAR, *[RowType.NOTE] * 30])
    np.testing.assert_array_equal(resume(rows, 8)[1:], rows[-7:])


def test_too_many_bars_after_the_passage_are_refused():
    rows = rows_of([RowType.FUTURE, *BAR * 9, RowType.START])
    with pytest.raises(ConfigError, match="28 rows after the passage"):
        Window(rows, 64)
