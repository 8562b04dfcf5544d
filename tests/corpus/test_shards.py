import json

import numpy as np
import pytest

from amadeus.corpus.shards import SUMMARY, Shards, ShardWriter
from amadeus.errors import CorpusError
from amadeus.tokens import NUM_ATTRIBUTES


def rows(count, value=0):
    return np.full((count, NUM_ATTRIBUTES), value, dtype=np.uint16)


@pytest.fixture
def folder(tmp_path):
    """Five pieces of 1 to 5 rows in three shards."""
    writer = ShardWriter(tmp_path / "shards", rows_per_shard=4)
    for i in range(1, 6):
        split = "validation" if i == 3 else "train"
        writer.add(
            rows(i, i), id=f"{i:012d}", source=f"a{i % 2}/{i}.mid", split=split, facts={"n": i}
        )
    writer.close({"empty": 2})
    return tmp_path / "shards"


def test_pieces_come_back_in_order_and_whole(folder):
    shards = Shards(folder)
    assert shards.summary["shards"] == 3
    assert shards.summary["rows"] == 15
    assert shards.summary["skipped"] == {"empty": 2}
    for i in range(5):
        assert np.array_equal(shards.tokens(i), rows(i + 1, i + 1))
        assert shards.pieces[i].facts == {"n": i + 1}
    assert list(shards.sources()) == ["a1", "a0", "a1", "a0", "a1"]


def test_a_split_holds_its_own_pieces(folder):
    (piece,) = Shards(folder, "validation").pieces
    assert piece.rows == 3
    assert np.array_equal(Shards(folder, "validation").tokens(0), rows(3, 3))
    assert [p.rows for p in Shards(folder, "train").pieces] == [1, 2, 4, 5]


def change_summary(folder, **fields):
    path = folder / SUMMARY
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / SUMMARY).unlink(), "holds no token shards"),
        (lambda f: (f / SUMMARY).write_text("{"), "cannot be read"),
        (lambda f: change_summary(f, format=9), "format"),
        (lambda f: change_summary(f, vocabulary="0123"), "vocabulary 0123"),
        (lambda f: (f / "tokens-00001.npy").unlink(), "shard 1 of .* build the corpus again"),
        (lambda f: (f / "tokens-00001.npy").write_bytes(b"no"), "shard 1 of"),
        (lambda f: (f / "pieces-00000.jsonl").write_text('{"a": 1}'), "shard 0 of"),
        (lambda f: np.save(f / "tokens-00002.npy", np.ones(3)), "shape"),
    ],
)
def test_damaged_shards_are_refused(folder, damage, message):
    damage(folder)
    with pytest.raises(CorpusError, match=message):
        Shards(folder)
