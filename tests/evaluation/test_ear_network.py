"""The network and its spectrogram, compared with slow twins that follow musicnn's own code."""

import numpy as np
import pytest
import torch

from amadeus.errors import CheckpointError
from amadeus.evaluation.ear.convert import to_tagger
from amadeus.evaluation.ear.listener import NETWORKS, load_packaged
from amadeus.evaluation.ear.network import load_tagger, make_tagger
from amadeus.evaluation.ear.spectrogram import log_mel, mel_bands

CONVOLUTIONS = [(7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51)]
CONVOLUTIONS += [(7, 561, 64), (7, 64, 64), (7, 64, 64)]
NORMALIZED = [1, *(channels for *_, channels in CONVOLUTIONS), 1506, 200]


@pytest.fixture(scope="module")
def variables():
    """Random variables of a musicnn network, named as TensorFlow names them."""
    rng = np.random.default_rng(0)

    def name(layer, number, part):
        return f"{layer}_{number}/{part}" if number else f"{layer}/{part}"

    found = {}
    for number, (frames, bands, channels) in enumerate(CONVOLUTIONS):
        kernel = rng.normal(size=(frames, bands, 1, channels)) / np.sqrt(frames * bands)
        found[name("conv2d", number, "kernel")] = kernel
        found[name("conv2d", number, "bias")] = rng.normal(size=channels)
    for number, channels in enumerate(NORMALIZED):
        for part in ("gamma", "beta", "moving_mean"):
            found[name("batch_normalization", number, part)] = rng.normal(size=channels)
        variance = rng.uniform(1e-3, 2, size=channels)
        found[name("batch_normalization", number, "moving_variance")] = variance
    for number, shape in enumerate(((1506, 200), (200, 50))):
        found[name("dense", number, "kernel")] = rng.normal(size=shape) / np.sqrt(shape[0])
        found[name("dense", number, "bias")] = rng.normal(size=shape[1])
    return found


def musicnn(variables, x):
    """The graph of musicnn's models.py in NumPy, with TensorFlow's layouts. x: [T, 96]."""
    numbers = {"conv2d": 0, "batch_normalization": 0, "dense": 0}

    def layer(kind):
        number = numbers[kind]
        numbers[kind] += 1
        prefix = f"{kind}_{number}/" if number else f"{kind}/"
        return {k.removeprefix(prefix): v for k, v in variables.items() if k.startswith(prefix)}

    def normalize(x):
        v = layer("batch_normalization")
        x = (x - v["moving_mean"]) / np.sqrt(v["moving_variance"] + 0.001)
        return x * v["gamma"] + v["beta"]

    def convolve(x, before, after):
        """x: [T, F]. Returns [T, F', channels]."""
        v = layer("conv2d")
        x = np.pad(x, ((before, after), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, v["kernel"].shape[:2])
        product = np.einsum("tfhw,hwc->tfc", windows, v["kernel"][:, :, 0], optimize=True)
        return np.maximum(product + v["bias"], 0)

    x = normalize(x[:, :, None])[:, :, 0]
    front = []
    for before, after in ((3, 3), (3, 3), (63, 64), (31, 32), (15, 16)):
        front.append(normalize(convolve(x, before, after)).max(1))
    front = np.concatenate(front, 1)
    first = normalize(convolve(front, 3, 3)[:, 0])
    second = normalize(convolve(first, 3, 3)[:, 0]) + first
    third = normalize(convolve(second, 3, 3)[:, 0]) + second
    features = np.concatenate([front, first, second, third], 1)
    pooled = normalize(np.stack([features.max(0), features.mean(0)], 1).reshape(-1))
    v = layer("dense")
    hidden = normalize(np.maximum(pooled @ v["kernel"] + v["bias"], 0))
    v = layer("dense")
    return 1 / (1 + np.exp(-(hidden @ v["kernel"] + v["bias"])))


@torch.no_grad()
def test_the_network_equals_its_slow_twin(variables):
    weights = {
        name: torch.tensor(values, dtype=torch.float32)
        for name, values in to_tagger(variables).items()
    }
    tagger = make_tagger(tuple(map(str, range(50))), weights)
    patches = np.random.default_rng(1).uniform(0, 4, size=(2, 24, 96))
    found = tagger(torch.tensor(patches, dtype=torch.float32)).numpy()
    expected = np.stack([musicnn(variables, patch) for patch in patches])
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_mel_bands_are_those_of_librosa():
    audio_utils = pytest.importorskip("transformers.audio_utils")
    expected = audio_utils.mel_filter_bank(
        257, 96, 0.0, 8000.0, 16_000, norm="slaney", mel_scale="slaney"
    )
    np.testing.assert_allclose(mel_bands().numpy(), expected, atol=1e-7)


def test_a_sine_sounds_in_its_band():
    audio = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    frames = log_mel(audio).numpy()
    assert frames.shape == (63, 96)
    edges = np.flatnonzero(mel_bands().numpy()[32])  # the bands around bin 32, at 1000 Hz
    assert set(frames[30].argsort()[-len(edges) :]) >= {frames[30].argmax()}
    assert frames[30].argmax() in edges
    # A Hann window gives a sine of amplitude 0.5 at the centre of a bin an amplitude of 64.
    power = 64.0**2 * np.array([0.25, 1, 0.25])
    expected = np.log10(10_000 * (power @ mel_bands().numpy()[31:34]) + 1)
    np.testing.assert_allclose(frames[30][edges], expected[edges], atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_packaged_networks_have_50_different_tags(name):
    assert len(set(load_packaged(name).tags)) == 50


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="not a network that tags music"):
        load_tagger(path)
