import pytest

from amadeus.model import Amadeus, ModelConfig


@pytest.fixture(scope="package")
def tiny_model(randomize):
    config = ModelConfig(
        width=32, layers=3, heads=4, kv_heads=2, decoder_width=16, decoder_heads=2, text_width=12
    )
    return randomize(Amadeus(config))
