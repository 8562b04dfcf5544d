"""The losses of the first updates, and what a small corpus is built to."""

import numpy as np
import pyarrow as pa
import pytest

from amadeus.corpus.build import build_corpus
from amadeus.corpus.shards import Shards
from amadeus.training.config import TrainConfig
from amadeus.training.trainer import Trainer


@pytest.fixture(scope="module")
def corpus(fixtures, tmp_path_factory):
    """A corpus of the fixtures, with a label each, the string quartet held out."""
    folder = tmp_path_factory.mktemp("golden")
    lines = ["file,split,labels"]
    for path in sorted(fixtures.glob("*.mid")):
        lines.append(f"{path.name},{'validation' if 'quartet' in path.stem else 'train'},rock")
    manifest = folder / "manifest.csv"
    manifest.write_text("\n".join(lines), encoding="utf-8")
    build_corpus([fixtures], folder / "shards", manifest=manifest)
    return folder / "shards"


def test_twenty_updates(corpus, golden, tmp_path):
    config = TrainConfig(
        shards=corpus, output=tmp_path, preset="nano", text=False, steps=20, batch_size=4, rows=64,
        decoder_share=0.5, warmup=5, dispersion=0.1, precision="float32", validate_every=20,
        samples=0,
    )  # fmt: skip
    losses = []
    Trainer(config, device="cpu").run(on_step=lambda progress: losses.append(progress.loss))
    assert len(losses) == 20
    golden("losses", losses, rel=1e-3)


def test_a_corpus(corpus, golden, digest):
    for split in ("train", "validation"):
        shards = Shards(corpus, split)
        pieces = {
            piece.source: [
                digest(np.asarray(shards.tokens(i)).astype("<u2").tobytes()),
                digest(repr(sorted(piece.facts.items())).encode()),
            ]
            for i, piece in enumerate(shards.pieces)
        }
        golden(f"corpus, {split}", pieces)
        with pa.memory_map(str(corpus / f"{split}-00000.arrow")) as file:
            captions = pa.ipc.open_file(file).read_all()["captions"].to_pylist()
        golden(f"captions, {split}", digest(repr(captions).encode()))
