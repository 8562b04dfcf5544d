"""What attributes tell about each other in real music, and orders made of it."""

import numpy as np
import pytest

from amadeus.corpus.shards import Shards
from amadeus.errors import CorpusError
from amadeus.evaluation.information import Dependency
from amadeus.experiments.dependency import Counts, count, orders_of, report
from amadeus.experiments.policies import Cost, cost_of
from amadeus.model import PRESETS, Amadeus
from amadeus.tokens import ATTRIBUTES, NUM_ATTRIBUTES, Attribute


@pytest.fixture(scope="module")
def shards(make_shards):
    return Shards(make_shards(), "validation")


@pytest.fixture(scope="module")
def found(shards):
    return count(shards, rows=200)


def test_pieces_are_counted_by_corpus_and_genre(found, shards):
    assert found.everything.pieces == len(shards) == 10
    assert found.corpora == {}  # five pieces each are too few
    assert list(found.genres) == ["folk"]
    assert found.genres["folk"].notes == found.everything.notes


def test_whoever_knows_the_pitch_knows_the_instrument_better_than_the_reverse(found):
    told = found.everything.within.told
    assert told[Attribute.PITCH, Attribute.INSTRUMENT] > told[Attribute.INSTRUMENT, Attribute.PITCH]
    shared = found.everything.over.shared
    assert shared == pytest.approx(shared.T)


def test_what_tells_most_comes_first():
    telling = np.arange(NUM_ATTRIBUTES)[:, None] * np.ones(NUM_ATTRIBUTES) * 0.01
    information = (telling + telling.T) / 2
    one = Dependency(np.ones(NUM_ATTRIBUTES), information, np.zeros_like(information))
    orders = orders_of(Counts(8, 100, one, one))
    assert orders["telling first"]["fixed_order"] == ATTRIBUTES[::-1]
    assert orders["telling last"]["fixed_order"] == ATTRIBUTES


def test_orders_cost_the_same_where_attributes_are_independent(found, shards):
    """A new model finds every value equally likely, whatever it knows; the rest is the grammar."""
    orders = orders_of(found.everything)
    costs = cost_of(Amadeus(PRESETS["nano"]), [shards.tokens(0)], orders, rows=2)
    # Of the first row nothing but the metre and what fits into it is tied to anything else.
    nats = {name: cost.nats[0] for name, cost in costs.items()}
    assert max(nats.values()) - min(nats.values()) < 0.1 * min(nats.values())
    assert all(cost.predictions[0] <= NUM_ATTRIBUTES for cost in costs.values())


def test_the_report_has_a_line_for_every_order_and_attribute(found, tmp_path):
    orders = orders_of(found.everything)
    costs = {name: Cost(np.array([3.0, 4.0]), np.array([8.0, 7.0])) for name in orders}
    report(found, costs, orders, rows=9, provenance={}).write(tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert all(page.count(f"\n| {name} |") == 1 for name in orders)
    assert all(page.count(f"\n| {name} |") == 3 for name in ATTRIBUTES)
    assert (tmp_path / "dependency.png").stat().st_size > 10_000


def test_too_few_pieces_are_refused(make_shards):
    with pytest.raises(CorpusError, match="8 are needed"):
        count(Shards(make_shards(4), "validation"), rows=100)
