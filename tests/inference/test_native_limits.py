"""The compiled core refuses what is out of range before it reads or changes anything."""

import re
from pathlib import Path

import numpy as np
import pytest

from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.unmasking import NOISE_SHAPE, Link, LogitBias
from amadeus.errors import CheckpointError, ConfigError, GrammarError
from amadeus.inference.composition import compose
from amadeus.inference.engine import OpenPiece
from amadeus.inference.native import NativeEngine, NativeNetwork
from amadeus.inference.request import Request
from amadeus.native import library
from amadeus.tokens import NUM_ATTRIBUTES, SIZES, Attribute, RowType
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar, check
from amadeus.tokens.tokenizer import mark

pytestmark = pytest.mark.skipif(library.load() is None, reason="the core is not compiled")

CONTEXT, PIECES = 10, 3
REPOSITORY = Path(__file__).parents[2]


def weights_of(model):
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


@pytest.fixture(scope="module")
def network(tiny_model):
    return NativeNetwork(tiny_model.config, weights_of(tiny_model))


def random_rows(count, seed=0):
    return np.random.default_rng(seed).integers(0, SIZES, size=(count, NUM_ATTRIBUTES))


@pytest.fixture
def engine(network):
    """A few pieces that have read some rows each."""
    engine = NativeEngine(network, [None] * PIECES, CONTEXT)
    for slot in range(PIECES):
        engine.prefill(slot, random_rows(3 + slot, slot))
    engine.enhance()
    return engine


def predictions(engine):
    unknown = np.zeros((engine.size, NUM_ATTRIBUTES))
    return engine.predict(unknown, unknown)


def started_grammar():
    grammar = Grammar(num_bars=2)
    grammar.advance(mark(RowType.START)[0])
    return grammar


def unmask(engine, *places, noise=None, biases=None):
    count = len(places)
    noise = np.full((count, *NOISE_SHAPE), 0.5) if noise is None else noise
    pieces = [OpenPiece(started_grammar(), UnmaskConfig(), *place) for place in places]
    return engine.unmask(pieces, noise, biases or [None] * count)


@pytest.mark.parametrize("attribute", Attribute)
@pytest.mark.parametrize("excess", [0, 1, 2**40, 2**63 - 400])
@pytest.mark.parametrize("sign", ["above", "below"])
def test_values_outside_the_vocabulary_are_refused(engine, attribute, excess, sign):
    before = predictions(engine)
    rows = random_rows(PIECES)
    rows[1, attribute] = SIZES[attribute] + excess if sign == "above" else -1 - excess
    known = np.ones_like(rows)
    for call in (
        lambda: engine.prefill(0, rows),
        lambda: engine.step(rows),
        lambda: engine.predict(rows, known),
    ):
        with pytest.raises(GrammarError, match=rf"attribute {attribute:d} is not in the vocab"):
            call()
    engine.enhance()
    np.testing.assert_array_equal(predictions(engine), before)


def test_unknown_values_are_ignored(engine):
    known = np.zeros((PIECES, NUM_ATTRIBUTES))
    anything = np.full((PIECES, NUM_ATTRIBUTES), 2**62)
    np.testing.assert_array_equal(engine.predict(anything, known), predictions(engine))


@pytest.mark.parametrize("slot", [-1, PIECES, 2**31 - 1])
def test_slots_without_a_piece_are_refused(engine, slot):
    row = np.zeros((1, NUM_ATTRIBUTES))
    for call in (
        lambda: engine.prefill(slot, random_rows(2)),
        lambda: engine.predict(row, row, np.array([slot])),
        lambda: unmask(engine, (slot, -1, 1.0)),
        lambda: unmask(engine, (0, slot if slot != -1 else -2, 2.0)),
        lambda: engine.retire(slot),
    ):
        with pytest.raises((GrammarError, IndexError), match=r"no piece|out of range"):
            call()
    assert engine.size == PIECES


@pytest.mark.parametrize(
    "call",
    [
        lambda e: e.prefill(0, random_rows(0)),
        lambda e: e.prefill(0, random_rows(8)[:, :7]),
        lambda e: e.step(random_rows(PIECES - 1)),
        lambda e: e.predict(random_rows(PIECES), random_rows(PIECES - 1)),
        lambda e: e.predict(random_rows(1), random_rows(1), np.array([0, 1])),
        lambda e: unmask(e, (0, -1, 1.0), noise=np.zeros((1, 1, NUM_ATTRIBUTES))),
        lambda e: unmask(e, (0, -1, 1.0), (1, -1, 1.0), noise=np.zeros((1, *NOISE_SHAPE))),
        lambda e: unmask(e, (0, -1, 1.0), biases=[LogitBias(np.zeros((8, 8)), ())]),
        lambda e: unmask(
            e, (0, -1, 1.0), biases=[LogitBias(0.0 * VALUES, (Link(0, 1, np.zeros((2, 8))),))]
        ),
        lambda e: unmask(
            e,
            (0, -1, 1.0),
            biases=[LogitBias(0.0 * VALUES, (Link(0, 8, np.zeros((2, MAX_SIZE))),))],
        ),
    ],
)
def test_arrays_of_another_size_are_refused(engine, call):
    with pytest.raises(GrammarError, match=r"has shape|at least one row|no attribute"):
        call(engine)


def test_a_piece_is_read_up_to_its_context_and_no_further(network):
    room = network.config.max_prefix + CONTEXT
    text = np.ones((5, network.config.text_width), dtype=np.float32)
    engine = NativeEngine(network, [None, text], CONTEXT)
    with pytest.raises(GrammarError, match=f"0 text tokens and {room + 1} rows do not fit"):
        engine.prefill(0, random_rows(room + 1))
    with pytest.raises(GrammarError, match=f"5 text tokens and {room - 4} rows do not fit"):
        engine.prefill(1, random_rows(room - 4))
    engine.prefill(0, random_rows(room - 1))
    engine.prefill(1, random_rows(1))
    engine.step(random_rows(2))
    engine.enhance()
    before = predictions(engine)
    with pytest.raises(GrammarError, match=f"piece 0 has filled its context of {room}"):
        engine.step(random_rows(2))
    engine.enhance()
    np.testing.assert_array_equal(predictions(engine), before)


@pytest.mark.parametrize("context", [0, -1, 2**31, 2**40])
def test_a_context_out_of_range_is_refused(network, context):
    with pytest.raises(ConfigError, match=f"context must be 1 to 65536 rows, got {context}"):
        NativeEngine(network, [], context)


def test_a_piece_that_has_read_nothing_cannot_continue(network):
    engine = NativeEngine(network, [None], CONTEXT)
    for call in (engine.enhance, lambda: engine.step(random_rows(1))):
        with pytest.raises(GrammarError, match="piece 0 has not read any row"):
            call()


def test_many_rows_of_one_piece_are_revealed_at_once(engine):
    """More rows than pieces, guided ones too."""
    alone = unmask(engine, (0, 1, 2.0))
    many = unmask(engine, *[(0, 1, 2.0)] * 40)
    np.testing.assert_array_equal(many, np.repeat(alone, 40, axis=0))


def test_weights_of_another_size_are_named(tiny_model):
    weights = weights_of(tiny_model)
    weights["enhancement.slots"] = weights["enhancement.slots"][:, :-1]
    with pytest.raises(CheckpointError, match=r"enhancement\.slots has 504 values, not 512"):
        NativeNetwork(tiny_model.config, weights)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_weights_that_are_not_finite_still_give_legal_rows(tiny_model, value, exact):
    """Reading a checkpoint refuses them; here it matters that no conversion overflows."""
    weights = weights_of(tiny_model)
    for number, (name, weight) in enumerate(weights.items()):
        weights[name] = weight = weight.copy()
        weight.reshape(-1)[number % 7 :: 7] = value
    broken = NativeNetwork(tiny_model.config, weights, exact=exact)
    text = np.full((3, tiny_model.config.text_width), value, dtype=np.float32)
    for piece in compose(
        broken, [Request(num_bars=1, max_notes=9), Request(max_notes=9, text=text)]
    ):
        check(piece)


def test_a_core_runs_only_where_all_its_instructions_exist():
    """The flags of hatch_build.py are those that api.cpp asks the processor for."""
    build = (REPOSITORY / "hatch_build.py").read_text(encoding="utf-8")
    flags = build[build.index("INSTRUCTIONS:") : build.index("What a core is compiled for")]
    compiled_for = set(re.findall(r'"-m(\w+)"', flags))
    code = (REPOSITORY / "src/amadeus/native/api.cpp").read_text(encoding="utf-8")
    asked_for = set(re.findall(r'__builtin_cpu_supports\("(\w+)"\)', code))
    assert compiled_for == asked_for
    assert {"avx2", "fma", "avx512vnni"} < compiled_for
