import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from amadeus.inference.composer import Composer
from amadeus.inference.session import Session
from amadeus.model import PRESETS, Amadeus

pytest.importorskip("fastapi")

from amadeus.client import Client
from amadeus.model.checkpoint import save_checkpoint
from amadeus.server.app import create_app
from amadeus.server.limits import Limits
from serving import running


@pytest.fixture(scope="session")
def composer():
    """A nano model with random weights."""
    model = Amadeus(replace(PRESETS["nano"], context=128)).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.05, generator=generator)
    return Composer(model)


@pytest.fixture
def limits():
    """Small limits, which tests can reach."""
    return Limits(bars=16, notes=400, running=2, waiting=6, waiting_each=3, replayed=2)


@pytest.fixture
def serve(composer, limits, tmp_path):
    """Starts a server with other limits or access; yields a client with the token."""

    @contextmanager
    def serve(access=None, **other):
        held = replace(limits, **other)
        app = create_app(composer, data=tmp_path / "data", limits=held, access=access)
        token = None if access is None else access.token
        with (
            running(app, held) as (address, _),
            Client(address, patience=0, token=token) as client,
        ):
            yield client

    return serve


@pytest.fixture
def client(serve):
    with serve() as client:
        yield client


@pytest.fixture
def paused(monkeypatch):
    """An event that pauses composing while it is set; everything else continues."""
    paused, step = threading.Event(), Session.step

    def wait_or_step(session):
        if not paused.is_set():
            return step(session)
        time.sleep(0.005)
        return []

    monkeypatch.setattr(Session, "step", wait_or_step)
    return paused


@pytest.fixture
def command(composer, tmp_path):
    """Starts `amadeus serve` in a separate process, with its stderr in the file `stderr`.

    before: Python statements to run first. environment: extra environment variables.
    """
    model = tmp_path / "model"
    save_checkpoint(composer.model, model, steps=0)
    processes = []

    def start(*more, before="", environment=None):
        arguments = ["--port", 0, "--json", "--model", model, "--data", tmp_path / "data", *more]
        code = f"{before}\nfrom amadeus.cli.main import run; run()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=stderr, text=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        processes.append(process)
        output = ""
        while not output.endswith("}\n"):
            line = process.stdout.readline()
            assert line, "the server exited before it was ready"
            output += line
        return process, json.loads(output)

    with open(tmp_path / "stderr", "w") as stderr:
        yield start
        for process in processes:
            process.kill()
            process.wait()
            process.stdout.close()
