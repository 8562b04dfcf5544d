"""Experiments from the command line."""

import json


def test_control_writes_a_page_with_its_numbers(amadeus, checkpoint, tmp_path):
    options = ("--seeds", 2, "--bars", 2, "--only", "tempo,metre", "--model", checkpoint)
    outcome = amadeus("experiment", "control", *options, "--output", "report", "--json")
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    assert list(result["controls"]) == ["tempo", "metre"]
    assert result["controls"]["tempo"]["holds"]["mean"] == 1
    assert result["controls"]["tempo"]["heard"]["every tempo is this"]["with request"]["mean"] == 1
    assert len(result["provenance"]["weights"].split()[-1]) == 64
    folder = tmp_path / "report"
    assert json.loads((folder / "numbers.json").read_text(encoding="utf-8")) == result
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["README.md", "control.png", "numbers.json", "report.html"]


def test_control_prints_its_tables(amadeus, checkpoint):
    options = ("--seeds", 1, "--bars", 2, "--only", "velocity", "--model", checkpoint)
    outcome = amadeus("experiment", "control", *options)
    assert outcome.code == 0, outcome.err
    assert "notes in the range" in outcome.out
    assert "no constraint" in outcome.out


def test_a_control_that_does_not_exist_is_refused_with_the_closest(amadeus):
    outcome = amadeus("experiment", "control", "--only", "tempu")
    assert (outcome.code, outcome.out) == (1, "")
    assert "did you mean 'tempo'?" in outcome.err


def test_an_unusable_folder_is_refused_before_the_work(amadeus, checkpoint, tmp_path):
    (tmp_path / "file").write_text("here already")
    outcome = amadeus("experiment", "control", "--model", checkpoint, "--output", "file")
    assert outcome.code == 1
    assert "cannot write" in outcome.err
