"""Values that must not change unless a change of the music is meant.

`pytest tests/golden --write-golden` writes them anew, into `golden.json`.
"""

import hashlib
import json
from pathlib import Path

import pytest

GOLDEN = Path(__file__).with_name("golden.json")


def pytest_addoption(parser):
    parser.addoption("--write-golden", action="store_true", help="write golden.json anew")


@pytest.fixture(scope="session")
def golden(request):
    """Compares a value with the one that golden.json has under a name."""
    values = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    write = request.config.getoption("--write-golden", default=False)

    def check(name, value, **tolerance):
        if write:
            values[name] = value
            text = json.dumps(dict(sorted(values.items())), indent=1)
            GOLDEN.write_text(text + "\n", encoding="utf-8")
        assert value == (pytest.approx(values[name], **tolerance) if tolerance else values[name])

    return check


@pytest.fixture(scope="session")
def digest():
    """The first 16 digits of the SHA-256 of some bytes."""
    return lambda data: hashlib.sha256(data).hexdigest()[:16]
