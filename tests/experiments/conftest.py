import pytest

from amadeus.experiments.recipes import base_recipe
from amadeus.music.midi import read_midi
from amadeus.tokens import encode


@pytest.fixture(scope="package")
def shards(fixtures, tmp_path_factory, write_shards):
    """A corpus of the fixtures, each of them in both splits."""
    pieces = [
        {"tokens": encode(read_midi(path)), "id": f"{path.stem}-{split}", "split": split}
        for path in sorted(fixtures.glob("*.mid"))
        for split in ("train", "validation")
    ]
    return write_shards(tmp_path_factory.mktemp("corpus") / "shards", *pieces)


@pytest.fixture
def recipe(shards):
    """A few updates of a model of width 32."""
    sizes = {"width": 32, "layers": 1, "heads": 2, "kv_heads": 1, "decoder_width": 16}
    return base_recipe(shards, {"model": sizes}, quick=True)
