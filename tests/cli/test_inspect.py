import json

import pytest


def test_a_midi_file_is_described(amadeus, fixtures):
    result = json.loads(amadeus("inspect", fixtures / "string_quartet.mid", "--json").out)
    assert result["kind"] == "midi"
    assert result["notes"] == sum(track["notes"] for track in result["tracks"])
    assert result["chords"]
    text = amadeus("inspect", fixtures / "string_quartet.mid").out
    assert result["key"] in text
    assert all(track["instrument"] in text for track in result["tracks"])


def test_time_signature_changes_have_bar_numbers(amadeus, fixtures):
    result = json.loads(amadeus("inspect", fixtures / "choir_changing_metre.mid", "--json").out)
    assert [m["metre"] for m in result["time_signatures"]][:2] == ["3/2", "2/2"]
    assert result["time_signatures"][0]["bar"] == 1
    assert result["time_signatures"][1]["bar"] > 1


def test_shards_are_described(amadeus, shards):
    result = json.loads(amadeus("inspect", shards, "--json").out)
    assert result["kind"] == "shards"
    assert result["pieces"] == sum(result["sources"].values()) == sum(result["splits"].values())
    assert "validation 1" in amadeus("inspect", shards).out


def test_a_checkpoint_is_described(amadeus, checkpoint):
    result = json.loads(amadeus("inspect", checkpoint, "--json").out)
    assert result["kind"] == "checkpoint"
    assert result["model"]["width"] == 128
    assert result["notes"] == {"steps": 0}
    assert f"{result['parameters']:,}" in amadeus("inspect", checkpoint).out


def test_a_packaged_model_is_described_by_name(amadeus):
    outcome = amadeus("inspect", "amadeus-small", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["kind"] == "checkpoint"


@pytest.mark.parametrize("pieces", [1, 512])
def test_validation_adds_up(amadeus, checkpoint, shards, pieces):
    options = ("--model", checkpoint, "--shards", shards, "--pieces", pieces)
    result = json.loads(amadeus("validate", *options, "--json").out)
    assert result["nats_per_note"] == pytest.approx(sum(result["nats_per_attribute"].values()))
    assert result["pieces"] == 1
    assert f"{result['nats_per_note']:.4f}" in amadeus("validate", *options).out


def test_validation_by_corpus_and_with_shuffled_captions(amadeus, checkpoint, shards):
    options = ("--model", checkpoint, "--shards", shards, "--rows", 32, "--json")
    (only,) = json.loads(amadeus("validate", *options, "--by-corpus").out)
    whole = json.loads(amadeus("validate", *options).out)
    assert only.pop("corpus")
    assert only == whole
    pytest.importorskip("transformers")
    right = json.loads(amadeus("validate", *options, "--captions", "right").out)
    assert right["nats_per_note"] != whole["nats_per_note"]
