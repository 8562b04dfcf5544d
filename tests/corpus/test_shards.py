import json
import multiprocessing
import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from amadeus.corpus.schema import FACTS, SCHEMA
from amadeus.corpus.shards import PACKAGED_VALIDATION, SUMMARY, Shards
from amadeus.errors import CorpusError
from amadeus.text.facts import Facts, measure
from amadeus.tokens import NUM_ATTRIBUTES, RowType, decode


def rows(count, value=0):
    return np.full((count, NUM_ATTRIBUTES), value, dtype=np.uint16)


@pytest.fixture
def folder(tmp_path, write_shards):
    """Five pieces of 1 to 5 rows; the third is for validation."""
    pieces = [
        {
            "tokens": rows(i, i),
            "split": "validation" if i == 3 else "train",
            "corpus": f"a{i % 2}",
            "facts": Facts(bpm=60 + i, genres=("rock",)).to_dict(),
        }
        for i in range(1, 6)
    ]
    return write_shards(
        tmp_path / "shards",
        *pieces,
        rows_per_shard=3,
        skipped=[("x.mid", "is empty")],
        counts={"is empty": 1},
    )


def test_pieces_come_back_in_order_and_whole(folder):
    shards = Shards(folder)
    assert shards.summary["shards"] == [
        *("train-00000.arrow", "train-00001.arrow", "train-00002.arrow"),
        "validation-00000.arrow",
    ]
    assert shards.summary["rows"] == 15
    assert shards.summary["skipped"] == {"is empty": 1}
    assert (folder / "skipped.csv").read_text() == "name,reason\nx.mid,is empty\n"
    for index, count in enumerate((1, 2, 4, 5, 3)):
        assert np.array_equal(shards.tokens(index), rows(count, count))
        facts = Facts.from_dict(shards.pieces[index].facts)
        assert facts == Facts(bpm=60 + count, genres=("rock",))
    assert list(shards.sources()) == ["a1", "a0", "a0", "a1", "a1"]


def test_a_split_holds_its_own_pieces(folder):
    (piece,) = Shards(folder, "validation").pieces
    assert piece.rows == 3
    assert np.array_equal(Shards(folder, "validation").tokens(0), rows(3, 3))
    assert [p.rows for p in Shards(folder, "train").pieces] == [1, 2, 4, 5]


def test_tokens_are_read_from_the_file_and_cannot_be_changed(folder):
    before = pa.total_allocated_bytes()
    tokens = Shards(folder).tokens(0)
    assert pa.total_allocated_bytes() == before
    with pytest.raises(ValueError, match="read-only"):
        tokens[0] = 1


def test_another_process_opens_the_files_again(folder):
    shards = Shards(folder, "train")
    assert len(pickle.dumps(shards)) < 1000
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert np.array_equal(pool.apply(shards.tokens, (2,)), rows(4, 4))


def test_facts_have_a_column_each():
    assert FACTS.names == list(Facts().to_dict())


def test_pandas_reads_a_shard(folder):
    pandas = pytest.importorskip("pandas")
    table = pandas.read_feather(folder / "train-00002.arrow")
    assert np.array_equal(np.stack(table["tokens"][0]), rows(5, 5))
    assert table["facts"][0]["bpm"] == 65


def test_polars_reads_a_shard(folder):
    polars = pytest.importorskip("polars")
    table = polars.read_ipc(folder / "train-00002.arrow")
    assert np.array_equal(np.array(table["tokens"][0].to_list()), rows(5, 5))
    assert table["facts"][0]["genres"] == ["rock"]


def test_datasets_loads_the_splits(folder, tmp_path):
    datasets = pytest.importorskip("datasets")
    files = {name: str(folder / f"{name}-*.arrow") for name in ("train", "validation")}
    splits = datasets.load_dataset("arrow", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert [splits["train"].num_rows, splits["validation"].num_rows] == [4, 1]
    assert np.array_equal(np.array(splits["validation"][0]["tokens"]), rows(3, 3))


def test_without_pyarrow_it_is_said_how_to_get_it():
    program = "import sys; sys.modules['pyarrow'] = None; import amadeus.corpus.shards"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "CorpusError: corpora need pyarrow" in result.stderr
    assert "pip install 'amadeus-music[train]'" in result.stderr


def test_the_pieces_of_the_package_are_music_for_validation():
    shards = Shards(PACKAGED_VALIDATION)
    assert len(shards) == len(Shards(PACKAGED_VALIDATION, "validation")) == 84
    assert sum(piece.rows for piece in shards.pieces) == 54_982
    for index in range(0, 84, 7):
        assert shards.tokens(index)[0, 0] == RowType.START
        music = measure(decode(shards.tokens(index)))
        assert Facts.from_dict(shards.pieces[index].facts).instruments == music.instruments


def change_summary(folder, **fields):
    path = folder / SUMMARY
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def write_other_columns(path):
    schema = SCHEMA.remove(0)
    with pa.ipc.new_file(str(path), schema) as writer:
        writer.write_table(schema.empty_table())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / SUMMARY).unlink(), "holds no token shards"),
        (lambda f: (f / SUMMARY).write_text("{"), "cannot be read"),
        (lambda f: change_summary(f, format=1), "format 2; build the corpus again"),
        (lambda f: change_summary(f, vocabulary="0123"), "vocabulary 0123"),
        (lambda f: (f / "train-00001.arrow").unlink(), "train-00001.* build the corpus again"),
        (lambda f: (f / "train-00001.arrow").write_bytes(b"no"), "train-00001.* cannot be read"),
        (lambda f: (f / "train-00001.arrow").write_bytes(b""), "train-00001.* cannot be read"),
        (lambda f: write_other_columns(f / "train-00000.arrow"), "not the columns of a shard"),
    ],
)
def test_damaged_shards_are_refused(folder, damage, message):
    damage(folder)
    with pytest.raises(CorpusError, match=message):
        Shards(folder)


def test_nothing_is_lost_between_shards(folder):
    rows_of = [
        pc.sum(pa.ipc.open_file(str(path)).read_all()["rows"]).as_py()
        for path in sorted(folder.glob("*.arrow"))
    ]
    assert rows_of == [3, 4, 5, 3]
