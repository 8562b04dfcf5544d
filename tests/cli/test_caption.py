import json
import shutil

import pytest


def test_a_piece_is_put_into_words_by_the_seed(amadeus, fixtures):
    quartet = fixtures / "string_quartet.mid"
    outcome = amadeus("caption", quartet, "--count", 5)
    assert (outcome.code, outcome.err) == (0, "")
    assert len(outcome.out.splitlines()) == 5
    assert amadeus("caption", quartet, "--count", 5).out == outcome.out
    assert amadeus("caption", quartet, "--count", 5, "--seed", 1).out != outcome.out


def test_json_tells_every_fact(amadeus, fixtures):
    result = json.loads(amadeus("caption", fixtures, "--json", "--count", 2).out)
    assert [piece["path"] for piece in result] == sorted(str(p) for p in fixtures.glob("*.mid"))
    assert all(len(piece["captions"]) == 2 for piece in result)
    by_name = {piece["path"].rsplit("/", 1)[-1]: piece["facts"] for piece in result}
    assert by_name["string_quartet.mid"]["forms"] == ["string quartet"]
    assert by_name["funk_drums.mid"]["instruments"] == ["drums"]
    assert by_name["funk_drums.mid"]["key"] is None
    for facts in by_name.values():
        assert {"bpm", "tempo_word", "tempo_marking", "time_signature", "chords", "density_word",
                "register", "texture", "num_bars", "seconds", "form"} <= set(facts)  # fmt: skip


def test_labels_and_composer_are_what_a_corpus_would_say(amadeus, fixtures):
    quartet = fixtures / "string_quartet.mid"
    outcome = amadeus(
        "caption", quartet, "--labels", "classical;sad;nonsense", "--composer", "Haydn, Joseph",
        "--json",
    )  # fmt: skip
    (piece,) = json.loads(outcome.out)
    assert piece["facts"]["genres"] == ["classical"]
    assert piece["facts"]["moods"] == ["sad"]
    assert piece["facts"]["composer"] == "Haydn"


def test_bad_files_are_named_and_the_others_captioned(amadeus, fixtures, tmp_path):
    folder = tmp_path / "pieces"
    (folder / "deeper").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    (folder / "bad.MID").write_bytes(b"no MIDI")
    (folder / "notes.txt").write_text("not looked at", encoding="utf-8")
    shutil.copy(fixtures / "game_band.mid", folder / "deeper" / "good.midi")
    outcome = amadeus("caption", folder, "gone.mid", "empty")
    assert outcome.code == 1
    assert len(outcome.out.splitlines()) == 1
    *errors, total = outcome.err.splitlines()
    assert [name in error for name, error in zip(("empty", "bad.MID", "gone.mid"), errors,
            strict=True)] == [True] * 3  # fmt: skip
    assert all(error.startswith("amadeus: error: ") for error in errors)
    assert total == "1 files captioned, 3 failed"


@pytest.mark.parametrize("option", [("--count", 0), ("--seed", -1)])
def test_what_cannot_be_asked_for_is_refused(amadeus, fixtures, option):
    assert amadeus("caption", fixtures / "game_band.mid", *option).code == 2


TRACK = bytes.fromhex("00903c40 00904040 60804000 00ff2f00")
HELD = (
    b"MThd" + bytes.fromhex("00000006 0000 0001 0060") + b"MTrk\0\0\0" + bytes([len(TRACK)]) + TRACK
)
"""A file with a note that never ends."""


def test_folders_may_hold_notation_and_repairs_are_warned_of(amadeus, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    (folder / "tune.abc").write_text("X:1\nT:A tune\nM:4/4\nL:1/4\nK:G\nGABc|d4|]\n")
    (folder / "held.mid").write_bytes(HELD)
    outcome = amadeus("caption", folder)
    assert outcome.code == 0
    assert "tune.abc" in outcome.out
    assert f"warning: {folder / 'held.mid'}: " in outcome.err
