"""Prompts in, a table out."""

from __future__ import annotations

import json

import pytest

from amadeus.music.midi import read_midi


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.jsonl"
    lines = [
        {"prompt": "97 bpm, 2 bars, flute", "labels": {"tempo": 97, "instruments": ["flute"]}},
        {"prompt": "3/4, 2 bars", "labels": {"time_signature": "3/4"}},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_constraints_make_the_music_what_was_asked_for(amadeus, checkpoint, prompts, tmp_path):
    options = ("--model", checkpoint, "--seeds", 2, "--notes", 9, "--output", "report")
    outcome = amadeus("evaluate", prompts, *options, "--json")
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert (found["prompts"], found["pieces"]) == (2, 4)
    held = found["means"]["constraints on"]
    assert held["exact tempo"] == {"mean": 1.0, "pieces": 2}
    assert held["CTS"]["mean"] == held["TB"]["mean"] == held["CI recall"]["mean"] == 1.0
    assert found["means"]["off, shuffled prompts"]["CTS"]["pieces"] == 2
    report = tmp_path / "report"
    assert json.loads((report / "alignment.json").read_text()) == found
    assert "| exact tempo: " in (report / "alignment.md").read_text()
    assert len(list(report.glob("*.mid"))) == 8
    assert read_midi(report / "0-constraints-on.mid").tempos[0].bpm == 97.0


def test_a_label_that_cannot_be_read_is_named(amadeus, checkpoint, tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "x", "labels": {"instruments": ["kazoophone"]}}')
    outcome = amadeus("evaluate", path, "--model", checkpoint)
    assert outcome.code == 1
    assert "kazoophone" in outcome.err
