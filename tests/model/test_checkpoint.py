import json
import os
import struct
from dataclasses import replace
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
from amadeus.model.checkpoint_files import START_AT_ZERO, read_config, weight_shapes


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


def change_size(folder, **fields):
    change_config(folder, model=read_config(folder)["model"] | fields)


def change_tensor(folder, name, change):
    change_weights(folder, lambda weights: change(weights[name]))


def declare(folder, **tensor):
    """Weights whose header says this of a tensor, whatever follows."""
    header = json.dumps({"decoder.heads": tensor}).encode()
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))


def declare_length(folder, length, file_bytes):
    with (folder / WEIGHTS).open("wb") as file:
        file.write(struct.pack("<Q", length))
        file.truncate(file_bytes)


def replace_by_pipe(path):
    path.unlink()
    os.mkfifo(path)


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_link(path, target):
    path.unlink()
    path.symlink_to(target)


def replace_by_sparse_file(path):
    with path.open("wb") as file:
        file.truncate(2**40)


SPECIAL = {
    "a pipe": (replace_by_pipe, "not a regular file"),
    "an endless device": (lambda p: replace_by_link(p, "/dev/zero"), "not a regular file"),
    "a folder": (replace_by_folder, "is a folder"),
    "a loop of links": (lambda p: replace_by_link(p, p.name), "symbolic links"),
    "a terabyte": (replace_by_sparse_file, "is larger than 1 MiB|safetensors"),
}

DAMAGE = {
    "no folder": (lambda f: (f / CONFIG).unlink(), "config.json is missing"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), "copy the whole folder"),
    "another format": (lambda f: change_config(f, format=99), "format"),
    "another vocabulary": (lambda f: change_config(f, vocabulary="0123"), "vocabulary '0123'"),
    "not JSON": (lambda f: halve(f / CONFIG), "cannot be read"),
    "not an object": (lambda f: (f / CONFIG).write_text("[]"), "not an Amadeus checkpoint"),
    "no sizes": (lambda f: change_config(f, model=None), "describes no model"),
    "impossible sizes": (lambda f: change_config(f, model={"width": 3}), "describes no model"),
    "other sizes": (lambda f: change_config(f, model={"width": 64}), "does not fit"),
    "truncated": (lambda f: halve(f / WEIGHTS), "not a safetensors file"),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), "not a safetensors file"),
    "a pickle": (lambda f: torch.save({"a": torch.ones(2)}, f / WEIGHTS), "not a safetensors"),
    "nested": (lambda f: (f / CONFIG).write_text("[" * 500_000), "cannot be read"),
    "notes without names": (lambda f: change_config(f, notes=[1]), "notes are not single values"),
    "nested notes": (lambda f: change_config(f, notes={"a": [1]}), "notes are not single values"),
    "not text": (lambda f: (f / CONFIG).write_bytes(b"\xff\xfe\0"), "cannot be read"),
    "a vocabulary of many lines": (
        lambda f: change_config(f, vocabulary="\n" * 1000),
        r"made with vocabulary '\\n",
    ),
    "a size of many lines": (lambda f: change_size(f, layers="\n" * 1000), r"layers must be"),
    "millions of layers": (lambda f: change_size(f, layers=5_000_000), "layers must be a whole"),
    "an endless context": (lambda f: change_size(f, context=2**40), "context must be a whole"),
    "half a layer": (lambda f: change_size(f, layers=2.5), "layers must be a whole number"),
    "true as a size": (lambda f: change_size(f, kv_heads=True), "kv_heads must be a whole"),
    "a number in words": (lambda f: change_size(f, width="32"), "width must be a whole number"),
    "no number": (lambda f: change_size(f, rope_theta=float("nan")), "rope_theta must be"),
    "a number as a switch": (lambda f: change_size(f, enhancement=1), "enhancement must be true"),
    "a number as an encoder": (lambda f: change_size(f, text_encoder=1), "text_encoder must be"),
    "not finite": (
        lambda f: change_tensor(f, "decoder.heads", lambda t: t[3, 2, 1:2].fill_(float("nan"))),
        "decoder.heads is not finite",
    ),
    "infinite": (
        lambda f: change_tensor(f, "decoder.heads", lambda t: t[7, 2, 1:2].fill_(-float("inf"))),
        "decoder.heads is not finite",
    ),
    "zero": (
        lambda f: change_tensor(f, "text_projection.weight", lambda t: t.zero_()),
        "text_projection.weight is zero throughout",
    ),
    "whole numbers": (
        lambda f: change_weights(
            f, lambda w: w.update({"decoder.heads": w["decoder.heads"].to(torch.int32)})
        ),
        "decoder.heads is of type I32",
    ),
    "tensors outside the file": (
        lambda f: declare(f, dtype="F32", shape=[2**40], data_offsets=[0, 2**42]),
        "not a safetensors file",
    ),
    "a shape that does not fit": (
        lambda f: declare(f, dtype="F32", shape=[2**62, 2**62], data_offsets=[0, 64]),
        "not a safetensors file",
    ),
    "a header without end": (
        lambda f: declare_length(f, 2**63, file_bytes=2**40),
        "not a safetensors file",
    ),
    "a large header": (
        lambda f: declare_length(f, 90_000_000, file_bytes=2**30),
        "not a safetensors file",
    ),
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
    **{
        f"{what} as {name}": (lambda f, n=name, r=replace: r(f / n), message)
        for name in (CONFIG, WEIGHTS)
        for what, (replace, message) in SPECIAL.items()
    },
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_refused_in_one_line(folder, damage):
    inflict, message = DAMAGE[damage]
    inflict(folder)
    with pytest.raises(CheckpointError, match=message) as error:
        load_checkpoint(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400
    assert str(folder) in str(error.value)


def test_an_untrained_checkpoint_loads(tiny_model, tmp_path):
    """Its output projections and heads are zero, and may be."""
    new = Amadeus(tiny_model.config)
    save_checkpoint(new, tmp_path / "new")
    loaded = load_checkpoint(tmp_path / "new").state_dict()
    zero = {name for name, weight in loaded.items() if not weight.any()}
    assert zero == {name for name in loaded if name.endswith(START_AT_ZERO)}


def test_weights_are_checked_before_the_model_is_made(folder, monkeypatch):
    monkeypatch.setattr(checkpoint, "Amadeus", None)
    change_size(folder, layers=200, width=8192)
    with pytest.raises(CheckpointError, match="does not fit"):
        load_checkpoint(folder)


def test_a_failure_while_writing_keeps_the_old_checkpoint(tiny_model, folder, monkeypatch):
    def write_half(weights, path):
        Path(path).write_bytes(b"half")
        raise OSError("no space left on device")

    before = contents(folder)
    monkeypatch.setattr(checkpoint, "save_file", write_half)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(tiny_model, folder, step=8)
    assert contents(folder) == before


@pytest.mark.skipif(os.name == "nt", reason="modes as on Unix")
def test_weights_may_be_read_by_those_who_may_read_the_sizes(folder):
    assert (folder / WEIGHTS).stat().st_mode == (folder / CONFIG).stat().st_mode


def test_a_new_checkpoint_replaces_the_old_one(tiny_model, folder):
    save_checkpoint(tiny_model, folder, step=8)
    assert read_config(folder)["notes"] == {"step": 8}
    assert sorted(contents(folder)) == [CONFIG, WEIGHTS]


@pytest.mark.parametrize("config", [*PRESETS.values(), ModelConfig(enhancement=False)])
def test_shapes_of_weights_are_known_without_the_model(config):
    with torch.device("meta"):
        expected = {k: tuple(w.shape) for k, w in Amadeus(config).state_dict().items()}
    assert weight_shapes(config) == expected


@pytest.mark.parametrize("profile", [True, False])
def test_weights_made_with_other_profile_values_are_refused_where_they_read_them(tmp_path, profile):
    save_checkpoint(Amadeus(replace(PRESETS["nano"], profile=profile)), tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    del config["profile_values"]  # as in checkpoints that were made before it was saved
    path.write_text(json.dumps(config))
    assert load_checkpoint(tmp_path).config.profile is profile
    path.write_text(json.dumps(config | {"profile_values": "0123"}))
    if profile:
        with pytest.raises(CheckpointError, match=r"profile values 0123.*train again"):
            load_checkpoint(tmp_path)
    else:
        assert load_checkpoint(tmp_path).profile_embedder is None


def test_a_checkpoint_that_does_not_mention_profiles_has_none(tmp_path):
    save_checkpoint(Amadeus(replace(PRESETS["nano"], profile=False)), tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    del config["model"]["profile"]
    path.write_text(json.dumps(config))
    assert load_checkpoint(tmp_path).config.profile is False
