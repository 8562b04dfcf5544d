import os
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
import torch

pytest.importorskip("mcp")

from amadeus.inference.composer import Composer
from amadeus.mcp.folder import MidiFolder
from amadeus.mcp.server import build_server
from amadeus.model import PRESETS, Amadeus
from amadeus.model.checkpoint import save_checkpoint
from mcp import Client, StdioServerParameters, stdio_client


@pytest.fixture(scope="package")
def tiny_model():
    """A nano model with random weights."""
    model = Amadeus(replace(PRESETS["nano"], context=128)).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.05, generator=generator)
    return model


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "music").mkdir()
    return tmp_path / "music"


@pytest.fixture
def session(tiny_model, folder):
    """Runs `call(client)` with an in-memory client: session(call)."""
    server = build_server(Composer(tiny_model), MidiFolder(folder))

    def run(call):
        async def connected():
            async with Client(server) as client:
                return await call(client)

        return anyio.run(connected)

    return run


@pytest.fixture
def use(session):
    """Calls a tool once: use("compose", bars=2). Returns its result."""
    return lambda tool, **arguments: session(lambda client: client.call_tool(tool, arguments))


@pytest.fixture
def over_stdio(tiny_model, folder, tmp_path):
    """Runs `call(client)` with a client of `amadeus mcp` in a separate process."""
    save_checkpoint(tiny_model, tmp_path / "nano", steps=0)
    start = "from amadeus.cli.main import run; run()"
    options = ["mcp", "--folder", str(folder), "--model", str(tmp_path / "nano")]
    command = StdioServerParameters(
        command=sys.executable, args=["-c", start, *options], env=dict(os.environ)
    )

    def run(call):
        async def connected():
            async with Client(stdio_client(command)) as client:
                return await call(client)

        return anyio.run(connected)

    return run
