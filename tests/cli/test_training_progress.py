"""What `amadeus train` prints while it runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from amadeus.cli import train
from amadeus.corpus.build import build_corpus
from amadeus.training.trainer import Progress
from amadeus.training.validation import Nats


@pytest.fixture
def clock(monkeypatch):
    """The time by the command's clock, as a list of one number of seconds."""
    now = [0.0]
    monkeypatch.setattr("amadeus.cli.train.monotonic", lambda: now[0])
    return now


def report(step, nats=None, utilization=0.456):
    speed = {"notes_per_second": 1234.0, "utilization": utilization}
    return Progress(step, 100, loss=2.5, gradient_norm=1.0, nats=nats, **speed)


def test_without_a_terminal_a_line_per_minute_is_printed(clock, capsys):
    lines = train.Lines(has_bar=False)
    for step, seconds in enumerate([0, 20, 59, 60, 61, 119, 120, 500], start=1):
        clock[0] = seconds
        lines.print(report(step))
    line = r"^step (\d+): loss 2.5000, 1,234 notes/s, 46% of the peak$"
    steps = re.findall(line, capsys.readouterr().out, re.M)
    assert steps == ["1", "4", "7", "8"]


def test_with_a_progress_bar_only_validations_are_printed(clock, capsys):
    lines = train.Lines(has_bar=True)
    for step in range(1, 5):
        clock[0] += 100
        lines.print(report(step, Nats(9.0, {}, 1) if step == 3 else None))
    output = capsys.readouterr().out
    assert output == (
        "step 3: loss 2.5000, validation 9.0000 nats per note, 1,234 notes/s, 46% of the peak\n"
    )


def test_an_unknown_share_of_the_peak_is_not_printed(clock, capsys):
    train.Lines(has_bar=False).print(report(1, utilization=None))
    assert capsys.readouterr().out == "step 1: loss 2.5000, 1,234 notes/s\n"


def test_the_first_update_is_printed(amadeus, training):
    assert amadeus("train", training).out.startswith("step 1: loss ")


def test_a_corpus_without_validation_pieces_is_reported_once(amadeus, training, fixtures, tmp_path):
    manifest = tmp_path / "manifest.csv"
    names = [path.name for path in fixtures.glob("*.mid")]
    manifest.write_text("\n".join(["file,split", *(f"{n},train" for n in names)]), encoding="utf-8")
    build_corpus([fixtures], tmp_path / "all", manifest=manifest)
    outcome = amadeus("train", training, "--set", f"shards={tmp_path / 'all'}")
    assert outcome.code == 0
    assert outcome.err == f"{tmp_path / 'all'} has no validation pieces, so nothing is validated\n"
    assert "validation" not in outcome.out


def test_the_torchrun_example_trains_in_two_processes(training, tmp_path):
    """The launcher of the help's last example, with two processes and this run's file."""
    (line,) = (example for example in train.EXAMPLES.splitlines() if example.startswith("torchrun"))
    launcher, *words = shlex.split(line.replace("4", "2").replace("small.yaml", str(training)))
    command = [str(Path(sys.executable).with_name(launcher)), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("step 4: loss") == 1  # by the first process alone
    assert done.stdout.endswith(f"{tmp_path / 'run'}: step 4 of 4\n")
    assert (tmp_path / "run" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("given", "used"), [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")]
)
def test_waiting_threads_sleep_by_default(given, used):
    """What the OpenMP runtime says of itself when torch loads it."""
    code = "import sys; from amadeus.cli.main import run; sys.argv[1:] = ['--version']\n"
    code += "try: run()\nexcept SystemExit: import torch"
    settings = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_WAIT", "GOMP_SPIN"))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True,
        env=settings | given | {"OMP_DISPLAY_ENV": "true"},
    )  # fmt: skip
    assert f"OMP_WAIT_POLICY = '{used.upper()}'" in done.stderr


def test_the_module_is_the_program():
    command = [sys.executable, "-m", "amadeus", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("amadeus ")
