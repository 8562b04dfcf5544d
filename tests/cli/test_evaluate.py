"""Prompts or files in, a report out."""

from __future__ import annotations

import json
import shutil

import pytest

from amadeus.music.midi import read_midi


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.jsonl"
    lines = [
        {
            "id": "flute",
            "prompt": "97 bpm, 2 bars, flute",
            "labels": {"tempo": 97, "instruments": ["flute"]},
        },
        {"prompt": "3/4, 2 bars", "labels": {"time_signature": "3/4"}},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


@pytest.fixture
def pieces(tmp_path, fixtures):
    """A folder of three pieces, one of which is cut off."""
    folder = tmp_path / "pieces"
    folder.mkdir()
    shutil.copy(fixtures / "string_quartet.mid", folder / "quartet.mid")
    shutil.copy(fixtures / "game_band.mid", folder / "2-1.mid")
    (folder / "flute-2.mid").write_bytes((fixtures / "game_band.mid").read_bytes()[:200])
    return folder


def test_constraints_enforce_the_prompt(amadeus, checkpoint, prompts, tmp_path):
    options = ("--model", checkpoint, "--seeds", 2, "--notes", 9, "--output", "report")
    outcome = amadeus("evaluate", "--prompts", prompts, *options, "--json")
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    held = result["alignment"]["constraints on"]
    assert held["exact tempo"] == {"mean": 1.0, "low": None, "high": None, "pieces": 2}
    assert held["CTS"]["mean"] == held["TB"]["mean"] == held["CI recall"]["mean"] == 1.0
    assert result["alignment"]["constraints off, shuffled"]["CTS"]["pieces"] == 2
    assert len(result["provenance"]["weights"].split()[-1]) == 64
    assert f"--model {checkpoint}" in result["provenance"]["command"]
    report = tmp_path / "report"
    assert json.loads((report / "numbers.json").read_text(encoding="utf-8")) == result
    assert "| exact tempo: " in (report / "README.md").read_text(encoding="utf-8")
    for way in ("on", "off"):
        names = sorted(path.name for path in (report / f"constraints-{way}").iterdir())
        assert names == ["2-1.mid", "2-2.mid", "flute-1.mid", "flute-2.mid"]
    assert read_midi(report / "constraints-on" / "flute-1.mid").tempos[0].bpm == 97.0

    # The files that it wrote are what it measured.
    again = amadeus("evaluate", report / "constraints-on", "--prompts", prompts, "--json")
    assert again.code == 0, again.err
    found_again = json.loads(again.out)
    assert found_again["alignment"]["constraints-on"] == held
    means = result["music"]["constraints on"]["means"]
    assert found_again["music"]["constraints-on"]["means"] == means


def test_files_are_evaluated_and_broken_ones_listed(amadeus, prompts, pieces, fixtures, tmp_path):
    options = ("--prompts", prompts, "--reference", fixtures, "--training", fixtures)
    outcome = amadeus("evaluate", "pieces", *options, "--opening", 4, "--output", "report")
    assert outcome.code == 3
    assert "flute-2.mid: is damaged" in outcome.err
    report = json.loads((tmp_path / "report" / "numbers.json").read_text(encoding="utf-8"))
    assert report["systems"]["pieces"] | {"problems": []} == {
        "pieces": 3, "broken": 1, "repaired": 0, "answering a prompt": 2,
        "prompts without a piece": 0, "under 4 bars": 0, "problems": [],
    }  # fmt: skip
    assert report["alignment"]["pieces"]["exact tempo"]["mean"] == 0
    assert report["music"]["real"]["pieces"] == 5
    assert report["memorisation"]["pieces"]["share"]["mean"] == 1
    for what in ("prompts", "files", "reference", "training"):
        assert len(report["provenance"][what].split()[-1]) == 64
    by_name = {piece["file"]: piece for piece in report["pieces"]}
    assert by_name["quartet.mid"]["metrics"]["instruments"] == 3  # two violins are one
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "<code>flute-2.mid</code>" in page
    assert page.count("data:image/png;base64,") == 3


def test_shards_and_their_source_files_give_the_same_results(amadeus, fixtures, shards, pieces):
    options = ("evaluate", "pieces", "--opening", 4, "--json", "--training")
    by_shards, by_files = (json.loads(amadeus(*options, s).out) for s in (shards, fixtures))
    assert by_shards["memorisation"] == by_files["memorisation"]
    assert by_shards["memorisation"]["pieces"]["longest"] > 16


def test_without_prompts_there_is_no_alignment(amadeus, pieces):
    result = json.loads(amadeus("evaluate", "pieces", "--json").out)
    assert "alignment" not in result
    assert result["music"]["pieces"]["means"]["note density"]["mean"] > 0


def test_an_invalid_label_is_reported(amadeus, checkpoint, tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "x", "labels": {"instruments": ["kazoophone"]}}')
    outcome = amadeus("evaluate", "--prompts", path, "--model", checkpoint)
    assert outcome.code == 1
    assert "prompt 1" in outcome.err
    assert "kazoophone" in outcome.err


def test_nothing_to_evaluate_is_an_error(amadeus, tmp_path):
    assert "--prompts" in amadeus("evaluate").err
    assert "prompts.jsonl is no folder" in amadeus("evaluate", "prompts.jsonl").err
    (tmp_path / "bad").mkdir()
    assert "no MIDI files" in amadeus("evaluate", "bad").err
    (tmp_path / "bad" / "x.mid").write_text("hello")
    outcome = amadeus("evaluate", "bad")
    assert outcome.code == 1
    assert "none of the 1 files" in outcome.err
    assert "x.mid, is not a MIDI file" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--guidance", 2), "--guidance only applies to composing"),
        (("--clap", "weights"), "add --prompts"),
        (("--frechet", "weights"), "add --reference"),
    ],
)
def test_options_without_effect_are_refused(amadeus, pieces, options, message):
    outcome = amadeus("evaluate", "pieces", *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err


def test_genres_are_heard_in_folders_named_after_them(amadeus, fixtures, tmp_path):
    for number in range(3):
        for genre, name in (("jazz", "game_band"), ("march", "song_with_pickup")):
            path = tmp_path / "pieces" / genre / f"{number}.mid"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(fixtures / f"{name}.mid", path)
    outcome = amadeus("evaluate", "pieces", "--genres", "--opening", 2, "--json")
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    jazz = result["genres"]["pieces"]["MSD"]["genres"]["jazz"]
    assert (jazz["pieces"], jazz["others"]) == (3, 3)
    assert jazz["AUC"]["mean"] in (0, 1), "all pieces of a kind are the same"
    assert len(result["provenance"]["genres"].split()[-1]) == 64
    assert result["provenance"]["command"].endswith("--genres --opening 2`")


def test_without_an_audible_genre_there_is_nothing_to_listen_for(amadeus, prompts, pieces):
    for given in (("pieces",), ("--prompts", prompts)):
        outcome = amadeus("evaluate", *given, "--genres")
        assert (outcome.code, outcome.out) == (1, "")
        assert "no prompt or subfolder names a genre that can be heard" in outcome.err
        assert "jazz" in outcome.err


def test_a_reference_that_is_too_short_is_refused(amadeus, pieces, fixtures):
    outcome = amadeus("evaluate", "pieces", "--reference", fixtures, "--opening", 5000)
    assert outcome.code == 1
    assert "no two pieces have 5000 bars" in outcome.err
