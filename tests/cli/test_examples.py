"""Every example in the README and in the help runs, in the order in which they stand."""

import glob
import json
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import mido
import pytest
import typer
from documented import ROOT, code, commands_in, examples
from typer.testing import CliRunner

from amadeus.cli.main import app
from amadeus.corpus import splits
from amadeus.corpus.shards import PACKAGED_VALIDATION
from amadeus.music.audio import soundfont_path

SMALLER = {
    "generate": "--bars 12 --count 1 --candidates 1 --seed 1",
    "continue": "--bars 2 --seed 1",
    "edit": "--candidates 1 --seed 1",
    "evaluate --prompts": "--seeds 1 --bars 1 --model runs/small",
    "train": "--minutes 0",
    "validate": "--pieces 2 --rows 32",
    "benchmark": "--rounds 1 --quick --only presets --preset nano --output report",
    "experiment control": "--seeds 1 --bars 2 --only tempo --model runs/small --output report",
    "experiment infill": "--pieces 2 --bars 1 --candidates 1 --model runs/small --output report",
    "experiment dependency": "--pieces 2 --rows 4 --notes 100 --model runs/small --output report",
    "experiment profile": "--pieces 2 --rows 4 --seeds 1 --levels 2 --bars 2 --model runs/small "
    "--output report",
    "experiment genre": "--pieces 2 --rows 4 --model runs/small --output report",
}
"""What is added to an example to make it quick; the last of several equal options counts."""

NOT_RUN = {
    r"serve\b": "a server, which runs until it is stopped",
    r"mcp\b": "a server, which runs until it is stopped",
    r"corpus critic\b": "more real pieces than there are here; see test_corpus_critic.py",
    r"generate .*--live virtual:": "needs a MIDI port",
    r"benchmark .*--device cuda": "needs a GPU",
    r"experiment steps\b": "composes for minutes; test_experiment_measuring.py runs it",
    r"experiment genre .*--leave-out": "trains on a corpus that is not here",
    r"experiment (ciem|mlsdes|sensitivity|scaling|decoders)\b": "trains for hours; "
    "test_experiment_training.py runs it",
}


def write_song(path):
    """Twelve bars for a piano, and a flute above it."""
    song = mido.MidiFile(ticks_per_beat=480)
    for channel, (program, lowest) in enumerate([(0, 48), (73, 72)]):
        track = song.add_track()
        track.append(mido.Message("program_change", channel=channel, program=program))
        for beat in range(48):
            pitch = lowest + (0, 4, 7, 5)[beat % 4]
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=80))
            track.append(mido.Message("note_off", channel=channel, note=pitch, time=480))
    song.save(path)


@pytest.fixture
def folder(tmp_path, fixtures, checkpoint, monkeypatch):
    """What the examples need: a home folder with music, lists, settings, a corpus and a model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(splits, "VALIDATION_SHARE", 0.5)  # there are only a few pieces
    for name in ("song.mid", "sonata.mid"):
        write_song(tmp_path / name)
    shutil.copy(soundfont_path(), tmp_path / "strings.sf2")
    for name in ("midi", "pieces"):
        shutil.copytree(fixtures, tmp_path / name)
    with tarfile.open("more.tar.xz", "w:xz") as archive:
        archive.add("song.mid")
    with zipfile.ZipFile("songs.zip", "w") as archive:
        archive.write("song.mid")
    names = sorted(path.name for path in fixtures.glob("*.mid"))
    rows = [f"{name},{'validation' if 'choir' in name else 'train'},open" for name in names]
    table = ["file,split,licence_class", "song.mid,train,nc", *rows]
    (tmp_path / "labels.csv").write_text("\n".join(table), encoding="utf-8")
    (tmp_path / "ideas.txt").write_text("a waltz\nslow film music\n", encoding="utf-8")
    prompts = [{"id": path, "prompt": "97 bpm, 2 bars"} for path in ("choir", "band")]
    (tmp_path / "prompts.jsonl").write_text("\n".join(map(json.dumps, prompts)), encoding="utf-8")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    nano = (ROOT / "configs" / "nano.yaml").read_text(encoding="utf-8")
    (tmp_path / "small.yaml").write_text(nano.replace("runs/nano", "runs/small"), encoding="utf-8")
    shutil.copytree(checkpoint, tmp_path / "runs" / "small")
    shutil.copytree(PACKAGED_VALIDATION, tmp_path / "held-out")
    shutil.copytree(ROOT / "docs" / "experiments", tmp_path / "docs" / "experiments")
    assert run(["corpus", "build", "~/midi", "more.tar.xz", "--out", "shards"]) is None
    return tmp_path


def reason_not_to_run(words):
    line = " ".join(words)
    return next((reason for lines, reason in NOT_RUN.items() if re.match(lines, line)), None)


def expanded(word):
    """The paths that a shell makes of a word."""
    word = word.replace("~", str(Path.home()))
    return sorted(glob.glob(word)) or [word]


def run(words):
    """The problem with a command, if it fails; it is made smaller first."""
    name = next(n for n in (" ".join(words[:2]), words[0], "") if n in SMALLER or not n)
    command = [path for word in words for path in expanded(word)] + SMALLER.get(name, "").split()
    result = CliRunner().invoke(app, command)
    if result.exit_code:
        return f"exit code {result.exit_code}: {result.stderr or result.exception!r}"
    return None


@pytest.mark.slow
def test_every_example_runs(folder):
    lines = [*commands_in("".join(code("sh"))), *examples(typer.main.get_command(app))]
    failures = {}
    for words in lines:
        if reason_not_to_run(words) is None and (problem := run(words)):
            failures[" ".join(words)] = problem
    assert failures == {}


def test_skipped_commands_are_examples():
    lines = [*commands_in("".join(code("sh"))), *examples(typer.main.get_command(app))]
    for pattern in NOT_RUN:
        assert any(re.match(pattern, " ".join(words)) for words in lines), pattern
