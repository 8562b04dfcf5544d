"""Experiments on what a model knows, from the command line."""

import json

import pytest

from amadeus.experiments import steps


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
    ],
)
def test_each_writes_a_page_with_its_numbers(
    amadeus, checkpoint, tmp_path, monkeypatch, name, options, key
):
    monkeypatch.setattr(steps, "NOTES", 2)
    monkeypatch.setattr(steps, "RESAMPLES", 20)
    found = json.loads(run(amadeus, name, checkpoint, *options, "--json"))
    assert found[key]
    assert len(found["provenance"]["weights"].split()[-1]) == 64
    folder = tmp_path / "report"
    assert json.loads((folder / "numbers.json").read_text(encoding="utf-8")) == found
    assert {p.name for p in folder.iterdir()} == {"README.md", f"{name}.png", "numbers.json"}


def test_where_shards_lie_is_nobodys_business(amadeus, checkpoint, shards, tmp_path):
    options = ("--shards", shards, "--train", shards, "--pieces", 2, "--rows", 4)
    printed = run(amadeus, "genre", checkpoint, *options)
    assert "bigram" in printed
    page = (tmp_path / "report" / "README.md").read_text(encoding="utf-8")
    assert "--shards SHARDS --train TRAIN" in page
    assert str(shards) not in page


def test_corpora_are_left_out_of_training_shards_only(amadeus, checkpoint):
    outcome = amadeus("experiment", "genre", "--model", checkpoint, "--leave-out", "nottingham")
    assert (outcome.code, outcome.out) == (1, "")
    assert "--train DIR" in outcome.err


def test_more_steps_than_attributes_are_refused_where_pieces_are_composed(amadeus, checkpoint):
    outcome = amadeus("generate", "--model", checkpoint, "--steps", 16)
    assert outcome.code == 1
    assert "num_steps must be 1 to 8" in outcome.err
