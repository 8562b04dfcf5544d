"""Every YAML file in configs/ is a training run."""

from __future__ import annotations

from pathlib import Path

import pytest

from amadeus.errors import ConfigError
from amadeus.training.config import load_config

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_load(path):
    assert load_config(path).model_config().layers >= 1


@pytest.mark.parametrize("override", [{"warmup": "x"}, {"lr": "fast"}, {"text": 1}, {"steps": 2.5}])
def test_values_of_the_wrong_type_are_named(override):
    (name,) = override
    with pytest.raises(ConfigError, match=name):
        load_config(CONFIGS / "nano.yaml", override)
