from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from amadeus.cli.main import app
from amadeus.corpus.build import build_corpus
from amadeus.model import PRESETS, Amadeus
from amadeus.model.checkpoint import save_checkpoint


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


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """A checkpoint folder of a nano model with random weights."""
    model = Amadeus(replace(PRESETS["nano"], context=128)).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.05, generator=generator)
    folder = tmp_path_factory.mktemp("checkpoint") / "nano"
    save_checkpoint(model, folder, steps=0)
    return folder


@pytest.fixture(scope="session")
def unprofiled(tmp_path_factory) -> Path:
    """A checkpoint folder of a model that was trained without profiles."""
    folder = tmp_path_factory.mktemp("unprofiled") / "old"
    save_checkpoint(Amadeus(replace(PRESETS["nano"], profile=False)), folder, steps=0)
    return folder


@pytest.fixture(scope="session")
def shards(tmp_path_factory, fixtures) -> Path:
    """Token shards of the fixtures; the choir is for validation."""
    folder = tmp_path_factory.mktemp("corpus")
    names = sorted(path.name for path in fixtures.glob("*.mid"))
    manifest = folder / "manifest.csv"
    rows = [f"{name},{'validation' if 'choir' in name else 'train'}" for name in names]
    manifest.write_text("\n".join(["file,split", *rows]), encoding="utf-8")
    build_corpus([fixtures], folder / "shards", manifest=manifest)
    return folder / "shards"


@pytest.fixture
def training(tmp_path, shards, monkeypatch) -> Path:
    """The YAML file of a run of four steps."""
    monkeypatch.setattr("amadeus.cli.train.SAMPLE_NOTES", 8)
    path = tmp_path / "nano.yaml"
    path.write_text(
        f"shards: {shards}\noutput: {tmp_path / 'run'}\npreset: nano\ntext: false\nsteps: 4\n"
        "batch_size: 2\nrows: 64\nwarmup: 1\nvalidate_every: 2\nvalidation_pieces: 1\n"
        "model: {width: 32, layers: 1, heads: 2, decoder_width: 32}\n",
        encoding="utf-8",
    )
    return path
