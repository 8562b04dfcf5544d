import json
import multiprocessing
import os
import pickle
import struct
import subprocess
import sys
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from amadeus.corpus import shards
from amadeus.corpus.schema import FACTS, SCHEMA
from amadeus.corpus.shards import PACKAGED_VALIDATION, SUMMARY, Shards
from amadeus.errors import CorpusError
from amadeus.text.facts import Facts, measure
from amadeus.tokens import NUM_ATTRIBUTES, SIZES, RowType, decode
from amadeus.tokens.vocabulary import ATTRIBUTES


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


def replace_by_pipe(path):
    path.unlink()
    os.mkfifo(path)


def replace_by_link(path, target):
    path.unlink()
    path.symlink_to(target)


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
        (lambda f: change_summary(f, vocabulary="0123"), "vocabulary .0123"),
        (lambda f: (f / "train-00001.arrow").unlink(), "train-00001.* build the corpus again"),
        (lambda f: (f / "train-00001.arrow").write_bytes(b"no"), "train-00001.* cannot be read"),
        (lambda f: (f / "train-00001.arrow").write_bytes(b""), "train-00001.* cannot be read"),
        (lambda f: write_other_columns(f / "train-00000.arrow"), "lacks the columns of a shard"),
        (lambda f: (f / SUMMARY).write_text("[" * 10**6), "cannot be read"),
        (lambda f: change_summary(f, vocabulary="01\n23"), r"vocabulary '01\\n23'"),
        (lambda f: change_summary(f, shards=["../../etc/passwd"]), "does not list its shards"),
        (lambda f: change_summary(f, shards=None), "does not list its shards"),
        (lambda f: change_summary(f, skipped=[1]), "does not list its shards"),
        (lambda f: change_summary(f, pieces="5"), "does not list its shards"),
        (lambda f: replace_by_pipe(f / SUMMARY), "not a regular file"),
        (lambda f: replace_by_pipe(f / "train-00001.arrow"), "train-00001.* not a regular file"),
        (lambda f: replace_by_link(f / "train-00001.arrow", "/dev/zero"), "not a regular file"),
        (lambda f: replace_by_link(f / SUMMARY, SUMMARY), "symbolic links"),
    ],
)
def test_damaged_shards_are_refused(folder, damage, message):
    damage(folder)
    with pytest.raises(CorpusError, match=message) as error:
        Shards(folder)
    assert "\n" not in str(error.value)


def rewritten(path, change):
    """A shard whose one batch went through `change`."""
    (batch,) = pa.ipc.open_file(str(path)).read_all().combine_chunks().to_batches()
    batch = change(batch)
    with pa.ipc.new_file(str(path), batch.schema) as writer:
        writer.write_batch(batch)


def with_column(batch, name, column):
    return batch.set_column(batch.schema.get_field_index(name), SCHEMA.field(name), column)


def with_tokens(batch, offsets, values):
    """offsets: int32; values: uint16 [rows, A]. Nothing is checked."""
    type_ = SCHEMA.field("tokens").type
    flat = pa.array(np.asarray(values, dtype=np.uint16).reshape(-1))
    rows = pa.FixedSizeListArray.from_arrays(flat, type=type_.value_type)
    buffers = [None, pa.py_buffer(np.asarray(offsets, dtype=np.int32))]
    return with_column(
        batch, "tokens", pa.Array.from_buffers(type_, len(batch), buffers, children=[rows])
    )


def not_text():
    offsets = pa.py_buffer(np.array([0, 1], dtype=np.int32))
    return pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"\xff")])


def with_one_value(batch, attribute, value):
    tokens = rows(2)
    tokens[1, attribute] = value
    return with_tokens(batch, [0, 2], tokens)


@pytest.mark.parametrize("offsets", [(0, 2**30), (-9, 12345), (2**31 - 1, 12345), (0, 12344)])
def test_offsets_that_point_elsewhere_are_refused(tmp_path, write_shards, offsets):
    folder = write_shards(tmp_path / "shards", {"tokens": rows(12345)})
    path = folder / "train-00000.arrow"
    data = bytearray(path.read_bytes())
    place = data.rindex(struct.pack("<ii", 0, 12345))  # tokens are the last column
    struct.pack_into("<ii", data, place, *offsets)
    path.write_bytes(data)
    with pytest.raises(CorpusError, match=r"train-00000.arrow cannot be read.*build the corpus"):
        Shards(folder)


LARGEST = [size - 1 for size in SIZES]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: with_tokens(b, [0, 1], rows(2)), "has 1 rows of tokens and says 2"),
        (lambda b: with_tokens(b, [0, 0], rows(2)), "has 0 rows of tokens and says 2"),
        *(
            (partial(with_one_value, attribute=a, value=SIZES[a]), f"{ATTRIBUTES[a]} {SIZES[a]}")
            for a in range(NUM_ATTRIBUTES)
        ),
        (lambda b: with_one_value(b, 3, 65535), "tempo 65535 is not in the vocabulary, 0 to 65"),
        (lambda b: with_column(b, "split", pa.array(["test"])), "split 'test', not 'train'"),
        (lambda b: with_column(b, "split", pa.array(["validation"])), "split 'validation', not"),
        (lambda b: with_column(b, "id", pa.array([None], pa.string())), "values of id are missing"),
        (lambda b: with_column(b, "facts", pa.array([None], FACTS)), "values of facts are missing"),
        (
            lambda b: with_column(b, "facts", pa.array([{"bpm": 60}], FACTS)),
            "values of facts.time_signature are missing",
        ),
        (
            lambda b: with_column(b, "labels", pa.array([[None]], pa.list_(pa.string()))),
            "values of labels items are missing",
        ),
        (lambda b: with_column(b, "source", not_text()), "UTF8"),
    ],
)  # fmt: skip
def test_shards_that_would_mislead_are_refused(folder, change, message):
    rewritten(folder / "train-00000.arrow", lambda batch: change(batch.slice(1, 1)))
    with pytest.raises(CorpusError, match=message) as error:
        Shards(folder)
    assert str(error.value).startswith(f"{folder / 'train-00000.arrow'} cannot be read: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("count", [2, 1023, 1024, 1025, 3000])
def test_a_value_out_of_range_is_found_wherever_it_is(folder, count):
    def fits(place, attribute, excess):
        tokens = np.tile(np.array(LARGEST, dtype=np.uint16), (count, 1))
        tokens[place, attribute] += excess

        def change(batch):
            batch = with_column(batch, "rows", pa.array([count], pa.int32()))
            return with_tokens(batch, [0, count], tokens)

        rewritten(folder / "train-00000.arrow", lambda batch: change(batch.slice(0, 1)))
        try:
            Shards(folder)
        except CorpusError:
            return False
        return True

    assert fits(0, 0, excess=0)
    for place in (0, count // 2, count - 1):
        for attribute in (0, 7):
            assert not fits(place, attribute, excess=1)


def test_a_flipped_byte_is_refused_or_harmless(folder):
    """Whatever stands in the file, reading it ends in pieces or in an error of ours."""
    path = folder / "train-00001.arrow"
    original = path.read_bytes()
    rng = np.random.default_rng(0)
    outcomes = set()
    for place in rng.integers(0, len(original), 400):
        data = bytearray(original)
        data[place : place + 4] = rng.bytes(4)
        path.write_bytes(data)
        try:
            shards = Shards(folder)
        except CorpusError:
            outcomes.add("refused")
        else:
            outcomes.add("read")
            for index in range(len(shards)):
                assert (shards.tokens(index) < SIZES).all()
                assert shards.pieces[index].facts
    assert outcomes == {"refused", "read"}


def test_a_split_is_opened_without_the_other(folder):
    (folder / "validation-00000.arrow").unlink()
    assert len(Shards(folder, "train")) == 4


def test_another_process_need_not_check_the_shards_again(folder, monkeypatch):
    packed = pickle.dumps(Shards(folder))
    monkeypatch.setattr(shards, "check_batch", None)
    assert len(pickle.loads(packed)) == 5


def test_nothing_is_lost_between_shards(folder):
    rows_of = [
        pc.sum(pa.ipc.open_file(str(path)).read_all()["rows"]).as_py()
        for path in sorted(folder.glob("*.arrow"))
    ]
    assert rows_of == [3, 4, 5, 3]
