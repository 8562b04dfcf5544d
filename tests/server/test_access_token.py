"""The access token comes from a file or the environment, where other users cannot see it."""

import os
import subprocess
from pathlib import Path
from shutil import which

import pytest

from amadeus.client import Client
from amadeus.errors import ConfigError, ServerError
from amadeus.server.access_token import configured_token


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "token"
    path.write_text("a long secret\n")
    path.chmod(0o600)
    return path


def never(message):
    raise AssertionError(message)


def test_a_file_comes_before_the_environment(file):
    environment = {"AMADEUS_TOKEN": "another"}
    assert configured_token(None, file, never, environment) == "a long secret"
    assert configured_token(None, None, never, environment) == "another"
    assert configured_token(None, None, never, {"AMADEUS_TOKEN": ""}) is None
    assert configured_token(None, None, never, {}) is None


@pytest.mark.skipif(os.name == "nt", reason="files have no such modes there")
def test_a_visible_token_causes_a_warning(file):
    warnings = []
    file.chmod(0o640)
    assert configured_token(None, file, warnings.append, {}) == "a long secret"
    assert configured_token("seen", None, warnings.append, {}) == "seen"
    assert f"run: chmod 600 {file}" in warnings[0]
    assert "use --token-file or AMADEUS_TOKEN" in warnings[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be printable ASCII"),
        (b"\n\n", "must be printable ASCII"),
        (b"two\nlines", "must be printable ASCII"),
        ("ü".encode(), "must be printable ASCII"),
        (b"x" * 2000, "is too long"),
        (None, "cannot read"),
    ],
)
def test_an_invalid_token_is_refused(file, content, message):
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        configured_token(None, file, never, {})


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device")
def test_an_endless_file_is_refused():
    with pytest.raises(ConfigError, match="is too long"):
        configured_token(None, Path("/dev/zero"), never, {})


def test_token_and_token_file_exclude_each_other(file):
    with pytest.raises(ConfigError, match="leave out --token"):
        configured_token("seen", file, never, {})


@pytest.mark.skipif(which("ps") is None, reason="needs ps")
def test_a_token_file_keeps_the_token_out_of_the_process_list(command, file):
    process, ready = command("--token-file", file)
    assert ready["token"] == "a long secret"
    listed = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(process.pid)], capture_output=True, text=True
    )
    assert "serve" in listed.stdout
    assert "secret" not in listed.stdout
    with Client(ready["url"]) as client, pytest.raises(ServerError, match="access token"):
        client.info()
    with Client(ready["url"], token="a long secret") as client:
        assert client.info()["version"]
