"""Tables of which it is known what their columns tell about each other."""

import numpy as np
import pytest

from amadeus.errors import CorpusError
from amadeus.evaluation.information import (
    dependency_over,
    dependency_within,
    mean_of,
    sounding,
)
from amadeus.music.midi import read_midi
from amadeus.tokens import Attribute, encode


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("rows", [60, 2000])
def test_independent_columns_tell_nothing_however_few_they_are(rows):
    tables = [rng(seed).integers(12, size=(rows, 3)) for seed in range(40)]
    found = mean_of([dependency_within(table) for table in tables], [rows] * len(tables))
    apart = ~np.eye(3, dtype=bool)
    assert np.all(found.information[apart] > 0.4 * 121 / 2 / rows)  # what counting alone finds
    assert np.abs(found.shared[apart]).max() < 0.02
    assert np.abs(found.told[apart]).max() < 0.02


def test_copies_tell_everything():
    column = rng().integers(30, size=200)
    found = dependency_within(np.stack([column, column, (column * 7) % 30], axis=1))
    assert found.information == pytest.approx(np.full((3, 3), found.entropy[0]))
    assert found.shared[0, 1:] == pytest.approx([1, 1])
    assert found.told[2, :2] == pytest.approx([1, 1])


def test_entropy_of_a_fair_die():
    found = dependency_within(np.repeat(np.arange(6), 50)[:, None])
    assert found.entropy == pytest.approx([np.log(6)])


def test_the_finer_column_tells_the_coarser_one_and_not_the_other_way_round():
    fine = rng().integers(8, size=4000)
    found = dependency_within(np.stack([fine, fine // 4], axis=1))
    assert found.told[0, 1] == pytest.approx(1)
    assert found.told[1, 0] == pytest.approx(1 / 3, abs=0.01)
    assert found.shared[0, 1] == found.shared[1, 0] == pytest.approx(1 / 2, abs=0.01)
    assert found.told_of_all == pytest.approx([1, 1 / 3], abs=0.01)


def test_what_never_changes_in_a_piece_tells_nothing_there():
    pieces = [np.stack([np.full(50, n), rng(n).integers(5, size=50)], axis=1) for n in range(4)]
    found = mean_of([dependency_within(piece) for piece in pieces], [50] * 4)
    assert found.told[0, 1] == found.told[1, 0] == 0


def test_pieces_that_keep_to_one_value_each_are_no_link_between_columns():
    """A few pieces in an instrument and a tempo of their own would seem to link the two."""
    draws = rng().integers(6, size=(60, 2))
    pieces = [np.repeat(draw[None], 80, axis=0) for draw in draws]
    found = dependency_over(pieces)
    assert found.information[0, 1] > 0.15
    assert abs(found.told[0, 1]) < 0.1
    linked = [np.repeat(draw[:1], 2)[None].repeat(80, axis=0) for draw in draws]
    assert dependency_over(linked).told[0, 1] > 0.95


def test_only_notes_are_looked_at(fixtures):
    tokens = encode(read_midi(fixtures / "string_quartet.mid"))
    notes = sounding(tokens)
    assert 0 < len(notes) < len(tokens)
    assert np.all(notes[:, Attribute.PITCH] > 0)
    # pitch and instrument tell each other apart in a quartet: the cello is the lowest
    found = dependency_within(notes)
    assert found.told[Attribute.PITCH, Attribute.INSTRUMENT] > 0.3
    assert found.told[Attribute.PITCH, Attribute.TEMPO] == 0


def test_one_piece_is_too_few():
    with pytest.raises(CorpusError, match="got 1"):
        dependency_over([np.zeros((4, 8), dtype=np.int64)])
    with pytest.raises(CorpusError, match="got 0"):
        mean_of([], [])
