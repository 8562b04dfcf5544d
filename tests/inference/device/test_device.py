"""The engine for GPUs, run as it is where there is none: it gives what the oracle gives."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from amadeus.control import Constraints, Control
from amadeus.diffusion import UnmaskConfig, unmask
from amadeus.errors import GrammarError
from amadeus.inference.composition import compose
from amadeus.inference.device.engine import DeviceEngine
from amadeus.inference.device.grammar import GrammarState, advance, state_of, task_of
from amadeus.inference.device.graphs import Graphs
from amadeus.inference.device.tables import NUM_KINDS, UNKNOWN, tables_on
from amadeus.inference.device.tasks import (
    Inputs,
    Sampling,
    Task,
    course_of,
    sampling_of,
    tasks_of,
)
from amadeus.inference.device.unmasking import begin, draw, reveal
from amadeus.inference.naive import compose_naively
from amadeus.inference.request import Request
from amadeus.inference.sampling import sampling_config
from amadeus.inference.torch_engine import TorchEngine
from amadeus.model import PRESETS, Amadeus
from amadeus.music.midi import read_midi
from amadeus.tokens import RowType, encode
from amadeus.tokens.grammar import MAX_SIZE, VALUES, Grammar
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, bar_type, metre_index

CPU = torch.device("cpu")
CONTEXT = 48


class Replays(Graphs):
    """What CUDA graphs do: the first work of a key is done again, with the tensors it knew."""

    def __init__(self, device):
        super().__init__(device)
        self.works = {}

    def run(self, key, work, changes=()):
        if key not in self.works:
            before = [tensor.clone() for tensor in changes]
            work()
            for tensor, value in zip(changes, before, strict=True):
                tensor.copy_(value)
            self.works[key] = work
        return self.works[key]()

    def clear(self):
        self.works.clear()


@pytest.fixture(params=[Graphs, Replays])
def on_device(request, monkeypatch):
    """Composes on the engine for GPUs, with or without what graphs bring."""
    monkeypatch.setattr("amadeus.inference.device.engine.Graphs", request.param)
    monkeypatch.setattr("amadeus.inference.torch_engine.TorchEngine", DeviceEngine)


def tensors(arrays):
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


@pytest.mark.parametrize("ends_with", [RowType.END, RowType.JOIN])
@pytest.mark.parametrize("limits", [{}, {"num_bars": 4}, {"max_notes": 30}])
def test_the_grammar_is_the_same_on_the_device(fixtures, ends_with, limits):
    tables = tables_on(CPU)
    for path in sorted(fixtures.glob("*.mid")):
        grammar = Grammar(ends_with=ends_with, **limits)
        grammar.advance(mark(RowType.START)[0])
        place = GrammarState(**tensors(state_of([grammar])))
        for row in encode(read_midi(path))[1:200].astype(np.int64):
            task, possible = task_of(tables, place), grammar.possible()
            sets = (task.sets[0] >> torch.arange(NUM_KINDS)[:, None, None]) & 1  # [kinds, A, V]
            alive = sets.any(-1).all(-1)
            expected = {product.tobytes() for product in possible.sets}
            assert {p.numpy().tobytes() for p in sets[alive].bool()} == expected
            assert not sets[~alive].any()
            assert (task.ends_with >= 0).item() == grammar.in_last_bar
            try:
                grammar.advance(row)
            except GrammarError:  # beyond the limits
                break
            place = advance(tables, place, torch.from_numpy(row)[None])
            for name, value in state_of([grammar]).items():
                np.testing.assert_array_equal(getattr(place, name).numpy(), value, name)


def test_drawing_is_the_same_on_the_device():
    from amadeus.diffusion.unmasking import draw as oracle

    rng = np.random.default_rng(0)
    for _ in range(300):
        logits = rng.normal(size=20).astype(np.float32) * rng.choice([0.1, 1, 5])
        legal = rng.random(20) < 0.6
        legal[rng.integers(20)] = True
        temperature, top_p = rng.choice([0, 0.5, 1, 2.0]), rng.choice([0.3, 0.9, 1])
        uniform = rng.random()
        min_p = float(rng.choice([0, 0.1, 0.7]))
        config = UnmaskConfig(temperature=float(temperature), top_p=float(top_p), min_p=min_p)
        sampling = Sampling(**tensors(sampling_of([config])))
        drawn = draw(
            torch.from_numpy(logits)[None], torch.from_numpy(legal)[None],
            sampling.draws[:, 0].split(1, dim=1), course_of([config]).settings,
            uniform * sampling.reach[:, :1],
        )  # fmt: skip
        places = np.flatnonzero(legal)
        assert drawn.item() == places[oracle(logits[legal], config.draws[0], uniform)]


def configs(rng):
    return UnmaskConfig(
        num_steps=int(rng.integers(1, 9)),
        threshold=rng.choice([None, 0.5]),
        order=str(rng.choice(["confidence", "entropy", "random", "fixed"])),
        fixed_order=tuple(rng.permutation(list(UnmaskConfig().fixed_order)).tolist()),
        temperature=float(rng.choice([0, 0.7, 1])),
        top_p=float(rng.choice([0.8, 1])),
        min_p=float(rng.choice([0, 0.3])),
    )


def test_rows_are_revealed_alike_on_the_device():
    """With random logits and settings, free and constrained."""
    rng = np.random.default_rng(1)
    held = Constraints("key: A minor", "density: 6", "instruments: piano, cello")
    grammars = [Grammar(num_bars=3) for _ in range(3)]
    controls = [None, Control(held.plan(3, 40), 0), None]
    for grammar in grammars:
        grammar.advance(mark(RowType.START)[0])
    for _ in range(40):
        biases = [c and c(g) for c, g in zip(controls, grammars, strict=True)]
        chosen = [configs(rng) for _ in grammars]
        noise = rng.random((3, 2, NUM_ATTRIBUTES))
        logits = rng.normal(size=(3, NUM_ATTRIBUTES, MAX_SIZE)).astype(np.float32) * 3
        logits[:, ~VALUES] = -np.inf

        def predict(values, known, logits=logits):
            return logits * (1 + known.sum(-1, dtype=np.float32)[:, None, None] / 8)

        def predict_on_device(shown, predict=predict):
            return torch.from_numpy(predict(shown.numpy(), shown.numpy() < UNKNOWN))

        expected = unmask(predict, grammars, chosen, noise, biases=biases)
        inputs, course = Inputs(CPU), course_of(chosen)
        task = Task(**inputs.put(tasks_of(grammars, biases)))
        sampling = Sampling(**inputs.put(sampling_of(chosen)))
        row = begin(tables_on(CPU), task, sampling)
        for _ in range(course.passes):
            row = reveal(
                tables_on(CPU), task, sampling, torch.from_numpy(noise), course, row,
                predict_on_device(row.shown),
            )  # fmt: skip
        assert not row.stuck.any()
        np.testing.assert_array_equal(row.values.numpy(), expected)
        for number, (grammar, row) in enumerate(zip(grammars, expected, strict=True)):
            grammar.advance(row)
            if grammar.ended:
                grammars[number] = Grammar(num_bars=3)
                grammars[number].advance(mark(RowType.START)[0])
                controls[number] = controls[number] and Control(held.plan(3, 40), 0)


def test_an_ended_piece_draws_values_in_range(on_device, tiny_model):
    """Rows are composed some way beyond the end, where nothing is legal."""
    request = Request(max_notes=3, seed=1, unmask=sampling_config(top_p=0.9))
    (piece,) = compose(tiny_model, [request], context=CONTEXT)
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, CONTEXT))


def requests(caption, waltz):
    free = {"max_notes": 40, "unmask": UnmaskConfig(temperature=0.9)}
    return [
        Request(num_bars=3, seed=1, **free),
        Request(num_bars=2, seed=2, text=caption.numpy(), guidance=2.0, **free),
        Request(num_bars=5, seed=3, unmask=UnmaskConfig(num_steps=3), max_notes=60),
        Request(num_bars=4, seed=4, constrain=waltz, **free),
        Request(num_bars=2, seed=6, unmask=UnmaskConfig(min_p=0.1, top_p=0.9), max_notes=30),
        Request(num_bars=4, seed=5, unmask=UnmaskConfig(threshold=0.3), max_notes=30),
    ]


@pytest.mark.parametrize("constrained", [False, True])
def test_pieces_are_those_of_the_oracle(on_device, tiny_model, caption, waltz, constrained):
    asked = [r for r in requests(caption, waltz) if constrained or r.constrain is None]
    composed = compose(tiny_model, asked, max_pieces=3, context=CONTEXT)
    for request, piece in zip(asked, composed, strict=True):
        np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, CONTEXT))


def test_a_network_without_enhancement_composes_alike(on_device, randomize):
    model = randomize(Amadeus(replace(PRESETS["nano"], enhancement=False)))
    request = Request(num_bars=2, seed=3, max_notes=10)
    (piece,) = compose(model, [request], context=CONTEXT)
    np.testing.assert_array_equal(piece, compose_naively(model, request, CONTEXT))


def test_predictions_are_those_of_the_eager_engine(tiny_model, caption):
    bar = [[bar_type(metre_index(4, 4)), 1, 2, 41, 1, 61, 12, 20]]
    rows = np.concatenate([mark(RowType.START), bar]).astype(int)
    values, known = np.zeros((2, 8), dtype=np.int64), np.zeros((2, 8), dtype=bool)
    found = []
    for kind in (TorchEngine, DeviceEngine):
        engine = kind(tiny_model, [caption.numpy(), None], CONTEXT)
        for slot in range(2):
            engine.prefill(slot, rows)
        engine.step(np.repeat(rows[-1:], 2, axis=0))
        engine.enhance()
        found.append(engine.predict(values, known))
    np.testing.assert_allclose(*found, atol=1e-5, rtol=1e-5)


def test_half_the_bits_predict_nearly_the_same(tiny_model, caption):
    """As weights are on a GPU; positions keep theirs."""
    from copy import deepcopy

    model = deepcopy(tiny_model)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    rows = np.concatenate([mark(RowType.START), [[7 + 20, 1, 2, 41, 1, 61, 12, 20]] * 30]).astype(
        int
    )
    values, known = rows[-1:], np.ones((1, 8), dtype=bool)
    known[:, 5:] = False
    found = []
    for network in (tiny_model, model):
        engine = DeviceEngine(network, [caption.numpy()], CONTEXT)
        engine.prefill(0, rows)
        engine.step(rows[-1:])
        engine.enhance()
        logits = torch.from_numpy(engine.predict(values, known)[0, 5:])
        found.append(logits.softmax(-1))
    assert (found[0] - found[1]).abs().sum(-1).max() < 0.2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_graphs_give_the_pieces_of_the_oracle(tiny_model, caption, waltz):
    from copy import deepcopy

    asked = requests(caption, waltz)
    composed = compose(deepcopy(tiny_model).cuda(), asked, max_pieces=3, context=CONTEXT)
    same = [
        np.array_equal(piece, compose_naively(tiny_model, request, CONTEXT))
        for request, piece in zip(asked, composed, strict=True)
    ]
    assert sum(same) >= len(same) - 1  # a GPU rounds differently
