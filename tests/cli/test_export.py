"""An exported checkpoint is the checkpoint, in fewer bytes."""

from __future__ import annotations

import json


def test_the_copy_composes_and_is_smaller(amadeus, checkpoint, tmp_path):
    outcome = amadeus("export", checkpoint, "--out", "small", "--megabytes", 1)
    assert outcome.code == 0, outcome.err
    weights = list((tmp_path / "small").glob("model-*.safetensors"))
    assert all(path.stat().st_size < 1.1e6 for path in weights)
    original = (checkpoint / "model.safetensors").stat().st_size
    assert sum(path.stat().st_size for path in weights) < 0.6 * original
    options = ("--bars", 1, "--notes", 3, "--seed", 1, "--json")
    piece = amadeus("generate", "--model", "small", *options)
    assert json.loads(piece.out)["pieces"][0]["bars"] == 1
    assert json.loads(amadeus("inspect", "small", "--json").out)["notes"] == {"steps": 0}


def test_a_folder_with_files_is_refused(amadeus, checkpoint, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    outcome = amadeus("export", checkpoint, "--out", "taken")
    assert outcome.code == 1
    assert "not empty" in outcome.err
