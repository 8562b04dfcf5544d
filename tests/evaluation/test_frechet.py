import numpy as np
import pytest
import torch

from amadeus.errors import CheckpointError, ConfigError
from amadeus.evaluation.clamp import PATCH_SIZE, SEGMENT, Clamp, midi_text, patches_of
from amadeus.evaluation.frechet import frechet_distance, frechet_music_distance
from amadeus.music.midi import read_midi


def sample(mean, covariance, count=400, seed=0):
    """Points with exactly this mean and covariance."""
    points = np.random.default_rng(seed).normal(size=(count, len(mean)))
    points -= points.mean(0)
    points = points @ np.linalg.inv(np.linalg.cholesky(np.cov(points.T).reshape(len(mean), -1))).T
    return mean + points @ np.linalg.cholesky(covariance).T


def test_distance_of_normal_distributions_on_a_line():
    """(m1 - m2)^2 + (s1 - s2)^2."""
    first, second = sample([1.0], [[4.0]]), sample([4.0], [[25.0]], 300, seed=1)
    assert frechet_distance(first, second) == pytest.approx(9 + 9)


def test_distance_of_correlated_normal_distributions():
    a, b = np.array([[2.0, 0.6], [0.6, 1.0]]), np.array([[1.0, -0.3], [-0.3, 3.0]])
    root = np.sqrt(np.linalg.eigvals(a @ b)).sum()
    expected = 5 + np.trace(a + b) - 2 * root
    found = frechet_distance(sample([0.0, 0.0], a), sample([1.0, 2.0], b, seed=1))
    assert found == pytest.approx(expected)


def test_distance_is_a_distance():
    rng = np.random.default_rng(0)
    few, more = rng.normal(size=(5, 40)), rng.normal(1, 2, size=(7, 40))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(few, more) == pytest.approx(frechet_distance(more, few))
    assert frechet_distance(few, few + 1) == pytest.approx(40)
    with pytest.raises(ConfigError, match="2 or more"):
        frechet_distance(few, more[:1])


@pytest.fixture(scope="module")
def quartet(fixtures):
    return read_midi(fixtures / "string_quartet.mid")


def test_midi_is_written_as_messages(quartet):
    pytest.importorskip("mido")
    lines = midi_text(quartet).splitlines()
    assert lines[0] == "ticks_per_beat 12"
    kinds = {line.split()[0] for line in lines}
    assert kinds == {
        *("ticks_per_beat", "time_signature", "set_tempo", "program_change", "end_of_track"),
        *("note_on", "note_off", "key_signature"),
    }
    assert sum(line.startswith("note_on") for line in lines) == quartet.num_notes


def test_patches_hold_the_whole_text(quartet):
    pytest.importorskip("mido")
    text = midi_text(quartet)
    patches = patches_of(text)
    assert patches.shape[1] == PATCH_SIZE
    assert patches[0].tolist() == [1] * PATCH_SIZE
    assert patches[-1].tolist() == [1] + [2] * (PATCH_SIZE - 1)
    said = []
    for patch in patches[1:-1].tolist():
        end = patch.index(2)
        assert patch[0] == 1
        assert not any(patch[end + 1 :])
        kind, _, rest = "".join(map(chr, patch[1:end])).rstrip("\n").partition(" ")
        said += [f"{kind} {values}" for values in rest.split("\t")]
    assert said == text.splitlines()
    assert len(patches) < len(said)


def test_long_pieces_are_the_mean_of_their_segments(tiny_clamp):
    clamp = Clamp(tiny_clamp)
    patches = torch.randint(3, 128, (SEGMENT + 100, PATCH_SIZE))
    first, last = clamp._embed(patches[:SEGMENT]), clamp._embed(patches[-SEGMENT:])
    expected = (SEGMENT * first + 100 * last) / (SEGMENT + 100)
    torch.testing.assert_close(clamp._embed(patches), expected)
    assert not torch.allclose(first, last)


def test_pieces_are_nearer_to_themselves(tiny_clamp, fixtures, quartet):
    pytest.importorskip("mido")
    clamp = Clamp(tiny_clamp)
    choir, song = (
        read_midi(fixtures / f"{name}.mid") for name in ("choir_changing_metre", "song_with_pickup")
    )
    same = frechet_music_distance([quartet, choir], [choir, quartet], clamp)
    assert same == pytest.approx(0, abs=1e-6)
    assert frechet_music_distance([quartet, choir], [quartet, song], clamp) > 1e-4


def test_weights_that_cannot_be_read_are_refused(tmp_path, tiny_clap):
    with pytest.raises(CheckpointError, match=r"sander-wood/clamp2.*docs/weights\.md"):
        Clamp(tmp_path)
    with pytest.raises(CheckpointError, match="is no CLaMP 2") as error:
        Clamp(tiny_clap)
    assert "\n" not in str(error.value)
    (tmp_path / "model.safetensors").write_bytes(b"half")
    with pytest.raises(CheckpointError, match="is no CLaMP 2"):
        Clamp(tmp_path)
