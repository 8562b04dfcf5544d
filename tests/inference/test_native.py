"""The compiled core against the model in torch, which is written to be read."""

import ctypes

import numpy as np
import pytest
import torch

from amadeus.control import Constraints, Control
from amadeus.diffusion import UnmaskConfig, unmask
from amadeus.diffusion.unmasking import NOISE_SHAPE, Link, LogitBias
from amadeus.errors import CheckpointError, GrammarError
from amadeus.inference import native
from amadeus.inference.composition import compose
from amadeus.inference.engine import OpenPiece
from amadeus.inference.naive import compose_naively
from amadeus.inference.native import NativeEngine, NativeNetwork, fits
from amadeus.inference.request import Request
from amadeus.inference.torch_engine import TorchEngine
from amadeus.model import PRESETS, Amadeus, ModelConfig
from amadeus.native import library
from amadeus.tokens import NUM_ATTRIBUTES, SIZES, Attribute, RowType
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import bar_type, metre_index, rest_type

pytestmark = pytest.mark.skipif(library.load() is None, reason="the core is not compiled")

UNKNOWN = np.zeros((1, NUM_ATTRIBUTES), dtype=np.int64), np.zeros((1, NUM_ATTRIBUTES), dtype=bool)
BAR = [bar_type(metre_index(4, 4)), 1, 2, 41, 1, 61, 12, 20]


def random_model(config):
    model = Amadeus(config).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        scale = 1.0 if parameter.dim() == 1 else parameter.shape[-2] ** -0.5
        parameter.data.normal_(0, scale, generator=generator)
    return model


def network(model, exact=True):
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return NativeNetwork(model.config, weights, exact=exact)


def random_rows(count, seed=0):
    return np.random.default_rng(seed).integers(0, SIZES, size=(count, NUM_ATTRIBUTES))


@pytest.fixture(params=[0, 1, 2], ids=["plain", "avx2", "avx512"])
def each_core(request, monkeypatch):
    """Every compiled core that this machine can run, one after the other."""
    level = min(request.param, library.load().amadeus_instructions())
    core = library._open(library.libraries()[level])
    if level < request.param or core is None:
        pytest.skip("not for this machine")
    monkeypatch.setattr(native, "load", lambda: core)


def pairs_of_logits(model, exact):
    """Logits of the core and of torch, of pieces of several lengths, as they grow."""
    rng = np.random.default_rng(1)
    texts = [rng.normal(size=(n, model.config.text_width)).astype("f4") for n in (5, 0, 64)]
    engines = NativeEngine(network(model, exact), texts, 120), TorchEngine(model, texts, 120)
    lengths = (1, 80, 9)
    for engine in engines:
        for slot, length in enumerate(lengths):
            engine.prefill(slot, random_rows(length, slot))
    values = random_rows(len(texts), 5)
    for step in range(8):
        known = np.arange(NUM_ATTRIBUTES) < np.array([[step], [0], [7 - step]])
        for engine in engines:
            engine.enhance()
        logits = [engine.predict(values, known)[VALUES & ~known[..., None]] for engine in engines]
        yield logits
        for engine in engines:
            engine.step(random_rows(len(texts), step))
            if step == 4:
                engine.retire(0)
        values, texts = (values[1:], texts[1:]) if step == 4 else (values, texts)
        if step == 4:
            break


@pytest.mark.parametrize("enhancement", [True, False])
def test_logits_are_those_of_torch(each_core, enhancement):
    model = random_model(
        ModelConfig(
            width=96, layers=2, heads=6, kv_heads=2, decoder_width=80, decoder_heads=5,
            enhancement=enhancement,
        )
    )  # fmt: skip
    for found, expected in pairs_of_logits(model, exact=True):
        np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)


def test_predictions_may_be_for_any_slots_in_any_order(tiny_model):
    engine = NativeEngine(network(tiny_model), [None] * 3, 64)
    for slot in range(3):
        engine.prefill(slot, random_rows(5 + slot, slot))
    engine.enhance()
    values, known = random_rows(3, 4), np.arange(NUM_ATTRIBUTES) < [[1], [5], [3]]
    places = np.array([2, 0, 2, 1, 1, 0])
    found = engine.predict(values[places], known[places], places)
    np.testing.assert_array_equal(found, engine.predict(values, known)[places])


@pytest.mark.parametrize("exact", [True, False])
def test_predictions_do_not_depend_on_earlier_ones(tiny_model, exact):
    shared, rng = network(tiny_model, exact), np.random.default_rng(0)
    asked, fresh = (NativeEngine(shared, [None] * 2, 64) for _ in range(2))
    for engine in (asked, fresh):
        for slot in range(2):
            engine.prefill(slot, random_rows(5 + slot, slot))
    asked.enhance()
    for _ in range(10):
        places = rng.integers(0, 2, size=5)
        values, known = rng.integers(0, 3, size=(5, NUM_ATTRIBUTES)), rng.random((5, 8)) < 0.5
        fresh.enhance()
        np.testing.assert_array_equal(
            asked.predict(values, known, places), fresh.predict(values, known, places)
        )


def test_quantized_logits_are_close_to_torch(each_core):
    model = random_model(PRESETS["nano"])
    for found, expected in pairs_of_logits(model, exact=False):
        np.testing.assert_allclose(found, expected, atol=0.25)
        assert np.abs(found - expected).mean() < 0.03


@pytest.mark.parametrize("num_steps", [1, 3, 8])
@pytest.mark.parametrize("order", ["confidence", "entropy", "random", "fixed"])
def test_pieces_are_those_of_the_oracle(tiny_model, waltz, caption, order, num_steps):
    request = Request(
        num_bars=3, seed=num_steps, text=caption, constrain=waltz,
        unmask=UnmaskConfig(num_steps=num_steps, order=order, temperature=0.9, top_p=0.98),
    )  # fmt: skip
    (piece,) = compose(network(tiny_model), [request])
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 2048))


@pytest.mark.parametrize("guidance", [0.0, 3.0])
def test_guided_pieces_are_those_of_the_oracle(tiny_model, waltz, caption, guidance):
    request = Request(num_bars=3, seed=2, text=caption, guidance=guidance, constrain=waltz)
    (piece,) = compose(network(tiny_model), [request])
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 2048))


def test_a_piece_may_outgrow_the_context(tiny_model, waltz, caption):
    request = Request(num_bars=20, seed=4, constrain=waltz, text=caption)
    (piece,) = compose(network(tiny_model), [request], context=24)
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 24))


@pytest.mark.parametrize("exact", [True, False])
def test_a_piece_is_the_same_in_a_batch_and_alone(tiny_model, waltz, caption, exact):
    requests = [
        Request(num_bars=3, seed=1, constrain=waltz),
        Request(num_bars=1, seed=2, text=caption, unmask=UnmaskConfig(num_steps=2)),
        Request(max_notes=9, seed=3, text=caption[:2]),
        Request(num_bars=2, seed=4, text=caption, guidance=2.0),
        Request(num_bars=2, seed=5, unmask=UnmaskConfig(order="random")),
    ]
    shared = network(tiny_model, exact)
    for request, piece in zip(requests, compose(shared, requests), strict=True):
        np.testing.assert_array_equal(compose(shared, [request])[0], piece)


def prepared(texts=(None,)):
    """A core that has read START, and a grammar that has, too."""
    engine = NativeEngine(network(random_model(PRESETS["nano"])), texts, 64)
    engine.prefill(0, np.concatenate([mark(RowType.START), [BAR]]))
    engine.enhance()
    grammar = Grammar(num_bars=2)
    for row in (mark(RowType.START)[0], np.array(BAR)):
        grammar.advance(row)
    return engine, grammar


@pytest.mark.parametrize("order", ["confidence", "entropy", "random", "fixed"])
def test_rows_are_sampled_as_in_python(order):
    """Same predictions, same noise, same rows; for many settings and constraints."""
    engine, grammar = prepared()
    rng = np.random.default_rng(3)
    chords = rng.normal(size=(SIZES[Attribute.CHORD], MAX_SIZE)).astype("f4")
    beats = rng.normal(size=(1, MAX_SIZE)).astype("f4")
    for trial in range(48):
        config = UnmaskConfig(
            order=order,
            num_steps=int(rng.integers(1, 9)),
            threshold=(None, 0.2, 0.6, 0.95)[trial // 2 % 4],
            temperature=float(rng.choice([0.0, 0.5, 1.0, 2.0])),
            top_p=float(rng.choice([0.3, 0.9, 1.0])),
            min_p=float(rng.choice([0.0, 0.1, 0.6])),
        )
        lean = LogitBias(
            rng.normal(size=VALUES.shape).astype("f4") * 2,
            (
                Link(Attribute.CHORD, Attribute.PITCH, chords),
                Link(Attribute.TYPE, Attribute.BEAT, beats, RowType.NOTE),
            )[: trial % 3],
        )
        bias = lean if trial % 2 else None
        notes = VALUES & (rng.random((3, *VALUES.shape)) < 0.9)
        notes[:, Attribute.TYPE, RowType.NOTE :] = VALUES[Attribute.TYPE, RowType.NOTE :]
        first = [Attribute.DURATION] if trial % 3 else []
        grammar.permit(*((notes, notes[:2]) if trial % 4 else (None, None)), first)
        noise = rng.random((1, *NOISE_SHAPE))
        found = engine.unmask([OpenPiece(grammar, config, slot=0)], noise, [bias])
        expected = unmask(engine.predict, [grammar], [config], noise, biases=[bias])
        np.testing.assert_array_equal(found, expected)


def test_prompted_constraints_sample_as_in_python(tiny_model, monkeypatch):
    constraints = Constraints(
        "key: A minor", "chords: Am F C G", "density: 8", "instruments: piano, cello"
    )

    def piece():
        request = Request(num_bars=4, max_notes=80, constrain=Control(constraints.plan(4)))
        return compose(shared, [request])[0]

    shared = network(tiny_model)
    found = piece()
    monkeypatch.setattr(
        NativeEngine, "unmask",
        lambda self, pieces, noise, biases: unmask(
            self.predict, [p.grammar for p in pieces], [p.config for p in pieces], noise,
            biases=biases,
        ),
    )  # fmt: skip
    np.testing.assert_array_equal(piece(), found)


def test_contradictory_constraints_are_an_error():
    engine, grammar = prepared()
    grammar.permit(VALUES & False, VALUES & False)
    with pytest.raises(GrammarError, match="permit more"):
        engine.unmask(
            [OpenPiece(grammar, UnmaskConfig(), slot=0)], np.zeros((1, *NOISE_SHAPE)), [None]
        )


def test_beats_stay_within_their_metre():
    engine, grammar = prepared()
    bars = VALUES.copy()
    bars[Attribute.TYPE] = False
    metres = [metre_index(2, 4), metre_index(4, 4), metre_index(7, 4)]
    bars[Attribute.TYPE, [bar_type(m) for m in metres] + [rest_type(metres[0])]] = True
    grammar.permit(VALUES & False, bars)
    for seed in range(20):
        noise = np.random.default_rng(seed).random((1, *NOISE_SHAPE))
        config = UnmaskConfig(order="random")
        found = engine.unmask([OpenPiece(grammar, config, slot=0)], noise, [None])
        np.testing.assert_array_equal(found, unmask(engine.predict, [grammar], [config], noise))


def test_missing_weights_are_named(tiny_model):
    weights = {name: tensor.numpy() for name, tensor in tiny_model.state_dict().items()}
    del weights["decoder.blocks.0.mlp.up.weight"]
    with pytest.raises(CheckpointError, match=r"decoder\.blocks\.0\.mlp\.up\.weight is missing"):
        NativeNetwork(tiny_model.config, weights)


def test_heads_narrower_than_a_register_need_torch():
    assert fits(PRESETS["small"])
    assert not fits(ModelConfig(width=48, heads=6, kv_heads=2))


def test_the_number_of_threads_makes_no_difference(tiny_model):
    shared = network(tiny_model, exact=False)
    found = []
    for threads in (1, 2, 3):
        engine = NativeEngine(shared, [None] * 3, 64, threads)
        for slot in range(3):
            engine.prefill(slot, random_rows(10 + slot))
        engine.step(random_rows(3))
        engine.enhance()
        found.append(engine.predict(*(np.repeat(array, 3, axis=0) for array in UNKNOWN)))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_a_core_compiled_from_other_sources_is_refused(monkeypatch):
    monkeypatch.setattr(library, "hash_of_sources", lambda: "other")
    with pytest.warns(UserWarning, match="install Amadeus again"):
        assert library._open(library.libraries()[0]) is None


@pytest.mark.parametrize("structure", library._STRUCTURES)
def test_a_core_with_structures_of_another_size_is_refused(monkeypatch, structure):
    fields = [*structure._fields_, ("extra", ctypes.c_void_p)]
    longer = type(structure.__name__, (ctypes.Structure,), {"_fields_": fields})
    monkeypatch.setattr(library, "_STRUCTURES", (longer,))
    sizes = f"{structure.__name__} in {ctypes.sizeof(structure)} bytes"
    with pytest.warns(UserWarning, match=rf"core-0\.so lays out {sizes}.*install Amadeus again"):
        assert library._open(library.libraries()[0]) is None


def test_torch_composes_if_the_core_is_refused(monkeypatch):
    unknown = type("Unknown", (ctypes.Structure,), {"_fields_": [("field", ctypes.c_int)]})
    monkeypatch.setattr(library, "_STRUCTURES", (unknown,))
    monkeypatch.setattr(native, "load", library.load.__wrapped__)
    with pytest.warns(UserWarning, match="lays out Unknown in 0 bytes and library.py in 4"):
        assert not fits(PRESETS["small"])
