from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of real MIDI files; its README names the pieces."""
    return Path(__file__).parent / "fixtures"
