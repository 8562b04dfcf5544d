"""The prefix of a piece, and that all engines read it alike."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from amadeus.errors import ConfigError
from amadeus.inference import torch_engine
from amadeus.inference.composer import Composer
from amadeus.inference.composition import compose
from amadeus.inference.device.engine import DeviceEngine
from amadeus.inference.naive import compose_naively
from amadeus.inference.native import NativeNetwork
from amadeus.inference.prefix import prefix, profile_vectors
from amadeus.inference.request import Request
from amadeus.model import PRESETS, Amadeus
from amadeus.music.keys import Key
from amadeus.native import library
from amadeus.profile import FIELDS, Part, Profile, conditions

DUO = Profile(
    key=Key(9, "minor"), bpm=90.0, parts=(Part(1, 0.7), Part(41, 0.3)), num_parts=2,
    chord_changes=1.0, genres=("jazz",), from_start=True, bars_left=4,
)  # fmt: skip


@pytest.fixture
def network(tiny_model):
    if library.load() is None:
        pytest.skip("the core is not compiled")
    weights = {name: tensor.numpy() for name, tensor in tiny_model.state_dict().items()}
    return NativeNetwork(tiny_model.config, weights, exact=True)


@pytest.fixture(scope="module")
def unprofiled(randomize):
    return randomize(Amadeus(replace(PRESETS["nano"], profile=False)))


def test_a_prefix_is_the_profile_and_then_the_text(tiny_model, caption):
    vectors = profile_vectors(tiny_model)
    both = prefix(vectors, DUO, caption.numpy())
    pairs = torch.from_numpy(conditions(DUO))
    expected = torch.cat([tiny_model.profile_embedder(pairs[None])[0], caption])
    assert both.states == pytest.approx(expected.detach().numpy(), abs=1e-6)
    bias = tiny_model.slot_bias(pairs[None])[0].detach().numpy()
    assert np.abs(bias).max() > 0
    assert both.slot_bias == pytest.approx(bias, abs=1e-6)
    open_profile = prefix(vectors, Profile(), caption.numpy())
    assert open_profile.states == pytest.approx(caption.numpy())
    assert not open_profile.slot_bias.any()
    assert len(prefix(vectors, DUO, None).states) == len(pairs)
    assert prefix(vectors, Profile(), None) is None


def test_a_model_without_profiles_reads_the_text_alone(unprofiled, caption):
    assert profile_vectors(unprofiled) is None
    assert prefix(None, DUO, caption).states is caption
    assert prefix(None, DUO, caption).slot_bias is None
    composer = Composer(unprofiled)
    plain = composer.generate(bars=2, seed=3, tries=1, fill_profile=False)
    assert composer.generate(bars=2, seed=3, tries=1) == plain
    for asked in ({"profile": DUO}, {"guided_by": ("key",), "guidance": 2.0}):
        with pytest.raises(ConfigError, match="has no profiles"):
            composer.generate(bars=2, **asked)


def test_both_engines_hold_the_same_vectors(tiny_model, network):
    for ours, theirs in zip(profile_vectors(network), profile_vectors(tiny_model), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("with_text", [False, True])
@pytest.mark.parametrize("profile", [Profile(), DUO], ids=["open", "duo"])
@pytest.mark.parametrize("guided_by", [None, (), ("chord_changes",)], ids=str)
def test_the_compiled_core_reads_profiles_as_the_model_in_torch_does(
    tiny_model, network, caption, waltz, profile, with_text, guided_by
):
    vectors = profile_vectors(tiny_model)
    text = caption.numpy() if with_text else None
    contrast = prefix(vectors, profile.without(guided_by), text) if guided_by else None
    request = Request(
        num_bars=3, max_notes=24, seed=5, constrain=waltz, text=prefix(vectors, profile, text),
        contrast=contrast, guidance=1.0 if guided_by is None else 2.0,
    )  # fmt: skip
    ((expected,), (found,)) = (compose(model, [request]) for model in (tiny_model, network))
    assert np.array_equal(found, expected)
    assert np.array_equal(compose_naively(tiny_model, request, context=64), expected)
    assert len(found) > 4


def test_the_slot_bias_alone_changes_the_music(network, tiny_model):
    told = prefix(profile_vectors(network), DUO, None)
    strong = told._replace(slot_bias=20 * told.slot_bias)
    request = Request(num_bars=2, max_notes=16, seed=5, text=strong)
    without = replace(request, text=told._replace(slot_bias=None))
    pieces = [compose(network, [each])[0] for each in (request, without)]
    assert not np.array_equal(*pieces)
    for each, piece in zip((request, without), pieces, strict=True):
        assert np.array_equal(piece, compose(tiny_model, [each])[0])


@pytest.mark.parametrize("engine", ["core", "torch", "device"])
def test_pieces_that_come_and_go_keep_their_own_profiles(tiny_model, network, monkeypatch, engine):
    if engine == "device":
        monkeypatch.setattr(torch_engine, "TorchEngine", DeviceEngine)
    model = network if engine == "core" else tiny_model
    vectors = profile_vectors(model)
    requests = [
        Request(
            num_bars=1 + n % 3, max_notes=6 + 3 * n, seed=n, text=prefix(vectors, profile, None)
        )
        for n, profile in enumerate(
            [DUO, Profile(), Profile(bpm=60.0), Profile(bpm=200.0), replace(DUO, bpm=40.0)]
        )
    ]
    together = compose(model, requests, max_pieces=3)
    for request, piece in zip(requests, together, strict=True):
        assert np.array_equal(piece, compose_naively(tiny_model, request, context=64))


def test_a_profile_changes_the_music_and_so_does_guidance_by_a_value(network, waltz):
    vectors = profile_vectors(network)
    text = prefix(vectors, DUO, None)
    request = Request(num_bars=3, max_notes=24, seed=5, constrain=waltz)
    told = replace(request, text=text)
    guided = replace(
        told, guidance=3.0, contrast=prefix(vectors, DUO.without(("chord_changes",)), None)
    )
    pieces = [compose(network, [one])[0].tobytes() for one in (request, told, guided)]
    assert len(set(pieces)) == 3


def test_guidance_by_nothing_that_was_said_changes_nothing(network, waltz):
    vectors = profile_vectors(network)
    text = prefix(vectors, DUO, None)
    told = Request(num_bars=2, max_notes=16, seed=5, constrain=waltz, text=text)
    same = prefix(vectors, DUO.without(("register",)), None)
    (plain,), (guided,) = (
        compose(network, [one]) for one in (told, replace(told, guidance=3.0, contrast=same))
    )
    assert np.array_equal(plain, guided)


def test_the_fullest_profile_and_the_longest_text_fit(network):
    full = Profile(
        **DUO.stated | {"time_signature": "4/4", "parts": tuple(map(Part, range(1, 12)))},
        notes_per_bar=5, chord_size=2, register=60, loudness=80, velocity_spread=5,
        duration_variety=1, repetition=0.5, forms=("waltz", "jig"), moods=("sad", "calm"),
    )  # fmt: skip
    full = replace(full, genres=("jazz", "rock"))
    text = np.zeros((network.config.max_text, network.config.text_width), dtype=np.float32)
    both = prefix(profile_vectors(network), full, text)
    assert len(both.states) == network.config.max_prefix
    (rows,) = compose(network, [Request(num_bars=1, max_notes=4, text=both)])
    assert len(rows) > 1


def test_values_are_left_open_by_name():
    assert DUO.without(("parts", "genres")) == replace(DUO, parts=(), genres=())
    assert DUO.without(FIELDS) == Profile()
    with pytest.raises(ConfigError, match=r"'colour' is no value of a profile; choose from key"):
        DUO.without(("colour",))


def test_a_composer_fills_profiles_unless_it_is_told_not_to(tiny_model):
    composer = Composer(tiny_model)
    (filled,) = composer.plan_many([""], bars=4, seed=1)
    (bare,) = composer.plan_many([""], bars=4, seed=1, fill_profile=False)
    assert filled.profile.profile.notes_per_bar is not None
    assert bare.profile.profile == Profile(from_start=True, bars_left=4)
    assert len(bare.request.text.states) == 2


def test_every_piece_may_have_a_profile_of_its_own(tiny_model):
    composer = Composer(tiny_model)
    asked = [Profile(bpm=60), Profile(bpm=200)]
    pieces = composer.plan_many(["", ""], bars=4, profile=asked, fill_profile=False)
    assert [piece.profile.profile.bpm for piece in pieces] == [60, 200]
    with pytest.raises(ConfigError, match="1 profiles do not go with 2 prompts"):
        composer.plan_many(["", ""], bars=4, profile=asked[:1])
