"""The shipped weights compose a piece alone as they do among others, held to something or free."""

import numpy as np
import pytest

from amadeus.control import Constraints, Control
from amadeus.inference.composer import load_model
from amadeus.inference.request import Request
from amadeus.inference.sampling import sampling_config
from amadeus.native import library
from amadeus.tokens.grammar import check

pytestmark = pytest.mark.skipif(library.load() is None, reason="the core is not compiled")

BARS = 3
HELD = Constraints("key: A minor", "chords: Am F C", "density: 6", "instruments: piano, cello")


@pytest.fixture(scope="module")
def composer():
    return load_model(words=False)


def request(seed, constraints):
    return Request(
        num_bars=BARS,
        max_notes=60,
        seed=seed,
        unmask=sampling_config(),
        constrain=Control(constraints.plan(BARS)) if constraints else None,
    )


@pytest.mark.parametrize("constraints", [None, HELD], ids=["free", "held"])
def test_a_piece_is_the_same_alone_and_in_fours(composer, constraints):
    together = composer.compose([request(seed, constraints) for seed in range(4)])
    for seed, piece in enumerate(together):
        check(piece)
        (alone,) = composer.compose([request(seed, constraints)])
        np.testing.assert_array_equal(alone, piece)
    assert len({piece.tobytes() for piece in together}) == 4
