import csv
import lzma
import shutil
from dataclasses import replace

import numpy as np
import pytest

from amadeus.corpus.build import build_corpus
from amadeus.corpus.shards import Shards, read_summary
from amadeus.errors import CorpusError
from amadeus.music.midi import read_midi, write_midi
from amadeus.music.score import Score, Track, make_notes
from amadeus.tokens import encode

HEADER = b"MThd\0\0\0\6\0\1\0\1\1\xe0"
SILENT = HEADER + b"MTrk\0\0\0\4\0\xff\x2f\0"


@pytest.fixture
def music(fixtures, tmp_path):
    """Every fixture in a folder of its own."""
    folder = tmp_path / "music"
    for path in fixtures.glob("*.mid"):
        (folder / path.stem).mkdir(parents=True)
        shutil.copy(path, folder / path.stem)
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write_manifest(path, rows):
    names = ("file", "labels", "composer_or_artist", "performed", "split")
    with lzma.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(dict(zip(names, row, strict=True)) for row in rows)
    return path


def test_every_piece_is_encoded(music, tmp_path):
    report = build_corpus([music], tmp_path / "shards")
    shards = Shards(tmp_path / "shards")
    assert report.pieces == len(shards) == 5
    assert report.rows == sum(piece.rows for piece in shards.pieces)
    assert not report.skipped
    for i, piece in enumerate(shards.pieces):
        path = music.parent / piece.source
        assert np.array_equal(shards.tokens(i), encode(read_midi(path)))


def test_bad_files_are_counted_by_reason_and_never_stop_the_build(music, tmp_path):
    real = (music / "string_quartet" / "string_quartet.mid").read_bytes()
    (music / "empty.mid").write_bytes(b"")
    (music / "also_empty.midi").write_bytes(b"")
    (music / "cut.mid").write_bytes(real[:20])
    (music / "text.MID").write_text("a song")
    (music / "silent.mid").write_bytes(SILENT)
    (music / "folder.mid").mkdir()
    (music / "dangling.mid").symlink_to(music / "nowhere.mid")
    (music / "notes.txt").write_text("not music, and not named as such")
    short = Score(ticks_per_quarter=12, tracks=(Track(0, make_notes([(0, 12, 60, 80)])),))
    write_midi(short, music / "short.mid")
    report = build_corpus([music], tmp_path / "shards")
    assert report.pieces == 5
    assert dict(report.skipped) == {
        "is empty": 2,
        "is damaged or cut off": 1,
        "is not a MIDI file": 1,
        "has no notes": 1,
        "is a folder": 1,
        "no such file": 1,
        "fewer than 32 notes": 1,
    }
    assert read_summary(tmp_path / "shards")["skipped"] == dict(report.skipped)


def test_the_same_music_twice_is_a_duplicate(music, tmp_path):
    original = music / "game_band" / "game_band.mid"
    shutil.copy(original, music / "same_bytes.mid")
    write_midi(replace(read_midi(original), chords=()), music / "written_again.mid")
    report = build_corpus([music], tmp_path / "shards")
    assert report.pieces == 5
    assert report.skipped == {"duplicate": 2}


def test_one_worker_and_two_build_the_same_bytes(music, tmp_path):
    for workers in (1, 2):
        build_corpus([music], tmp_path / str(workers), workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_a_manifest_gives_splits_labels_and_composers(music, tmp_path):
    manifest = write_manifest(
        tmp_path / "manifest.csv.xz",
        [
            ("string_quartet/string_quartet.mid", "classical", "Mayer", "0", "validation"),
            ("music/funk_drums/funk_drums.mid", "funk", "", "0", "train"),
            ("game_band/game_band.mid", "", "", "1", "train"),
        ],
    )
    build_corpus([music], tmp_path / "shards", manifest=manifest)
    pieces = {piece.source: piece for piece in Shards(tmp_path / "shards").pieces}
    assert "game_band/game_band.mid" not in pieces  # played against no beat
    assert pieces["string_quartet/string_quartet.mid"].split == "validation"
    assert "funk" in pieces["music/funk_drums/funk_drums.mid"].facts["genres"]
    report = build_corpus([music], tmp_path / "all", manifest=manifest, keep_performed=True)
    assert report.pieces == 5


def test_a_piece_keeps_its_split_whatever_else_is_in_the_corpus(music, tmp_path):
    build_corpus([music], tmp_path / "all")
    splits = {piece.id: piece.split for piece in Shards(tmp_path / "all").pieces}
    shutil.rmtree(music / "funk_drums")
    build_corpus([music], tmp_path / "some")
    for piece in Shards(tmp_path / "some").pieces:
        assert piece.split == splits[piece.id]


def test_progress_is_told_file_by_file(music, tmp_path):
    told = []
    build_corpus([music], tmp_path / "shards", on_file=lambda *progress: told.append(progress))
    assert told == [(i, 5) for i in range(1, 6)]


def test_folders_without_music_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="no MIDI files"):
        build_corpus([tmp_path], tmp_path / "shards")
    with pytest.raises(CorpusError, match="is not a folder"):
        build_corpus([tmp_path / "nowhere"], tmp_path / "shards")


@pytest.mark.parametrize("data", [b"no lzma", lzma.compress(b"a,b\n1,2\n"), lzma.compress(b"\xff")])
def test_an_unreadable_manifest_is_named(music, tmp_path, data):
    path = tmp_path / "manifest.csv.xz"
    path.write_bytes(data)
    with pytest.raises(CorpusError, match=r"manifest .*manifest\.csv\.xz cannot be read"):
        build_corpus([music], tmp_path / "shards", manifest=path)
