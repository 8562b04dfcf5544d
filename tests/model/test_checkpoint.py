import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from amadeus.errors import CheckpointError
from amadeus.model import PRESETS, Amadeus, ModelConfig, checkpoint
from amadeus.model.checkpoint import (
    CONFIG,
    WEIGHTS,
    load_checkpoint,
    save_checkpoint,
)
from amadeus.model.checkpoint_files import read_config, weight_shapes


@pytest.fixture
def folder(tiny_model, tmp_path):
    save_checkpoint(tiny_model, tmp_path / "model", step=7)
    return tmp_path / "model"


def change_config(folder, **fields):
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def change_weights(folder, change):
    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, folder / WEIGHTS)


def halve(path: Path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_checkpoint_comes_back_equal(tiny_model, folder):
    loaded = load_checkpoint(folder)
    assert loaded.config == tiny_model.config
    assert not loaded.training
    expected = tiny_model.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, expected[name])
    assert read_config(folder)["notes"] == {"step": 7}


def test_weights_may_lie_in_several_files(tiny_model, tmp_path):
    most = max(tensor.nbytes for tensor in tiny_model.state_dict().values())
    save_checkpoint(tiny_model, tmp_path / "parts", file_bytes=most)
    files = sorted((tmp_path / "parts").glob("*.safetensors"))
    assert len(files) > 1
    loaded = load_checkpoint(tmp_path / "parts").state_dict()
    for name, tensor in tiny_model.state_dict().items():
        assert torch.equal(loaded[name], tensor)
    with pytest.raises(CheckpointError, match="allow more"):
        save_checkpoint(tiny_model, tmp_path / "small", file_bytes=most - 1)
    files[1].unlink()
    with pytest.raises(CheckpointError, match=f"{files[1].name} is missing"):
        load_checkpoint(tmp_path / "parts")


def test_half_precision_halves_the_file_and_loads_as_float32(tiny_model, folder, tmp_path):
    save_checkpoint(tiny_model, tmp_path / "half", dtype=torch.float16)
    size, full = ((f / WEIGHTS).stat().st_size for f in (tmp_path / "half", folder))
    assert size < 0.55 * full
    for name, tensor in load_checkpoint(tmp_path / "half").state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, tiny_model.state_dict()[name].half().float())


DAMAGE = {
    "no folder": (lambda f: (f / CONFIG).unlink(), "config.json is missing"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), "copy the whole folder"),
    "another format": (lambda f: change_config(f, format=99), "format"),
    "another vocabulary": (lambda f: change_config(f, vocabulary="0123"), "vocabulary 0123"),
    "not JSON": (lambda f: halve(f / CONFIG), "cannot be read"),
    "not an object": (lambda f: (f / CONFIG).write_text("[]"), "not an Amadeus checkpoint"),
    "no sizes": (lambda f: change_config(f, model=None), "describes no model"),
    "impossible sizes": (lambda f: change_config(f, model={"width": 3}), "describes no model"),
    "other sizes": (lambda f: change_config(f, model={"width": 64}), "does not fit"),
    "truncated": (lambda f: halve(f / WEIGHTS), "not a safetensors file"),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), "not a safetensors file"),
    "a pickle": (lambda f: torch.save({"a": torch.ones(2)}, f / WEIGHTS), "not a safetensors"),
    "a missing tensor": (
        lambda f: change_weights(f, lambda w: w.pop("enhancement.slots")),
        "enhancement.slots",
    ),
    "an unknown tensor": (
        lambda f: change_weights(f, lambda w: w.update(extra=torch.ones(1))),
        "extra",
    ),
    "another shape": (
        lambda f: change_weights(f, lambda w: w.update({"decoder.heads": torch.ones(8, 16, 5)})),
        "decoder.heads",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_refused_in_one_line(folder, damage):
    inflict, message = DAMAGE[damage]
    inflict(folder)
    with pytest.raises(CheckpointError, match=message) as error:
        load_checkpoint(folder)
    assert "\n" not in str(error.value)
    assert str(folder) in str(error.value)


def test_a_failure_while_writing_keeps_the_old_checkpoint(tiny_model, folder, monkeypatch):
    def write_half(weights, path):
        Path(path).write_bytes(b"half")
        raise OSError("no space left on device")

    before = contents(folder)
    monkeypatch.setattr(checkpoint, "save_file", write_half)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(tiny_model, folder, step=8)
    assert contents(folder) == before


def test_a_new_checkpoint_replaces_the_old_one(tiny_model, folder):
    save_checkpoint(tiny_model, folder, step=8)
    assert read_config(folder)["notes"] == {"step": 8}
    assert sorted(contents(folder)) == [CONFIG, WEIGHTS]


@pytest.mark.parametrize("config", [*PRESETS.values(), ModelConfig(enhancement=False)])
def test_shapes_of_weights_are_known_without_the_model(config):
    with torch.device("meta"):
        expected = {k: tuple(w.shape) for k, w in Amadeus(config).state_dict().items()}
    assert weight_shapes(config) == expected
