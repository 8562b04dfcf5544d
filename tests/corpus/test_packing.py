"""What is packed and unpacked is what it was, and no part is too large."""

from __future__ import annotations

import pytest

from amadeus.corpus.packing import pack, unpack
from amadeus.corpus.shards import Shards
from amadeus.errors import CorpusError
from amadeus.music.midi import read_midi
from amadeus.tokens import encode


@pytest.fixture(scope="module")
def shards(fixtures, tmp_path_factory, write_shards):
    names = ("game_band", "string_quartet", "song_with_pickup")
    splits = ("train", "validation", "train")
    pieces = [
        {"id": name, "split": split, "tokens": encode(read_midi(fixtures / f"{name}.mid"))}
        for name, split in zip(names, splits, strict=True)
    ]
    return write_shards(tmp_path_factory.mktemp("shards"), *pieces)


def size(part):
    return sum(path.stat().st_size for path in part.iterdir())


def test_unpacked_shards_are_byte_for_byte_the_packed_ones(shards, tmp_path):
    largest = max(path.stat().st_size for path in shards.glob("*.arrow"))
    parts = pack(shards, tmp_path / "parts", largest)
    assert sum(map(size, parts)) < largest
    assert unpack(parts, tmp_path / "again") == 3
    again = Shards(tmp_path / "again")
    assert [p.id for p in again.pieces] == [p.id for p in Shards(shards).pieces]
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (shards / path.name).read_bytes()


def test_nothing_temporary_is_left(shards, tmp_path):
    parts = pack(shards, tmp_path / "parts", 10**9)
    unpack(parts, tmp_path / "again")
    assert {path.name for path in tmp_path.iterdir()} == {"parts", "again"}
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["part-0"]
    (tmp_path / "plain").mkdir()
    for folder in (*parts, tmp_path / "again"):
        assert folder.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_parts_are_as_small_as_asked_for(shards, tmp_path):
    whole = pack(shards, tmp_path / "whole", 10**9)
    largest = max(path.stat().st_size for path in whole[0].iterdir())
    parts = pack(shards, tmp_path / "parts", largest)
    assert len(parts) > 1
    assert all(size(part) <= largest for part in parts)
    unpack(parts, tmp_path / "again")
    with pytest.raises(CorpusError, match="allow more"):
        pack(shards, tmp_path / "tiny", largest - 1)
    with pytest.raises(CorpusError, match="give all parts"):
        unpack(parts[:-1], tmp_path / "some")
    assert not (tmp_path / "some").exists()


def test_a_damaged_part_is_named(shards, tmp_path):
    (part,) = pack(shards, tmp_path / "parts", 10**9)
    victim = next(part.glob("train-*"))
    victim.write_bytes(victim.read_bytes()[:-40])
    with pytest.raises(CorpusError, match=rf"{victim.name} is damaged.*send it again"):
        unpack([part], tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_what_is_there_is_not_overwritten(shards, tmp_path):
    parts = pack(shards, tmp_path / "parts", 10**9)
    with pytest.raises(CorpusError, match="not empty"):
        pack(shards, tmp_path / "parts", 10**9)
    with pytest.raises(CorpusError, match="exists already"):
        unpack(parts, shards)
