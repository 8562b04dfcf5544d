"""The benchmark from the command line."""

import json
import platform
from statistics import median

import pytest
import torch

TINY = ("--rounds", 1, "--quick", "--preset", "nano", "--batch", "1,2", "--steps", "1,8",
        "--contexts", "16,32")  # fmt: skip


def test_it_names_the_machine_and_compares_within_the_run(amadeus, checkpoint, tmp_path):
    options = (*TINY, "--model", checkpoint, "--only", "batch,presets")
    outcome = amadeus("benchmark", *options, "--output", "speed", "--json")
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    computer = result["computer"]
    assert computer["cores"] >= computer["threads"] >= 1
    assert len(computer["load_average"]["before"]) == 3
    assert platform.python_version() in result["provenance"]["versions"]
    batch = result["tables"]["batch"]
    assert {row["batch"] for row in batch} == {1, 2}
    for row in batch:
        ours = next(o for o in batch if o["batch"] == row["batch"])
        pairs = zip(ours["notes_per_second"]["rounds"], row["notes_per_second"]["rounds"])  # noqa: B905
        assert row["ratio"]["median"] == pytest.approx(median(a / b for a, b in pairs))
    (nano,) = result["tables"]["presets"]
    assert nano["floor"]["ms"] > 0
    folder = tmp_path / "speed"
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["README.md", "numbers.json", "report.html", "speed.png"]
    assert json.loads((folder / "numbers.json").read_text(encoding="utf-8")) == result
    assert computer["processor"] in (folder / "README.md").read_text(encoding="utf-8")


def test_what_is_missing_is_one_line_and_the_rest_is_timed(amadeus, checkpoint, monkeypatch):
    monkeypatch.setattr("amadeus.benchmark.suite.EXTRA", ("no_such_package",))
    outcome = amadeus("benchmark", *TINY, "--model", checkpoint, "--only", "batch")
    assert outcome.code == 0, outcome.err
    (line,) = outcome.err.splitlines()
    assert "no_such_package is not installed; run: pip install 'amadeus-music[benchmark]'" in line
    assert "torch" in outcome.out
    assert "flat tokens" not in outcome.out


def test_without_a_gpu_only_the_cpu_is_timed(amadeus, checkpoint, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    outcome = amadeus("benchmark", *TINY, "--model", checkpoint, "--only", "steps", "--json")
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    assert result["computer"]["device"] is None
    assert not any("cuda" in row["system"] for row in result["tables"]["steps"])


@pytest.mark.slow
def test_starting_is_timed_in_a_process_of_its_own(amadeus, checkpoint):
    outcome = amadeus("benchmark", *TINY, "--model", checkpoint, "--only", "start", "--json")
    assert outcome.code == 0, outcome.err
    starts = json.loads(outcome.out)["start"]
    assert "generate --notes 1" in starts[0]["what"]
    for row in starts:
        assert row["seconds"]["median"] > 0
        is_command = row["what"].startswith("`amadeus")
        assert (row["peak_mib"] is not None) == is_command  # a process of its own has a peak


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--only", "fame"), "there is no table 'fame'"),
        (("--preset", "huge"), "there is no preset 'huge'"),
        (("--batch", "two"), "--batch takes whole numbers"),
        (("--batch", "0"), "at least 1"),
        (("--steps", "9"), "steps must be 1 to 8"),
        (("--only", ","), "contains no names"),
        (("--device", "abacus"), "cannot run on device 'abacus'"),
    ],
)
def test_invalid_settings_are_refused_before_the_work(amadeus, options, message):
    outcome = amadeus("benchmark", *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
