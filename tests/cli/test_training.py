"""From MIDI files to a checkpoint that composes, through the commands alone."""

import json
import shutil

from safetensors.numpy import load_file


def test_corpus_build_counts_bad_files_by_reason(amadeus, fixtures, tmp_path):
    folder = tmp_path / "midi"
    shutil.copytree(fixtures, folder)
    (folder / "empty.mid").write_bytes(b"")
    (folder / "text.mid").write_text("la la la", encoding="utf-8")
    whole = (fixtures / "game_band.mid").read_bytes()
    (folder / "cut_off.mid").write_bytes(whole[: len(whole) // 2])
    shutil.copy(fixtures / "game_band.mid", folder / "twin.mid")
    outcome = amadeus("corpus", "build", folder, "--out", "shards", "--workers", 2, "--json")
    assert outcome.code == 0
    report = json.loads(outcome.out)
    assert report["pieces"] == 5
    assert sorted(report["skipped"].values()) == [1, 1, 1, 1]
    assert report["skipped"]["duplicate"] == 1
    assert amadeus("inspect", "shards").code == 0


def test_corpus_build_prints_its_report(amadeus, fixtures, tmp_path):
    assert "5 pieces" in amadeus("corpus", "build", fixtures, "--out", "new/shards").out
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"shards"}


def test_a_trained_model_composes(amadeus, training, tmp_path):
    outcome = amadeus("train", training)
    assert outcome.code == 0
    assert "step 4: loss" in outcome.out
    assert "nats per note" in outcome.out
    assert len(list((tmp_path / "run" / "samples").glob("*.mid"))) == 2
    made = amadeus("generate", "--model", "run", "--notes", 3, "--output", "a.mid")
    assert made.code == 0
    assert amadeus("inspect", "run").code == 0


def test_a_run_is_resumed_and_never_overwritten(amadeus, training, tmp_path):
    assert amadeus("train", training, "--set", f"output={tmp_path / 'whole'}").code == 0
    # A run of no minutes stops, and saves, after its first step.
    assert amadeus("train", training, "--minutes", 0).out.endswith("step 1 of 4\n")
    again = amadeus("train", training)
    assert again.code == 1
    assert "--resume" in again.err
    assert amadeus("train", training, "--resume").code == 0
    resumed, expected = (load_file(tmp_path / d / "model.safetensors") for d in ("run", "whole"))
    assert all((resumed[name] == expected[name]).all() for name in expected)
