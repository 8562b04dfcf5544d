"""Constraints in real composition: the engine and the oracle agree, and what is asked for holds."""

from __future__ import annotations

import numpy as np
import pytest

from amadeus.control import Constraints, Control, violations
from amadeus.diffusion import UnmaskConfig
from amadeus.errors import ConfigError
from amadeus.inference.composer import Composer
from amadeus.inference.composition import compose
from amadeus.inference.naive import compose_naively
from amadeus.inference.request import Request
from amadeus.tokens.grammar import check

CONSTRAINTS = Constraints(
    "key: A minor",
    "instruments: piano, bass, drums",
    "pitch: 48-84 for piano in bars 1-2",
    "velocity: 40-60->80-100",
    "chords: Am F | C G in bars 1-3",
    "metre: 4/4",
    "tempo: 90->120",
    "density: 6 at most 9",
    "end: G",
)


@pytest.mark.parametrize("num_steps", [1, 3, 8])
@pytest.mark.parametrize("order", ["confidence", "random"])
def test_engine_composes_what_the_oracle_composes(tiny_model, caption, order, num_steps):
    def request():
        return Request(
            num_bars=4,
            seed=num_steps,
            text=caption,
            unmask=UnmaskConfig(num_steps=num_steps, order=order),
            constrain=Control(CONSTRAINTS.plan(4)),
        )

    (piece,) = compose(tiny_model, [request()])
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request(), 2048))
    check(piece)
    assert violations(piece, CONSTRAINTS) == []


def test_a_composer_holds_to_constraints_and_prompt(tiny_model):
    constraints = Constraints("tempo: 97", "density: at most 8")
    score = Composer(tiny_model).generate("flute and drums, 3 bars", constraints=constraints)
    asked = Constraints(constraints, "instruments: flute, drums", "bars: 3")
    assert violations(score, asked) == []
    assert [tempo.bpm for tempo in score.tempos] == [97.0]


def test_pieces_of_one_call_do_not_share_what_they_have_heard(tiny_model):
    composer = Composer(tiny_model)
    settings = {"bars": 2, "constraints": Constraints("instruments: piano, bass", "density: 4")}
    together = composer.generate_many(["", ""], seed=3, **settings)
    assert together == [composer.generate(seed=seed, **settings) for seed in (3, 4)]


def test_contradictions_are_found_before_composing(tiny_model, monkeypatch):
    composer = Composer(tiny_model)
    monkeypatch.setattr(composer, "compose", pytest.fail)
    with pytest.raises(ConfigError, match=r"'time signature: 4/4'.*contradict"):
        composer.generate("a waltz", constraints=Constraints("metre: 4/4"))
