"""Which drafts become pieces of a corpus, and in which split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from amadeus.corpus.drafts import Skip
from amadeus.corpus.duplicates import Candidate, find_duplicates
from amadeus.corpus.extra import train_extra
from amadeus.corpus.fingerprint import NUM_PERMUTATIONS, Signature
from amadeus.corpus.schema import SCHEMA
from amadeus.corpus.splits import choose_splits, find_works

with train_extra():
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be done with each draft, by its place in the plan."""

    kept: dict[int, tuple[str, str]]
    """Split and work of the pieces that are kept."""
    skipped: list[Skip]
    """The others."""


def choose(drafts: Iterable[pa.Table]) -> Choice:
    """Compare all drafts. Tokens are not looked at.

    drafts: tables of `amadeus.corpus.drafts.DRAFT_SCHEMA`.
    """
    candidates: list[Candidate] = []
    sources: list[str] = []
    for table in drafts:
        candidates += _candidates(table)
        sources += table["source"].to_pylist()
    findings = find_duplicates(candidates)
    works = find_works(candidates, findings)
    splits = choose_splits(candidates, findings, works)
    return Choice(
        kept={candidates[i].place: (splits[i], works[i]) for i in findings.kept},
        skipped=[
            Skip(candidates[i].place, sources[i], d.reason, f"of {candidates[d.of].id}")
            for i, d in findings.duplicates.items()
        ],
    )


def chosen(drafts: pa.Table, choice: Choice) -> pa.Table:
    """The drafts that are kept, as pieces: a table of `amadeus.corpus.schema.SCHEMA`."""
    places = drafts["place"].to_pylist()
    kept = drafts.filter(pa.array([place in choice.kept for place in places], pa.bool_()))
    pairs = [choice.kept[place] for place in kept["place"].to_pylist()]
    for column, name in enumerate(("split", "work")):
        kept = kept.append_column(name, pa.array([pair[column] for pair in pairs], pa.string()))
    return kept.select(SCHEMA.names).cast(SCHEMA)


def _candidates(drafts: pa.Table) -> Iterator[Candidate]:
    rows = drafts.drop_columns(["tokens", "minhash", "facts", "captions"]).to_pylist()
    flat = [chunk.flatten().to_numpy() for chunk in drafts["minhash"].chunks]
    minhashes = np.concatenate([np.zeros(0, np.uint32), *flat]).reshape(-1, NUM_PERMUTATIONS)
    for row, minhash in zip(rows, minhashes, strict=True):
        yield Candidate(
            id=row["id"],
            place=row["place"],
            content=row["content"],
            signature=Signature(row["digest"], minhash, row["num_shingles"]),
            licence_class=row["licence_class"],
            num_labels=len(row["labels"]),
            notes=row["notes"],
            composer=row["composer"],
            title=row["title"],
            given_split=row["given_split"],
        )
