"""Experiments on what a model knows, from the command line."""

import json

import pytest

from amadeus.experiments import steps

PROFILES = ("--seeds", 1, "--levels", 2, "--bars", 2)


def run(amadeus, name, checkpoint, *options):
    outcome = amadeus("experiment", name, "--model", checkpoint, *options, "--output", "report")
    assert outcome.code == 0, outcome.err
    return outcome.out


@pytest.mark.parametrize(
    ("name", "options", "key"),
    [
        ("steps", ("--pieces", 2, "--bars", 2, "--real", 6, "--rows", 4), "policies"),
        ("dependency", ("--pieces", 2, "--rows", 4, "--notes", 200), "orders"),
        ("genre", ("--pieces", 2, "--rows", 4), "corpora"),
        (
            "profile",
            ("--pieces", 3, "--rows", 6, "--seeds", 1, "--levels", 2, "--bars", 2),
            "heard",
        ),
    ],
)
def test_each_writes_a_page_with_its_numbers(
    amadeus, checkpoint, tmp_path, monkeypatch, name, options, key
):
    monkeypatch.setattr(steps, "NOTES", 2)
    result = json.loads(run(amadeus, name, checkpoint, *options, "--json"))
    assert result[key]
    assert len(result["provenance"]["weights"].split()[-1]) == 64
    folder = tmp_path / "report"
    assert json.loads((folder / "numbers.json").read_text(encoding="utf-8")) == result
    expected = {"README.md", "report.html", f"{name}.png", "numbers.json"}
    assert {path.name for path in folder.iterdir()} == expected


def test_reports_do_not_reveal_paths(amadeus, checkpoint, shards, tmp_path):
    options = ("--shards", shards, "--train", shards, "--pieces", 2, "--rows", 4)
    printed = run(amadeus, "genre", checkpoint, *options)
    assert "bigram" in printed
    page = (tmp_path / "report" / "README.md").read_text(encoding="utf-8")
    assert "--shards SHARDS" in page
    assert "--train TRAIN" in page
    assert str(shards) not in page


def test_corpora_are_left_out_of_training_shards_only(amadeus, checkpoint):
    outcome = amadeus("experiment", "genre", "--model", checkpoint, "--leave-out", "nottingham")
    assert (outcome.code, outcome.out) == (1, "")
    assert "--train DIR" in outcome.err


def test_more_steps_than_attributes_are_refused_where_pieces_are_composed(amadeus, checkpoint):
    outcome = amadeus("generate", "--model", checkpoint, "--steps", 16)
    assert outcome.code == 1
    assert "num_steps must be 1 to 8" in outcome.err


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("--only", "hear,listen"), "choose from hear, follow, like"),
        (("--rows", "64,many"), "whole numbers of at least 2"),
        (("--rows", "1"), "whole numbers of at least 2"),
    ],
)
def test_invalid_profile_experiments_are_refused(amadeus, checkpoint, options, remedy):
    outcome = amadeus("experiment", "profile", "--model", checkpoint, *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert remedy in outcome.err


def test_profile_experiments_refuse_a_model_without_profiles(amadeus, unprofiled):
    outcome = amadeus("experiment", "profile", "--model", unprofiled)
    assert (outcome.code, outcome.out) == (1, "")
    assert "trained without profiles" in outcome.err
