"""Pieces by seed, in every engine: the same request gives the same rows as it always did."""

import platform
from dataclasses import replace

import numpy as np
import pytest
import torch

from amadeus.control import Constraints, Control
from amadeus.control.plan import Plan
from amadeus.inference import native
from amadeus.inference.composer import Composer, load_model
from amadeus.inference.composition import compose, stream
from amadeus.inference.naive import compose_naively
from amadeus.inference.native import NativeNetwork
from amadeus.inference.request import Request
from amadeus.inference.sampling import sampling_config
from amadeus.model import PRESETS, Amadeus
from amadeus.music.midi import encode_midi, read_midi
from amadeus.native import library
from amadeus.profile import Profile, conditions, profile_of_score

HELD = ("key: D minor", "metre: 3/4", "tempo: 90", "instruments: piano, cello", "velocity: 40-90")


@pytest.fixture(scope="module")
def model(randomize):
    """A nano model of random weights, none of them zero."""
    return randomize(Amadeus(PRESETS["nano"]))


@pytest.fixture
def requests(model):
    """Requests that differ in everything a request can state. A `Control` serves one piece."""

    def text(seed):
        return np.random.default_rng(seed).normal(size=(4, 384)).astype(np.float32)

    profile = conditions(Profile(bpm=90.0, chord_changes=1.0))
    told = model.profile_embedder(torch.from_numpy(profile)[None])[0].detach().numpy()
    plan = Plan([*Constraints(*HELD)], 3, None)
    return [
        Request(max_notes=10, seed=1),
        Request(max_notes=10, seed=2, text=text(2), guidance=2.0),
        Request(max_notes=10, seed=3, text=told, unmask=sampling_config(top_p=0.9, steps=3)),
        Request(num_bars=3, max_notes=14, seed=4, constrain=Control(plan, 0)),
        Request(max_notes=8, seed=5, unmask=sampling_config(temperature=0.8, order="random")),
    ]


def of_rows(digest, pieces):
    return [digest(np.asarray(piece).astype("<u2").tobytes()) for piece in pieces]


def test_the_readable_engine(model, requests, golden, digest):
    golden("pieces", of_rows(digest, [compose_naively(model, one, 960) for one in requests]))


def test_the_torch_engine(model, requests, golden, digest):
    golden("pieces", of_rows(digest, compose(model, requests, context=960)))


def test_streaming(model, requests, golden, digest):
    pieces = [np.stack([one.prompt[0], *stream(model, one, context=960)]) for one in requests]
    golden("pieces", of_rows(digest, pieces))


@pytest.fixture(params=[0, 1, 2], ids=["plain", "avx2", "avx512"])
def core(request, monkeypatch):
    """Every compiled core that this machine can run, by its number."""
    if library.load() is None or platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("the golden pieces were made by the core compiled for x86")
    if request.param > library.load().amadeus_instructions():
        pytest.skip("not for this machine")
    core = library._open(library.libraries()[request.param])
    monkeypatch.setattr(native, "load", lambda: core)
    return request.param


def test_the_compiled_core(core, model, requests, golden, digest):
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    exact = NativeNetwork(model.config, weights, exact=True)
    golden("pieces", of_rows(digest, compose(exact, requests, context=960)))
    quantised = NativeNetwork(model.config, weights)
    golden(
        "pieces of quantised weights", of_rows(digest, compose(quantised, requests, context=960))
    )


def test_the_packaged_model(core, golden, digest, fixtures):
    """Everything that a composer does with scores, as the bytes of MIDI files.

    Without words: what reads them differs in its last digits from processor to processor.
    """
    composer = load_model(words=False)
    quartet = read_midi(fixtures / "string_quartet.mid")
    made = {"one candidate": composer.generate(bars=2, seed=2, tries=1, top_p=0.9)}
    made |= (
        {}
        if core == 0
        else {  # which takes ten times as long
            "new": composer.generate(bars=4, seed=1),
            "constrained": composer.generate(bars=3, seed=5, constraints=Constraints(*HELD)),
            "continued": composer.continue_score(quartet, bars=2, seed=6),
            "rewritten": composer.edit(quartet, bars=(3, 4), seed=7),
            "added": composer.edit(quartet, bars=(1, 2), add=["flute"], seed=8),
            "resampled": composer.edit(quartet, resample=["velocity"], bars=(1, 2), seed=9),
            "varied": composer.edit(quartet, vary=0.3, bars=(1, 2), seed=10),
            "reorchestrated": composer.edit(quartet, resample=["instrument"], bars=(1, 2), seed=11),
        }
    )
    # Written anew: what a file keeps of the quartet's own bytes is tested elsewhere.
    written = {name: encode_midi(replace(score, source=None)) for name, score in made.items()}
    golden(f"packaged model, core {core}", {name: digest(data) for name, data in written.items()})


def test_a_model_with_profiles(model, golden, digest, fixtures):
    composer = Composer(model)
    like = profile_of_score(read_midi(fixtures / "game_band.mid"))
    made = composer.generate("a jig", bars=1, notes=12, seed=1, profile=like)
    golden("with a profile", digest(encode_midi(made)))
