"""Whatever is wrong with the input: exit code 1, one line that names it, and nothing written."""

import json
import pickle
import shutil
import subprocess
import sys

import pytest
from safetensors.numpy import load_file, save_file


@pytest.fixture
def refuses(amadeus, tmp_path):
    """Checks that a command fails as it should; returns its message."""

    def check(*arguments):
        before = sorted(tmp_path.rglob("*"))
        outcome = amadeus(*arguments)
        assert outcome.code == 1
        assert outcome.out == ""
        assert outcome.err.startswith("amadeus: error: ")
        assert outcome.err.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
        return outcome.err

    return check


def header(tracks=1, division=96):
    return b"MThd" + (6).to_bytes(4, "big") + b"".join(
        value.to_bytes(2, "big") for value in (1, tracks, division)
    )  # fmt: skip


def track(events):
    events += b"\x00\xff\x2f\x00"
    return b"MTrk" + len(events).to_bytes(4, "big") + events


UNREADABLE = {
    "empty": b"",
    "text": b"la la la",
    "only a header": header(),
    "cut off": header() + track(b"\x00\x90\x3c\x40\x60\x80\x3c\x40" * 9)[:-20],
    "no notes": header() + track(b""),
    "no note-off": header() + track(b"\x00\x90\x3c\x40"),
    "huge ticks": header() + track(b"\xff\xff\xff\x7f\x90\x3c\x40\xff\xff\xff\x7f\x80\x3c\x00" * 9),
    "no ticks": header(division=0) + track(b"\x00\x90\x3c\x40\x60\x80\x3c\x40"),
    "broken MusicXML": b"<?xml version='1.0'?><score-partwise>",
    "empty ABC": b"X:1\nT:Nothing\nK:C\n",
    "a ZIP archive": b"PK\x03\x04" + bytes(100),
    "100 MB": b"MThd" + bytes(100 * 10**6),
}
NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x40"
ODD_BUT_READABLE = {
    "overlapping notes": b"\x00\x90\x3c\x40\x10\x90\x3c\x40\x60\x80\x3c\x40\x10\x80\x3c\x40",
    "tempo 0": b"\x00\xff\x51\x03\x00\x00\x00" + NOTE,
    "absurd tempo": b"\x00\xff\x51\x03\x00\x00\x01" + NOTE,
    "0/4": b"\x00\xff\x58\x04\x00\x02\x18\x08" + NOTE,
    "255/2^7": b"\x00\xff\x58\x04\xff\x07\x18\x08" + NOTE,
    "16 tracks on one channel": NOTE,
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("command", ["inspect", "render", "continue"])
def test_files_that_are_not_music(refuses, tmp_path, kind, command):
    path = tmp_path / "bad.mid"
    path.write_bytes(UNREADABLE[kind])
    options = {
        "inspect": (),
        "render": ("--audio", tmp_path / "a.wav", "--picture", tmp_path / "a.png"),
        "continue": ("--output", tmp_path / "out.mid"),
    }
    assert str(path) in refuses(command, path, *options[command])


@pytest.mark.parametrize("kind", ODD_BUT_READABLE)
def test_odd_files_are_read_all_the_same(amadeus, tmp_path, kind):
    tracks = 16 if kind.startswith("16") else 1
    path = tmp_path / "odd.mid"
    path.write_bytes(header(tracks) + track(ODD_BUT_READABLE[kind]) * tracks)
    result = json.loads(amadeus("inspect", path, "--json").out)
    assert len(result["tracks"]) == tracks
    assert result["notes"] >= 1
    assert result["seconds"] > 0


@pytest.mark.parametrize("command", ["inspect", "render", "continue"])
def test_missing_files_and_empty_folders(refuses, tmp_path, command):
    options = {"inspect": (), "render": ("--audio", "a.wav"), "continue": ("--output", "out.mid")}
    for path in (tmp_path / "none.mid", tmp_path):
        assert str(path) in refuses(command, path, *options[command])


def test_messages_stay_on_one_line_whatever_the_file_is_called(refuses, tmp_path):
    refuses("inspect", tmp_path / "two\nlines.mid")


@pytest.mark.parametrize(
    "output",
    ["file.txt/out.mid", "out.txt", f"{'x' * 300}.mid", "/proc/out.mid"],
)
def test_outputs_that_cannot_be_written_are_refused_before_composing(
    refuses, tmp_path, fixtures, monkeypatch, output
):
    monkeypatch.setattr("amadeus.inference.composer.load_model", pytest.fail)
    (tmp_path / "file.txt").touch()
    refuses("generate", "--output", output)
    refuses("generate", "--audio", output.replace(".mid", ".wav"))
    refuses("continue", fixtures / "funk_drums.mid", "--output", output)
    refuses("render", fixtures / "funk_drums.mid", "--picture", output.replace(".mid", ".png"))


@pytest.mark.parametrize(
    "setting",
    [
        *(("--steps", 9), ("--temperature", -1), ("--temperature", "nan"), ("--top-p", 0)),
        ("--min-p", 2),
        *(("--order", "backwards"), ("--seed", 2**64)),
    ],
)
def test_invalid_settings(refuses, checkpoint, setting):
    refuses("generate", "--model", checkpoint, *setting)


@pytest.mark.parametrize("option", [("--bars", 0), ("--count", 0), ("--seed", -1), ("--volume", 1)])
def test_wrong_usage_has_its_own_exit_code(amadeus, option):
    assert amadeus("generate", *option).code == 2


@pytest.fixture
def damaged(checkpoint, tmp_path):
    """A copy of the checkpoint, to be damaged."""
    shutil.copytree(checkpoint, tmp_path / "damaged")
    return tmp_path / "damaged"


def of_another_format(folder):
    (folder / "config.json").write_text('{"format": 99}', encoding="utf-8")


def without_a_tensor(folder):
    weights = load_file(folder / "model.safetensors")
    weights.pop(next(iter(weights)))
    save_file(weights, folder / "model.safetensors")


def pickled(folder):
    (folder / "model.safetensors").write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


def cut_off(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def without_weights(folder):
    (folder / "model.safetensors").unlink()


def not_json(folder):
    (folder / "config.json").write_bytes(b"\xff\xfe{")


@pytest.mark.parametrize(
    "damage", [of_another_format, without_a_tensor, pickled, cut_off, without_weights, not_json]
)
def test_damaged_checkpoints(refuses, damaged, damage):
    damage(damaged)
    assert str(damaged) in refuses("generate", "--model", damaged)
    assert str(damaged) in refuses("inspect", damaged)


def test_a_model_that_does_not_exist(refuses):
    assert "amadeus-giant" in refuses("generate", "--model", "amadeus-giant")


def test_a_corpus_without_music(refuses, tmp_path, fixtures):
    (tmp_path / "bad").mkdir()
    refuses("corpus", "build", tmp_path / "bad", "--out", "shards")
    refuses("corpus", "build", tmp_path / "none", "--out", "shards")
    (tmp_path / "bad" / "text.mid").write_text("la la la", encoding="utf-8")
    assert "not a MIDI file" in refuses("corpus", "build", tmp_path / "bad", "--out", "shards")
    refuses("corpus", "build", fixtures, "--out", tmp_path / "bad")
    refuses("corpus", "build", fixtures, "--out", "shards", "--manifest", tmp_path / "none.csv")


@pytest.mark.parametrize(
    "override",
    ["steps", "steps=[", "steps=many", "volume=11", "steps=0", "shards=nowhere", "preset=giant"],
)
def test_training_runs_that_cannot_start(refuses, training, override):
    refuses("train", training, "--set", override)


def test_training_configurations_that_cannot_be_read(refuses, tmp_path, training):
    refuses("train", tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- 1\n", encoding="utf-8")
    refuses("train", tmp_path / "list.yaml")
    (tmp_path / "broken.yaml").write_text("a: [\nb: {", encoding="utf-8")
    refuses("train", tmp_path / "broken.yaml")
    refuses("train", training, "--device", "abacus")


def test_nothing_to_resume(amadeus, training):
    outcome = amadeus("train", training, "--resume")
    assert outcome.code == 1
    assert "without --resume" in outcome.err


def test_nothing_to_validate_on(refuses, tmp_path, checkpoint):
    refuses("validate", "--shards", tmp_path, "--model", checkpoint)


def test_more_than_can_be_composed_is_refused_at_once(refuses, fixtures, monkeypatch):
    monkeypatch.setattr("amadeus.inference.composer.Composer.compose", pytest.fail)
    assert "ask for 10,000 at most" in refuses("generate", "--bars", 10**12)
    assert "ask for 10,000 at most" in refuses("generate", "--bars", 1, "--count", 10**9)
    assert "ask for 10,000 at most" in refuses(
        "generate", "--notes", 9, "--constraint", "tempo: 90 in bars 99999-"
    )


def test_a_server_without_a_folder_for_its_pieces(refuses, tmp_path, monkeypatch):
    monkeypatch.setattr("amadeus.inference.composer.load_model", pytest.fail)
    (tmp_path / "file").touch()
    assert "choose another folder with --data" in refuses("serve", "--data", tmp_path / "file")


def test_parts_of_no_corpus(refuses, tmp_path):
    (tmp_path / "part-0").mkdir()
    message = refuses("corpus", "unpack", tmp_path / "part-0", "--out", tmp_path / "shards")
    assert f"{tmp_path / 'part-0'}: corpus.json is in none of these parts" in message


def program(*arguments, **options):
    command = [sys.executable, "-c", "from amadeus.cli.main import run; run()", *arguments]
    return subprocess.run(command, capture_output=True, check=False, **options)


def test_file_names_that_are_not_text(tmp_path):
    done = program(b"inspect", b"\xff\xfe.mid", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == b"amadeus: error: \\udcff\\udcfe.mid: no such file; check the path\n"


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk(fixtures):
    with open("/dev/full", "w") as full:
        command = "from amadeus.cli.main import run; run()"
        done = subprocess.run(
            [sys.executable, "-c", command, "inspect", fixtures / "funk_drums.mid"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"amadeus: error: No space left on device\n"
