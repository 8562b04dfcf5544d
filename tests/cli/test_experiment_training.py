"""The experiments that train, at their smallest."""

import json
import re

import pytest

from amadeus.music.midi import read_midi
from amadeus.tokens import encode


@pytest.fixture
def corpus(fixtures, tmp_path, write_shards):
    """The fixtures, each of them in both splits."""
    pieces = [
        {"tokens": encode(read_midi(path)), "id": f"{path.stem}-{split}", "split": split}
        for path in sorted(fixtures.glob("*.mid"))
        for split in ("train", "validation")
    ]
    return write_shards(tmp_path / "corpus", *pieces)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ciem", ("--seeds", 2)),
        ("mlsdes", ("--seeds", 2)),
        ("sensitivity", ("--middle-seeds", 2)),
        ("scaling", ("--widths", "32,64,96", "--lengths", "0.5,1", "--seeds", 1)),
        ("decoders", ("--seeds", 1, "--pieces", 2, "--bars", 1)),
    ],
)
def test_an_experiment_writes_its_page_and_trains_nothing_twice(
    amadeus, corpus, tmp_path, name, options
):
    command = ("experiment", name, "--shards", corpus, "--quick", *options)
    outcome = amadeus(*command, "--output", "report")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "report"
    names = ["README.md", "report.html", "numbers.json", f"{name}.png"]
    assert sorted(p.name for p in folder.iterdir()) == sorted(names)
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert "{" not in page
    assert re.search(r"\bnan\b", page) is None
    again = amadeus(*command, "--json")
    written = json.loads((folder / "numbers.json").read_text("utf-8"))
    assert _still(json.loads(again.out)) == _still(written)


def _still(numbers):
    """Without the speed of composing, which is measured anew."""
    for decoder in numbers.get("decoders", {}).values():
        del decoder["rows per second"]
    return numbers


def test_a_list_of_something_else_is_refused(amadeus, corpus):
    outcome = amadeus("experiment", "scaling", "--shards", corpus, "--widths", "64,wide")
    assert outcome.code == 1
    assert "--widths '64,wide'" in outcome.err


def test_an_unknown_field_is_refused_before_the_work(amadeus, corpus):
    outcome = amadeus("experiment", "ciem", "--shards", corpus, "--set", "stepz=3")
    assert outcome.code == 1
    assert "unknown field 'stepz'" in outcome.err
