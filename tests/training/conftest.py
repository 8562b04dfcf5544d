import pytest

from amadeus.music.midi import read_midi
from amadeus.tokens import encode
from amadeus.training.config import TrainConfig


@pytest.fixture(scope="package")
def shards(fixtures, tmp_path_factory, write_shards):
    """A corpus of the fixtures, the string quartet held out."""
    pieces = [
        {
            "tokens": encode(read_midi(path)),
            "id": path.stem,
            "split": "validation" if path.stem == "string_quartet" else "train",
        }
        for path in sorted(fixtures.glob("*.mid"))
    ]
    return write_shards(tmp_path_factory.mktemp("shards"), *pieces)


@pytest.fixture
def config(shards, tmp_path):
    """Makes a run of a few small steps without text."""

    def make(**fields):
        small = {"preset": "nano", "text": False, "steps": 5, "batch_size": 4, "rows": 32}
        small |= {"decoder_share": 0.5, "warmup": 2, "validate_every": 1000}
        return TrainConfig(**{"shards": shards, "output": tmp_path / "run"} | small | fields)

    return make
