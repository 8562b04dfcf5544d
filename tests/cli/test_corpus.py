"""Thousands of files through the command, as it is used."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from amadeus.corpus.shards import Shards
from inventions import break_files, contents, write_music

AMADEUS = "from amadeus.cli.main import run; run()"


def start(*arguments):
    command = [sys.executable, "-c", AMADEUS, "corpus", "build", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return out


def kill_when_begun(process, folder, chunks):
    """SIGKILL, as soon as so many chunks are there."""
    while len(list(folder.glob("chunk-*.arrow"))) < chunks:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
def test_broken_files_workers_and_kills_change_nothing(tmp_path):
    paths = write_music(tmp_path / "music", 2000)
    expected = break_files(paths[::10])
    outs = [tmp_path / name for name in ("one", "two", "killed")]
    report = json.loads(finish(start(tmp_path / "music", "--out", outs[0], "--json")))
    assert report["pieces"] == len(Shards(outs[0])) == 1800
    assert report["skipped"] == expected
    finish(start(tmp_path / "music", "--out", outs[1], "--workers", 1))
    partial = outs[2].with_name("killed.partial")
    for chunks in (2, 7):
        kill_when_begun(start(tmp_path / "music", "--out", outs[2]), partial, chunks)
        assert not outs[2].exists()
    finish(start(tmp_path / "music", "--out", outs[2]))
    assert not partial.exists()
    one, two, killed = map(contents, outs)
    assert one == two == killed


def test_a_build_counts_bad_files_by_reason(amadeus, fixtures, tmp_path):
    folder = tmp_path / "midi"
    shutil.copytree(fixtures, folder)
    (folder / "empty.mid").write_bytes(b"")
    (folder / "text.mid").write_text("la la la", encoding="utf-8")
    shutil.copy(fixtures / "game_band.mid", folder / "twin.mid")
    outcome = amadeus("corpus", "build", folder, "--out", "shards", "--workers", 2, "--json")
    assert outcome.code == 0
    report = json.loads(outcome.out)
    assert report["pieces"] == 5
    assert report["skipped"] == {"is empty": 1, "is not a MIDI file": 1, "duplicate": 1}
    assert amadeus("inspect", "shards").code == 0


def test_a_build_prints_its_report(amadeus, fixtures, tmp_path):
    (tmp_path / "empty.mid").write_bytes(b"")
    outcome = amadeus("corpus", "build", fixtures, "empty.mid", "--out", "new/shards")
    assert "new/shards: 5 pieces" in outcome.out.replace(os.sep, "/")
    assert outcome.out.splitlines()[-1].split() == ["1", "is", "empty"]
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"shards"}
    assert (tmp_path / "new" / "shards" / "README.md").exists()


def test_licence_classes_are_chosen(amadeus, fixtures, tmp_path):
    manifest = tmp_path / "m.csv"
    manifest.write_text("file,licence_class\ngame_band.mid,open\nfunk_drums.mid,nc\n")
    options = ("--manifest", manifest, "--json", "--licence")
    report = amadeus("corpus", "build", fixtures, "--out", "a", *options, "open")
    assert json.loads(report.out)["pieces"] == 1
    report = amadeus("corpus", "build", fixtures, "--out", "b", *options, "open", "--licence", "nc")
    assert json.loads(report.out)["pieces"] == 2
    refused = amadeus("corpus", "build", fixtures, "--out", "c", *options, "free")
    assert refused.code == 1
    assert "no licence class 'free'; choose from open, nc, stated, unclear" in refused.err
