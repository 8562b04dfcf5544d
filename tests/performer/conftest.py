from dataclasses import dataclass, replace

import pytest
import torch
from typer.testing import CliRunner

from amadeus.cli.main import app
from amadeus.model import PRESETS, Amadeus
from amadeus.model.checkpoint import save_checkpoint
from amadeus.music.score import Score, Tempo, Track, make_notes


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def amadeus(tmp_path, monkeypatch):
    """Runs a command in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Outcome:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def eighths():
    """Four bars of eighth notes on a piano, 480 ticks to the quarter."""
    rows = [(240 * i, 240, 60 + (0, 4, 7, 12)[i % 4], 80) for i in range(32)]
    return Score(480, (Track(0, make_notes(rows)),), (Tempo(0, 100.0),))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A checkpoint folder of a nano model with random weights."""
    model = Amadeus(replace(PRESETS["nano"], context=128)).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.05, generator=generator)
    folder = tmp_path_factory.mktemp("checkpoint") / "nano"
    save_checkpoint(model, folder, steps=0)
    return folder
