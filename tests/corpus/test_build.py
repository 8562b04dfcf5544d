import csv
import lzma
import shutil
import tarfile
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from amadeus.corpus import build
from amadeus.corpus.build import build_corpus, write_corpus
from amadeus.corpus.drafts import DRAFT_SCHEMA, draft, table_of
from amadeus.corpus.filters import Filters
from amadeus.corpus.manifest import Manifest
from amadeus.corpus.shards import Shards, read_shard, read_summary
from amadeus.corpus.sources import scan
from amadeus.errors import CorpusError
from amadeus.music.midi import read_midi, write_midi
from amadeus.text.facts import Facts
from amadeus.tokens import encode
from inventions import break_files, contents, invent, write_music


@pytest.fixture
def music(fixtures, tmp_path):
    """Every fixture in a folder of its own."""
    folder = tmp_path / "music"
    for path in fixtures.glob("*.mid"):
        (folder / path.stem).mkdir(parents=True)
        shutil.copy(path, folder / path.stem)
    return folder


COLUMNS = ("file", "labels", "composer_or_artist", "performed", "split", "licence_class")


def write_manifest(path, rows):
    with lzma.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(dict(zip(COLUMNS, row, strict=True)) for row in rows)
    return path


def rows_of(folder):
    """All columns of all pieces, by their source."""
    summary = read_summary(folder)
    batches = (batch for name in summary["shards"] for batch in read_shard(folder / name))
    return {row["source"]: row for batch in batches for row in batch.to_pylist()}


def skipped(folder):
    """The reason of each file that was left out."""
    with (folder / "skipped.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["reason"] for row in csv.DictReader(file)}


def test_every_piece_is_encoded(music, tmp_path):
    report = build_corpus([music], tmp_path / "shards")
    shards = Shards(tmp_path / "shards")
    assert report.pieces == len(shards) == 5
    assert report.rows == sum(piece.rows for piece in shards.pieces)
    assert not report.skipped
    for i, piece in enumerate(shards.pieces):
        path = music.parent / piece.source
        assert np.array_equal(shards.tokens(i), encode(read_midi(path)))
    assert {path.name for path in tmp_path.iterdir()} == {"music", "shards"}


def test_a_row_says_what_is_known_of_a_piece(music, tmp_path):
    build_corpus([music], tmp_path / "shards")
    row = rows_of(tmp_path / "shards")["music/string_quartet/string_quartet.mid"]
    assert row["corpus"] == "music"
    assert row["work"] == row["id"]
    assert row["licence_class"] == "unclear"
    assert row["rows"] == len(row["tokens"])
    assert row["notes"] == 1869
    assert row["seconds"] == pytest.approx(338.03, abs=0.01)
    assert Facts.from_dict(row["facts"]).instruments == ("violin", "viola", "cello")
    assert len(set(row["captions"])) > 1


def test_bad_files_are_counted_by_reason_and_never_stop_the_build(tmp_path):
    paths = write_music(tmp_path / "music", 14)
    expected = break_files(paths[:11])
    report = build_corpus([tmp_path / "music"], tmp_path / "shards")
    assert report.pieces == 3
    assert report.skipped == expected
    assert read_summary(tmp_path / "shards")["skipped"] == expected
    reasons = skipped(tmp_path / "shards")
    assert list(reasons) == [f"music/{path.name}" for path in paths[:11]]
    assert Counter(reasons.values()) == expected


def test_the_same_music_twice_is_left_out_with_its_original(music, tmp_path):
    original = music / "game_band" / "game_band.mid"
    score = replace(read_midi(original), chords=())
    lower = [replace(track, notes=track.notes.copy()) for track in score.tracks]
    for track in lower:
        track.notes["pitch"] -= 0 if track.is_drum else 2
    shutil.copy(original, music / "same_bytes.mid")
    write_midi(replace(score, tracks=tuple(lower)), music / "transposed.mid")
    report = build_corpus([music], tmp_path / "shards")
    assert report.pieces == 5
    assert set(report.skipped) <= {"duplicate", "duplicate in another key or tempo"}
    assert report.skipped.total() == 2
    kept = {piece.id for piece in Shards(tmp_path / "shards").pieces}
    for reason in skipped(tmp_path / "shards").values():
        assert reason.split(" of ")[1] in kept


def test_workers_archives_and_interruptions_change_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "CHUNK_SOURCES", 1)
    paths = write_music(tmp_path / "music", 10)
    break_files(paths[3:5])
    with tarfile.open(tmp_path / "more.tar.xz", "w:xz") as archive:
        for number in range(6):
            write_midi(invent(number), tmp_path / "x.mid")
            archive.add(tmp_path / "x.mid", f"{number}.mid")
    inputs = [tmp_path / "music", tmp_path / "more.tar.xz"]
    for workers in (1, 2):
        build_corpus(inputs, tmp_path / str(workers), workers=workers)

    def stop(done, total):
        assert total == 16
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            build_corpus(inputs, tmp_path / "3", on_progress=stop)
    chunks = sorted((tmp_path / "3.partial").glob("chunk-*"))
    assert 2 <= len(chunks) < 16
    before = {chunk: chunk.stat().st_mtime_ns for chunk in chunks}
    told = []

    def look(done, total):
        told.append(done)
        assert all(chunk.stat().st_mtime_ns == time for chunk, time in before.items())

    build_corpus(inputs, tmp_path / "3", on_progress=look)
    assert len(told) == 16 - len(chunks)
    assert contents(tmp_path / "1") == contents(tmp_path / "2") == contents(tmp_path / "3")
    assert not (tmp_path / "3.partial").exists()


def test_another_build_in_the_same_place_is_refused(music, tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_corpus([music], tmp_path / "shards", on_progress=stop)
    message = r"shards.partial is not the beginning of this build.*; delete it"
    with pytest.raises(CorpusError, match=message):
        build_corpus([music], tmp_path / "shards", filters=Filters(min_notes=50))
    (music / "new.mid").write_bytes(b"")
    with pytest.raises(CorpusError, match=message):
        build_corpus([music], tmp_path / "shards")
    (music / "new.mid").unlink()
    assert build_corpus([music], tmp_path / "shards").pieces == 5
    (tmp_path / "other.partial").mkdir()
    with pytest.raises(CorpusError, match=r"other.partial is not the beginning of this build"):
        build_corpus([music], tmp_path / "other")


def test_a_folder_that_is_taken_is_left_alone(music, tmp_path):
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "mine.txt").write_text("mine")
    with pytest.raises(CorpusError, match="exists already"):
        build_corpus([music], tmp_path / "shards")
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["mine.txt"]


def test_a_description_is_there_when_the_folder_is(music, tmp_path):
    def describe(folder):
        assert folder.name == "shards"
        assert len(Shards(folder)) == 5
        (folder / "README.md").write_text("shards")

    build_corpus([music], tmp_path / "shards", describe=describe)
    assert (tmp_path / "shards" / "README.md").exists()


def test_a_manifest_gives_splits_labels_and_composers(music, tmp_path):
    manifest = write_manifest(
        tmp_path / "manifest.csv.xz",
        [
            ("string_quartet/string_quartet.mid", "classical", "Mozart", "0", "validation", "open"),
            ("music/funk_drums/funk_drums.mid", "funk", "", "0", "train", "nc"),
            ("game_band/game_band.mid", "", "", "1", "train", "open"),
        ],
    )
    build_corpus([music], tmp_path / "shards", manifest=manifest)
    rows = rows_of(tmp_path / "shards")
    assert "game_band/game_band.mid" not in rows  # played against no beat
    assert rows["string_quartet/string_quartet.mid"]["split"] == "validation"
    assert rows["string_quartet/string_quartet.mid"]["facts"]["composer"] == "Mozart"
    assert rows["music/funk_drums/funk_drums.mid"]["labels"] == ["funk"]
    assert "funk" in rows["music/funk_drums/funk_drums.mid"]["facts"]["genres"]
    everything = Filters(keep_performed=True)
    assert build_corpus([music], tmp_path / "a", manifest=manifest, filters=everything).pieces == 5
    free = Filters(licences=("open", "nc"), keep_performed=True)
    report = build_corpus([music], tmp_path / "b", manifest=manifest, filters=free)
    assert report.pieces == 3
    assert report.skipped == {"of licence class unclear": 2}


def test_a_piece_keeps_its_split_whatever_else_is_in_the_corpus(tmp_path):
    music = tmp_path / "music"
    paths = write_music(music, 60)
    build_corpus([music], tmp_path / "all")
    splits = {piece.id: piece.split for piece in Shards(tmp_path / "all").pieces}
    assert set(splits.values()) == {"train", "validation"}
    for path in paths[::2]:
        path.unlink()
    build_corpus([music], tmp_path / "some")
    for piece in Shards(tmp_path / "some").pieces:
        assert piece.split == splits[piece.id]


def test_the_last_stages_take_drafts_from_anywhere(tmp_path):
    write_music(tmp_path / "music", 6)
    drafts = [draft(source, Filters()) for source in scan([tmp_path / "music"], Manifest({}))]
    chunks = [(table_of(drafts[i : i + 2], DRAFT_SCHEMA), []) for i in (0, 2, 4)]
    report = write_corpus(chunks, tmp_path / "shards", {}, rows_per_shard=300)
    assert report.pieces == 6
    shards = read_summary(tmp_path / "shards")["shards"]
    assert [name.split("-")[0] for name in shards].count("train") == 3


def test_inputs_without_music_are_refused_and_leave_nothing(tmp_path):
    (tmp_path / "music").mkdir()
    with pytest.raises(CorpusError, match="no MIDI files"):
        build_corpus([tmp_path / "music"], tmp_path / "shards")
    (tmp_path / "music" / "empty.mid").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"no file could be used \(1 is empty\)"):
        build_corpus([tmp_path / "music"], tmp_path / "shards")
    assert [path.name for path in tmp_path.iterdir()] == ["music"]
