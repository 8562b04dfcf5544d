from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def tiny_clap(tmp_path_factory) -> Path:
    """A folder as the hub has one of CLAP: tiny, with random weights, windows of two seconds."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("weights") / "clap"
    torch.manual_seed(0)
    audio = transformers.ClapAudioConfig(
        num_mel_bins=16, window_size=4, spec_size=64, patch_size=2, patch_stride=2,
        patch_embeds_hidden_size=16, hidden_size=32, projection_dim=16, depths=[2, 2],
        num_attention_heads=[2, 2], num_hidden_layers=2,
    )  # fmt: skip
    text = transformers.ClapTextConfig(
        vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=37, projection_dim=16, max_position_embeddings=512,
    )  # fmt: skip
    config = transformers.ClapConfig(
        text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=16
    )
    transformers.ClapModel(config).save_pretrained(folder)
    transformers.ClapFeatureExtractor(
        feature_size=16, max_length_s=2, truncation="rand_trunc"
    ).save_pretrained(folder)
    words = ["<s>", "<pad>", "</s>", "<unk>", "slow", "sad", "happy", "waltz", "This", "is"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=64
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_clamp(tmp_path_factory) -> Path:
    """A folder of the music half of a CLaMP of width 64, with random weights."""
    transformers = pytest.importorskip("transformers")
    from safetensors.torch import save_file
    from torch import nn

    folder = tmp_path_factory.mktemp("weights") / "clamp"
    folder.mkdir()
    torch.manual_seed(0)
    bert = transformers.BertModel(
        transformers.BertConfig(
            vocab_size=1, hidden_size=64, num_hidden_layers=2, num_attention_heads=1,
            intermediate_size=256, max_position_embeddings=512,
        )
    )  # fmt: skip
    parts = {
        "music_model.patch_embedding": nn.Linear(64 * 128, 64),
        "music_model.base": bert,
        "music_proj": nn.Linear(64, 32),
        "text_proj": nn.Linear(8, 32),
    }
    weights = {f"{p}.{k}": w for p, m in parts.items() for k, w in m.state_dict().items()}
    save_file(weights, folder / "model.safetensors")
    return folder
