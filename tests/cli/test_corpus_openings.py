import json
import subprocess
import sys

import pytest

from amadeus.inference.typicality import LEVELS, Typicality


def test_openings_are_measured_and_written(amadeus, shards, tmp_path):
    outcome = amadeus("corpus", "openings", shards, "--bars", 1, "--output", "typicality.json")
    assert outcome.code == 0, outcome.err
    table = json.loads((tmp_path / "typicality.json").read_text("utf-8"))
    typicality = Typicality.from_dict(table)
    assert f"{typicality.pieces} openings of 1 bars" in outcome.out
    assert all(name in outcome.out for name in typicality.quantiles)
    assert {len(levels) for levels in typicality.quantiles.values()} == {LEVELS}
    assert sum(typicality.metres.values()) == pytest.approx(1)
    again = amadeus("corpus", "openings", shards, "--bars", 1, "--json")
    assert json.loads(again.out) == table


@pytest.mark.slow
def test_composed_openings_change_the_statistics(amadeus, shards):
    read = [
        json.loads(amadeus("corpus", "openings", shards, "--compose", pieces, "--json").out)
        for pieces in (0, 24)
    ]
    assert read[0]["quantiles"] == read[1]["quantiles"]
    assert read[0]["means"] != read[1]["means"]


def test_pieces_that_are_too_short_are_refused(amadeus, shards, tmp_path):
    outcome = amadeus("corpus", "openings", shards, "--bars", 9999, "--output", "typicality.json")
    assert outcome.code == 1
    assert "no training piece has 9999 bars; choose fewer" in outcome.err
    assert not (tmp_path / "typicality.json").exists()


def test_a_missing_folder_is_reported(shards):
    program = "from amadeus.cli.main import run; run()"
    command = ["corpus", "openings", shards, "--bars", "1", "--output", "nowhere/typicality.json"]
    outcome = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 1
    assert (
        outcome.stderr.strip()
        == "amadeus: error: nowhere/typicality.json: No such file or directory"
    )
