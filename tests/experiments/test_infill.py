"""What follows a rewritten passage."""

import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.experiments.infill import PASSAGES, Rewritten, report, rewrite_middles
from amadeus.inference import Composer
from amadeus.music.midi import read_midi
from amadeus.tokens import encode


def found(**beyond):
    """Nats by predecessor, so many beyond the original, with a little noise."""
    chance = np.random.default_rng(0)
    base = chance.normal(2, 0.5, 30)
    nats = {
        name: base + beyond.get(name.replace(", ", "_"), 0) + chance.normal(0, 0.02, 30)
        for name in PASSAGES
    }
    return Rewritten(nats, {name: np.full(30, 9) for name in nats}, 4, 4)


def test_look_ahead_is_compared_at_equal_numbers_of_candidates():
    def verdict(**beyond):
        row, *_ = report(found(**beyond), 8, {}).tables[0].rows
        return row[1]

    assert verdict(blind=0.3, seeing=0.3) == "inconclusive"
    assert verdict(blind=0.5, seeing=0.2, blind_best=0.3) == "yes"


@pytest.fixture(scope="module")
def pieces(fixtures):
    return [encode(read_midi(fixtures / f"{name}.mid")) for name in ("game_band", "string_quartet")]


def test_every_predecessor_is_followed_by_the_same_bars(ignorant, pieces):
    infill = rewrite_middles(Composer(ignorant), pieces, count=2, bars=1, candidates=1)
    assert all(np.isfinite(nats).all() and len(nats) == 2 for nats in infill.nats.values())
    # Of a single try the first is the best, and every other piece is the other one.
    for name in ("seeing", "blind"):
        assert infill.nats[name].tolist() == infill.nats[f"{name}, best"].tolist()
    assert infill.notes["other"].tolist() == infill.notes["original"][::-1].tolist()
    assert "Likelihood of what follows" in report(infill, 8, {}).to_markdown()


def test_pieces_that_are_too_short_are_refused(ignorant, pieces):
    with pytest.raises(ConfigError, match="fewer bars"):
        rewrite_middles(Composer(ignorant), pieces, count=2, bars=10_000, candidates=1)
