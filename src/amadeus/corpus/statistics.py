"""What a corpus is made of: sizes, shares and distributions.

Only the columns about the pieces are read; the tokens, nearly all of the bytes, stay on disk.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amadeus.corpus.extra import train_extra
from amadeus.corpus.shards import read_shard, read_summary

with train_extra():
    import pyarrow as pa
    import pyarrow.compute as pc

COLUMNS = (
    *("corpus", "split", "licence", "licence_class", "facts", "captions"),
    *("rows", "notes", "seconds"),
)
NUM_EXAMPLES = 12

NUMBERS = {
    "seconds": ("seconds", range(0, 630, 30)),
    "num_bars": ("bars", range(0, 264, 8)),
    "rows": ("token rows", range(0, 8_250, 250)),
    "bpm": ("quarter notes a minute", range(30, 260, 10)),
    "notes_per_second": ("notes a second", range(41)),
    "num_instruments": ("instruments, five at most", range(7)),
}
"""What is measured in numbers: in words, and the edges of the bins of its histogram."""
WORDS = {
    "instruments": "instruments",
    "key": "keys",
    "time_signature": "metres",
    "genres": "genres",
    "forms": "forms",
    "moods": "moods",
    "register": "registers",
    "texture": "textures",
    "form": "sections",
}
"""What is counted by name: the fact, and what its values are called."""
PERCENTS = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True)
class Size:
    """How much music there is."""

    pieces: int = 0
    notes: int = 0
    hours: float = 0.0

    def __add__(self, other: Size) -> Size:
        return Size(self.pieces + other.pieces, self.notes + other.notes, self.hours + other.hours)


@dataclass(frozen=True, slots=True)
class Part:
    """The pieces of one corpus that share a licence and a split."""

    corpus: str
    licence: str
    licence_class: str
    split: str
    size: Size


@dataclass(frozen=True, slots=True)
class Histogram:
    """Distribution of a number over the pieces that have it."""

    label: str
    """What the number is, or its unit."""
    edges: tuple[int, ...]
    """Edges of the bins, ascending; bin i holds edges[i] <= value < edges[i + 1]."""
    counts: tuple[int, ...]
    """Pieces per bin; the outermost bins also hold what lies beyond them."""
    percentiles: dict[int, float]
    """The values below which PERCENTS of the pieces lie; empty without pieces."""

    @property
    def known(self) -> int:
        """Number of pieces that have it."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Captions:
    """What the captions are like."""

    count: int
    mean_words: float
    distinct_share: float
    """Different captions, as a share of all."""
    examples: tuple[str, ...]
    """One caption of each of NUM_EXAMPLES pieces, spread evenly over the corpus."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a corpus is made of."""

    parts: tuple[Part, ...]
    """Every piece is in one part."""
    words: dict[str, dict[str, int]]
    """For each of WORDS, pieces by value, most frequent first; unknown values are left out."""
    numbers: dict[str, Histogram]
    """For each of NUMBERS, its distribution."""
    performed: int
    """Pieces that were played freely: they have neither tempo nor bars."""
    captions: Captions
    skipped: dict[str, int]
    """Files that are not in the corpus, by reason, most frequent first."""

    @property
    def size(self) -> Size:
        """Everything together."""
        return sum((part.size for part in self.parts), Size())

    def sizes(self, by: str) -> dict[str, Size]:
        """Sizes by "corpus", "licence", "licence_class" or "split", most pieces first."""
        sizes: dict[str, Size] = {}
        for part in self.parts:
            name = getattr(part, by)
            sizes[name] = sizes.get(name, Size()) + part.size
        return dict(sorted(sizes.items(), key=lambda item: (-item[1].pieces, item[0])))

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values, hours to the minute or so."""
        groups = ("split", "licence_class", "licence", "corpus")
        return {
            **_rounded(self.size),
            **{
                f"by_{group}": {name: _rounded(size) for name, size in self.sizes(group).items()}
                for group in groups
            },
            **{WORDS[name]: counts for name, counts in self.words.items()},
            **{name: asdict(histogram) for name, histogram in self.numbers.items()},
            "performed": self.performed,
            "captions": asdict(self.captions),
            "skipped": self.skipped,
        }


def _rounded(size: Size) -> dict[str, Any]:
    return {"pieces": size.pieces, "notes": size.notes, "hours": round(size.hours, 2)}


def measure_corpus(folder: Path) -> Statistics:
    """The statistics of a folder of token shards.

    Raises CorpusError for a folder that holds none, or whose shards are damaged or incomplete.
    """
    summary = read_summary(folder)
    # Memory-mapped: of the columns that are not selected, nothing is read.
    shards = [pa.Table.from_batches(read_shard(folder / name)) for name in summary["shards"]]
    table = pa.concat_tables(shards).select(COLUMNS)
    facts = {
        name: pc.struct_field(table["facts"], name)
        for name in table.schema.field("facts").type.names
    }
    return Statistics(
        parts=_parts(table),
        words={name: _frequencies(facts[name]) for name in WORDS},
        numbers={name: _histogram(name, _numbers(name, table, facts)) for name in NUMBERS},
        performed=pc.sum(facts["performed"]).as_py() or 0,
        captions=_captions(table["captions"]),
        skipped=dict(Counter(summary.get("skipped", {})).most_common()),
    )


def _numbers(name: str, table: pa.Table, facts: dict[str, pa.ChunkedArray]) -> pa.ChunkedArray:
    """The column of one of NUMBERS."""
    if name == "num_instruments":
        return pc.list_value_length(facts["instruments"])
    return table[name] if name in table.column_names else facts[name]


def _parts(table: pa.Table) -> tuple[Part, ...]:
    keys = ["corpus", "licence", "licence_class", "split"]
    # One thread, so that floats are added in the same order every time.
    groups = table.group_by(keys, use_threads=False)
    sums = groups.aggregate([("rows", "count"), ("notes", "sum"), ("seconds", "sum")])
    return tuple(
        Part(
            **{key: row[key] for key in keys},
            size=Size(row["rows_count"], row["notes_sum"], row["seconds_sum"] / 3600),
        )
        for row in sums.sort_by([(key, "ascending") for key in keys]).to_pylist()
    )


def _frequencies(column: pa.ChunkedArray) -> dict[str, int]:
    """Pieces by value, of strings or of lists of strings without repetition."""
    if pa.types.is_list(column.type):
        column = pc.list_flatten(column)
    values = pc.value_counts(column.combine_chunks()).to_pylist()
    counts = {entry["values"]: entry["counts"] for entry in values if entry["values"]}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _histogram(name: str, column: pa.ChunkedArray) -> Histogram:
    label, edges = NUMBERS[name]
    values = column.drop_null().to_numpy().astype(np.float64)
    inside = np.clip(values, edges[0], edges[-1] - 1e-9)
    counts, _ = np.histogram(inside, edges)
    percents = PERCENTS if len(values) else ()
    return Histogram(
        label=label,
        edges=tuple(edges),
        counts=tuple(counts.tolist()),
        percentiles={p: round(float(np.percentile(values, p)), 2) for p in percents},
    )


def _captions(column: pa.ChunkedArray) -> Captions:
    captions = pc.list_flatten(column)
    if not len(captions):
        return Captions(0, 0.0, 0.0, ())
    words = pc.list_value_length(pc.utf8_split_whitespace(captions))
    pieces = np.linspace(0, len(column) - 1, min(len(column), NUM_EXAMPLES)).astype(int)
    written = (column[int(piece)].as_py() for piece in pieces)
    return Captions(
        count=len(captions),
        mean_words=round(pc.mean(words).as_py(), 2),
        distinct_share=round(pc.count_distinct(captions).as_py() / len(captions), 4),
        # Another one of each piece's captions every time: they differ in kind.
        examples=tuple(texts[i % len(texts)] for i, texts in enumerate(written) if texts),
    )
