"""Shards: a folder of Arrow files, memory-mapped: tokens of pieces and what is known of them.

corpus.json             format, vocabulary, shards, counts, settings, files skipped by reason
skipped.csv             every file that was left out, and why
train-00000.arrow       one piece a row; any program that reads Arrow (Feather) reads them
validation-00000.arrow  the same, of pieces that nothing is trained on

The columns: `id`, first 12 hex digits of the SHA-1 of the MIDI file; `source`, its name; `corpus`,
the folder or archive it came in; `split`; `work`, the smallest id of the pieces that are versions
of one work; `licence` and `licence_class` ("open", "nc", "stated", "unclear"); `title`, `composer`
and `labels` as the manifest gives them; `facts` and `captions`; `rows` of tokens, START and END
included; `notes`; `seconds`; `tokens`, rows of 8 attributes.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from amadeus.corpus.extra import train_extra
from amadeus.corpus.integrity import check_batch
from amadeus.corpus.schema import SCHEMA
from amadeus.errors import CorpusError
from amadeus.files import check_regular, read_regular, write_atomically, write_text
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, fingerprint

with train_extra():
    import pyarrow as pa
    import pyarrow.compute as pc

SUMMARY = "corpus.json"
SKIPPED = "skipped.csv"
FORMAT = 2
SHARD_NAME = re.compile(r"(train|validation)-\d{5}\.arrow")
ROWS_PER_SHARD = 2_000_000
MAX_SUMMARY_BYTES = 16 * 2**20
PACKAGED_VALIDATION = Path(__file__).parents[1] / "data" / "validation"
"""Openly licensed pieces that come with the package and that no model was trained on."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a corpus."""

    id: str
    """First 12 hex digits of the SHA-1 of the MIDI file."""
    source: str
    """Where it came from: folder and file name."""
    corpus: str
    """The folder, archive or list that it came in."""
    split: str
    """"train" or "validation"."""
    rows: int
    """Number of rows, START and END included."""
    _facts: pa.Array = field(repr=False)
    _index: int = field(repr=False)

    @property
    def facts(self) -> dict[str, Any]:
        """`amadeus.text.facts.Facts.to_dict()`, read from disk whenever it is asked for."""
        return self._facts[self._index].as_py()


class ShardWriter:
    """Writes pieces to shards, one after another; a shard is closed when it is full."""

    def __init__(self, folder: Path, rows_per_shard: int = ROWS_PER_SHARD) -> None:
        self.folder = folder
        self.rows_per_shard = rows_per_shard
        self.names: list[str] = []
        self.num_pieces = self.num_rows = 0
        self._open: dict[str, _Shard] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, pieces: pa.Table) -> None:
        """pieces: rows of SCHEMA, of any split; a shard is at most this much longer than asked."""
        for split in pc.unique(pieces["split"]).to_pylist():
            part = pieces.filter(pc.equal(pieces["split"], split))
            num_rows = pc.sum(part["rows"]).as_py()
            shard = self._open.get(split)
            if shard is None or shard.num_rows >= self.rows_per_shard:
                shard = self._next(split)
            shard.write(part)
            shard.num_rows += num_rows
            self.num_rows += num_rows
            self.num_pieces += len(part)

    def close(
        self, skipped: Iterable[tuple[str, str]] = (), counts: Mapping[str, int] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Write what was skipped and the summary, which makes the folder a corpus.

        skipped: name and reason of each file; counts: files by reason; settings: of the build.
        """
        for shard in self._open.values():
            shard.close()
        write_atomically(self.folder / SKIPPED, lambda path: _write_csv(path, skipped))
        summary = {
            "format": FORMAT,
            "vocabulary": fingerprint(),
            "shards": sorted(self.names),
            "pieces": self.num_pieces,
            "rows": self.num_rows,
            "settings": settings or {},
            "skipped": counts or {},
        }
        text = json.dumps(summary, indent=2) + "\n"
        write_text(self.folder / SUMMARY, text)

    def _next(self, split: str) -> _Shard:
        if split in self._open:
            self._open.pop(split).close()
        number = sum(name.startswith(f"{split}-") for name in self.names)
        self.names.append(f"{split}-{number:05d}.arrow")
        self._open[split] = shard = _Shard(self.folder / self.names[-1])
        return shard


class _Shard:
    """An Arrow file that is being written."""

    def __init__(self, path: Path) -> None:
        self.num_rows = 0
        self._writer = pa.ipc.new_file(str(path), SCHEMA)
        self.close = self._writer.close

    def write(self, pieces: pa.Table) -> None:
        self._writer.write_table(pieces.select(SCHEMA.names).combine_chunks())


class Shards:
    """All pieces of a shard folder; tokens stay on disk until they are looked at."""

    def __init__(self, folder: Path, split: str | None = None, *, is_checked: bool = False) -> None:
        """split: open only the shards of this split.

        is_checked: these shards have been opened before, and need not be checked again.
        Raises CorpusError for a folder that holds no shards, or damaged ones.
        """
        self.folder, self.split = folder, split
        self.summary = read_summary(folder)
        self.pieces: list[Piece] = []
        self._tokens: list[np.ndarray] = []  # of all pieces of a batch, [rows, A]
        self._batch_of: list[int] = []
        self._offsets: list[int] = []
        for name in self.summary["shards"]:
            if name.startswith(split or ""):
                for batch in read_shard(folder / name, is_checked=is_checked):
                    self._add(batch)

    def __len__(self) -> int:
        return len(self.pieces)

    def __reduce__(self) -> tuple:
        # Another process maps the files again rather than being sent their contents.
        return partial(Shards, is_checked=True), (self.folder, self.split)

    def tokens(self, index: int) -> np.ndarray:
        """Tokens of one piece, uint16 [N, A], not copied and not to be written to."""
        first = self._offsets[index]
        return self._tokens[self._batch_of[index]][first : first + self.pieces[index].rows]

    def sources(self) -> Iterable[str]:
        """The corpus each piece came in."""
        return (piece.corpus for piece in self.pieces)

    def _add(self, batch: pa.RecordBatch) -> None:
        tokens, facts = batch["tokens"], batch["facts"]
        rows = batch.select(["id", "source", "corpus", "split", "rows"]).to_pylist()
        for i, row in enumerate(rows):
            self.pieces.append(Piece(**row, _facts=facts, _index=i))
            self._batch_of.append(len(self._tokens))
        self._offsets += tokens.offsets.to_pylist()[:-1]
        self._tokens.append(tokens.values.values.to_numpy().reshape(-1, NUM_ATTRIBUTES))


def read_shard(path: Path, *, is_checked: bool = False) -> list[pa.RecordBatch]:
    """The batches of a shard, memory-mapped and checked.

    is_checked: it has been read before, and need not be checked again.
    Raises CorpusError where it is damaged, or not of this split.
    """
    try:
        check_regular(path)
        with pa.memory_map(str(path)) as file:
            reader = pa.ipc.open_file(file)
            if not reader.schema.equals(SCHEMA):
                raise CorpusError("it lacks the columns of a shard")
            batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
        for batch in () if is_checked else batches:
            check_batch(batch, split=path.name.split("-")[0])
    except (OSError, pa.ArrowException, CorpusError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise CorpusError(f"{path} cannot be read: {reason}; build the corpus again") from None
    return batches


def read_summary(folder: Path) -> dict[str, Any]:
    """The contents of `corpus.json`.

    Raises CorpusError where there is none, or of another format or vocabulary.
    """
    path = folder / SUMMARY
    try:
        summary = json.loads(read_regular(path, MAX_SUMMARY_BYTES))
    except FileNotFoundError:
        raise CorpusError(
            f"{folder} holds no token shards: {SUMMARY} is missing; "
            "make them with `amadeus corpus build DIR --out SHARDS`"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"{path} cannot be read: {reason}; build the corpus again") from None
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise CorpusError(
            f"{path} does not describe token shards of format {FORMAT}; build the corpus again"
        )
    if summary.get("vocabulary") != fingerprint():
        raise CorpusError(
            f"{path} was made with vocabulary {str(summary.get('vocabulary'))[:40]!r}, this "
            f"version has {fingerprint()!r}; build the corpus again"
        )
    if not _is_complete(summary):
        raise CorpusError(f"{path} does not list its shards and pieces; build the corpus again")
    return summary


def _is_complete(summary: dict[str, Any]) -> bool:
    names, skipped = summary.get("shards"), summary.get("skipped")
    return (
        isinstance(names, list)
        and all(isinstance(name, str) and SHARD_NAME.fullmatch(name) for name in names)
        and all(type(summary.get(count)) is int for count in ("pieces", "rows"))
        and isinstance(skipped, dict)
        and all(type(count) is int for count in skipped.values())
    )


def _write_csv(path: Path, skipped: Iterable[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "reason"))
        writer.writerows(skipped)
