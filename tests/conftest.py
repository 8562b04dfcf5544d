import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The models of the tests are too small to share out: on a busy machine, threads that wait for each
# other make them ten times slower. Set before torch is imported, and handed on to subprocesses.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long it takes to think of an example says how busy the machine is.
settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def pytest_configure(config):
    """With the newest releases (`make test LATEST=1`), only our own deprecations are errors."""
    if "AMADEUS_LATEST" in os.environ:
        for category in ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning"):
            config.addinivalue_line("filterwarnings", f"default::{category}")
            config.addinivalue_line("filterwarnings", f"error::{category}:amadeus")


@pytest.fixture(scope="session")
def randomize():
    """Gives a model weights of which none is zero, as output projections and heads are at first."""
    import torch

    def randomize(model):
        generator = torch.Generator().manual_seed(0)
        for parameter in model.parameters():
            scale = 1.0 if parameter.dim() == 1 else parameter.shape[-2] ** -0.5
            parameter.data.normal_(0, scale, generator=generator)
        return model.eval()

    return randomize


@pytest.fixture(scope="session")
def write_shards():
    """Writes a shard folder of pieces; of each its tokens are given, and whatever matters."""
    from amadeus.corpus.drafts import table_of
    from amadeus.corpus.schema import SCHEMA
    from amadeus.corpus.shards import ROWS_PER_SHARD, ShardWriter
    from amadeus.text.facts import Facts

    def write(folder, *pieces, rows_per_shard=ROWS_PER_SHARD, **closing):
        writer = ShardWriter(folder, rows_per_shard)
        for number, piece in enumerate(pieces):
            row = {
                "id": f"{number:012d}",
                "source": f"music/{number}.mid",
                "corpus": "music",
                "split": "train",
                "work": f"{number:012d}",
                "licence": "",
                "licence_class": "unclear",
                "title": "",
                "composer": "",
                "rows": len(piece["tokens"]),
                "notes": len(piece["tokens"]),
                "seconds": 0.0,
                "facts": Facts().to_dict(),
                "labels": [],
                "captions": [],
            }
            writer.write(table_of([row | piece], SCHEMA))
        writer.close(**closing)
        return folder

    return write


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of real MIDI files; its README names the pieces."""
    return Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory) -> Path:
    """A folder as flan-t5-base has one: a T5 of width 16 with random weights, and its tokenizer."""
    transformers = pytest.importorskip("transformers")
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("text") / "t5"
    torch.manual_seed(0)
    sizes = transformers.T5Config(
        vocab_size=8, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu",
    )  # fmt: skip
    transformers.T5ForConditionalGeneration(sizes).save_pretrained(folder)
    words = ["<pad>", "</s>", "<unk>", "slow", "piano", "waltz"]
    vocabulary = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
