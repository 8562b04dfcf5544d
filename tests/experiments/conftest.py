"""Small corpora of real music, and a model that knows nothing."""

from dataclasses import replace

import pytest

from amadeus.experiments.recipes import base_recipe
from amadeus.model import PRESETS, Amadeus
from amadeus.music.midi import read_midi
from amadeus.text.facts import Facts
from amadeus.tokens import encode


@pytest.fixture(scope="package")
def ignorant(randomize):
    """A nano model of random, small weights."""
    model = randomize(Amadeus(replace(PRESETS["nano"], context=256)))
    for parameter in model.parameters():
        parameter.data *= 0.3
    return model


@pytest.fixture(scope="package")
def make_shards(tmp_path_factory, fixtures, write_shards):
    """Writes token shards: the fixtures, twice over, in two corpora, each piece in both splits."""
    pieces = [encode(read_midi(path))[:200] for path in sorted(fixtures.glob("*.mid"))]
    made = [
        {
            "tokens": tokens,
            "corpus": "waltzes" if number % 2 else "marches",
            "split": split,
            "facts": Facts(genres=("folk",)).to_dict(),
        }
        for split in ("validation", "train")
        for number, tokens in enumerate(2 * pieces)
    ]

    def make(count=None):
        return write_shards(tmp_path_factory.mktemp("shards"), *made[:count])

    return make


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
