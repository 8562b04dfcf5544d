import json

import numpy as np
import pyarrow as pa
import pytest

from amadeus.corpus.drafts import table_of
from amadeus.corpus.schema import SCHEMA
from amadeus.corpus.shards import ShardWriter
from amadeus.corpus.statistics import NUMBERS, WORDS, Size, measure_corpus
from amadeus.errors import CorpusError
from amadeus.text.facts import Facts
from amadeus.tokens import NUM_ATTRIBUTES


def piece(number, facts=None, **about):
    """A row of a shard: a song of 100 notes in half an hour, changed as said."""
    return {
        "id": f"{number:012d}",
        "source": f"songs/{number}.mid",
        "corpus": "songs",
        "split": "train",
        "work": f"{number:012d}",
        "licence": "CC0 1.0",
        "licence_class": "open",
        "title": "",
        "composer": "",
        "labels": [],
        "facts": Facts(**facts or {}).to_dict(),
        "captions": [],
        "rows": 102,
        "notes": 100,
        "seconds": 1800.0,
        "tokens": np.zeros((102, NUM_ATTRIBUTES), np.uint16),
    } | about


def write(folder, *rows, counts=None):
    writer = ShardWriter(folder, rows_per_shard=250)
    for row in rows:
        writer.write(table_of([row], SCHEMA))
    writer.close(counts=counts)
    return folder


@pytest.fixture
def statistics(tmp_path):
    """Of six pieces in four shards."""
    piano, duo, drums = {"instruments": ("piano",)}, {"instruments": ("piano", "flute")}, ("drums",)
    folder = write(
        tmp_path / "shards",
        piece(1, piano | {"bpm": 60, "time_signature": "3/4"}, captions=["a waltz", "slow waltz"]),
        piece(2, duo | {"bpm": 120, "time_signature": "4/4"}, captions=["a waltz"], notes=300),
        piece(3, {"instruments": drums, "bpm": 900}, captions=["four words in all"]),
        piece(4, piano | {"performed": True}, split="validation"),
        piece(5, duo | {"bpm": 10}, corpus="hymns", licence_class="nc", licence="CC BY-NC"),
        piece(6, duo, corpus="hymns", licence_class="unclear", licence="", seconds=3600.0),
        counts={"is empty": 2, "has no notes": 5},
    )
    return measure_corpus(folder)


def test_every_piece_counts_once_however_they_are_grouped(statistics):
    assert statistics.size == Size(pieces=6, notes=800, hours=3.5)
    for group in ("corpus", "licence", "licence_class", "split"):
        assert sum(statistics.sizes(group).values(), Size()) == statistics.size
    assert statistics.sizes("corpus") == {"songs": Size(4, 600, 2.0), "hymns": Size(2, 200, 1.5)}
    assert list(statistics.sizes("licence_class")) == ["open", "nc", "unclear"]


def test_names_are_counted_by_piece_and_unknown_ones_are_not(statistics):
    assert statistics.words["instruments"] == {"piano": 5, "flute": 3, "drums": 1}
    assert statistics.words["time_signature"] == {"3/4": 1, "4/4": 1}
    assert statistics.words["key"] == statistics.words["genres"] == {}


def test_a_histogram_holds_every_known_value_once(statistics):
    bpm = statistics.numbers["bpm"]
    assert bpm.known == 4  # one was performed, of one nothing is known
    assert statistics.performed == 1
    bins = dict(zip(bpm.edges, bpm.counts, strict=False))
    assert bins[60] == bins[120] == 1
    assert bins[bpm.edges[0]] == bins[bpm.edges[-2]] == 1  # 10 and 900 lie beyond
    assert bpm.percentiles[50] == 90
    assert statistics.numbers["rows"].known == 6
    assert statistics.numbers["num_bars"].percentiles == {}
    assert statistics.numbers["num_instruments"].counts[1:3] == (3, 3)


def test_captions_are_counted_by_words_and_by_difference(statistics):
    captions = statistics.captions
    assert captions.count == 4
    assert captions.mean_words == (2 + 2 + 2 + 4) / 4
    assert captions.distinct_share == 3 / 4
    assert set(captions.examples) <= {"a waltz", "slow waltz", "four words in all"}


def test_statistics_are_json(statistics):
    found = json.loads(json.dumps(statistics.to_dict()))
    assert found["pieces"] == 6
    assert found["by_corpus"]["hymns"]["notes"] == 200
    assert set(WORDS.values()) | set(NUMBERS) <= set(found)
    assert list(found["skipped"].items()) == [("has no notes", 5), ("is empty", 2)]


def test_tokens_stay_on_disk(tmp_path):
    rows = 400_000
    long = piece(1, rows=rows, tokens=np.zeros((rows, NUM_ATTRIBUTES), np.uint16))
    folder = write(tmp_path / "shards", long)
    usual = pa.default_memory_pool()
    pa.set_memory_pool(counted := pa.proxy_memory_pool(usual))
    try:
        measure_corpus(folder)
    finally:
        pa.set_memory_pool(usual)
    assert counted.max_memory() < long["tokens"].nbytes / 10


def test_a_shard_that_is_gone_is_missed(tmp_path):
    folder = write(tmp_path / "shards", piece(1), piece(2, split="validation"))
    (folder / "validation-00000.arrow").unlink()
    with pytest.raises(CorpusError, match=r"validation-00000\.arrow cannot be read"):
        measure_corpus(folder)
