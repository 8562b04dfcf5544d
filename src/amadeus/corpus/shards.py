"""Shards: a folder of token arrays, memory-mapped, and what is known of each piece.

corpus.json         format, vocabulary, counts, files skipped by reason
tokens-00000.npy    uint16 [rows, A], pieces one after another
pieces-00000.jsonl  one piece a line: id, source, split, first row, number of rows, facts
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amadeus.errors import CorpusError
from amadeus.files import write_atomically
from amadeus.tokens.tokenizer import TOKEN_DTYPE
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, fingerprint

SUMMARY = "corpus.json"
FORMAT = 1
ROWS_PER_SHARD = 4_000_000
PACKAGED_VALIDATION = Path(__file__).parents[1] / "data" / "validation"
"""Openly licensed pieces that come with the package and that no model was trained on."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a corpus."""

    id: str
    """First 12 hex digits of the SHA-1 of the MIDI file."""
    source: str
    """Where it came from: folder and file name."""
    split: str
    """"train" or "validation"."""
    offset: int
    """First row in its shard."""
    rows: int
    """Number of rows, START and END included."""
    facts: dict[str, Any]
    """`amadeus.text.facts.Facts.to_dict()`."""


class ShardWriter:
    """Collects pieces and writes a shard whenever it is full."""

    def __init__(self, folder: Path, rows_per_shard: int = ROWS_PER_SHARD) -> None:
        self.folder = folder
        self.rows_per_shard = rows_per_shard
        self.num_shards = self.num_pieces = self.num_rows = 0
        self._tokens: list[np.ndarray] = []
        self._pieces: list[Piece] = []
        self._rows = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, tokens: np.ndarray, **about: Any) -> None:
        """tokens: uint16 [N, A]; about: the fields of Piece but offset and rows."""
        self._pieces.append(Piece(offset=self._rows, rows=len(tokens), **about))
        self._tokens.append(tokens.astype(TOKEN_DTYPE))
        self._rows += len(tokens)
        if self._rows >= self.rows_per_shard:
            self._flush()

    def close(self, skipped: dict[str, int]) -> None:
        """Write what is left and the summary, which makes the folder a corpus."""
        self._flush()
        summary = {
            "format": FORMAT,
            "vocabulary": fingerprint(),
            "shards": self.num_shards,
            "pieces": self.num_pieces,
            "rows": self.num_rows,
            "skipped": skipped,
        }
        text = json.dumps(summary, indent=2) + "\n"
        write_atomically(self.folder / SUMMARY, lambda p: p.write_text(text, encoding="utf-8"))

    def _flush(self) -> None:
        if not self._pieces:
            return
        tokens = np.concatenate(self._tokens)
        lines = "".join(json.dumps(asdict(piece)) + "\n" for piece in self._pieces)
        name = f"{self.num_shards:05d}"

        def save(path: Path) -> None:
            with path.open("wb") as file:
                np.save(file, tokens)

        write_atomically(self.folder / f"tokens-{name}.npy", save)
        write_atomically(
            self.folder / f"pieces-{name}.jsonl", lambda p: p.write_text(lines, encoding="utf-8")
        )
        self.num_shards += 1
        self.num_pieces += len(self._pieces)
        self.num_rows += len(tokens)
        self._tokens, self._pieces, self._rows = [], [], 0


class Shards:
    """All pieces of a shard folder; tokens stay on disk until they are looked at."""

    def __init__(self, folder: Path, split: str | None = None) -> None:
        """split: keep only the pieces of this split.

        Raises CorpusError for a folder that holds no shards.
        """
        self.summary = read_summary(folder)
        self._arrays: list[np.ndarray] = []
        self.pieces: list[Piece] = []
        self._shard_of: list[int] = []
        for shard in range(self.summary["shards"]):
            try:
                array = np.load(folder / f"tokens-{shard:05d}.npy", mmap_mode="r")
                text = (folder / f"pieces-{shard:05d}.jsonl").read_text(encoding="utf-8")
                pieces = [Piece(**json.loads(line)) for line in text.splitlines()]
            except (OSError, ValueError, TypeError) as error:
                raise CorpusError(
                    f"shard {shard} of {folder} cannot be read: {error}; build the corpus again"
                ) from None
            if array.ndim != 2 or array.shape[1] != NUM_ATTRIBUTES:
                raise CorpusError(f"shard {shard} of {folder} has shape {array.shape}")
            self._arrays.append(array)
            kept = [p for p in pieces if split in (None, p.split)]
            self.pieces += kept
            self._shard_of += [shard] * len(kept)

    def __len__(self) -> int:
        return len(self.pieces)

    def tokens(self, index: int) -> np.ndarray:
        """Tokens of one piece, uint16 [N, A], not copied."""
        piece = self.pieces[index]
        array = self._arrays[self._shard_of[index]]
        return array[piece.offset : piece.offset + piece.rows]

    def sources(self) -> Iterable[str]:
        """Top folder of each piece's source."""
        return (piece.source.split("/")[0] for piece in self.pieces)


def read_summary(folder: Path) -> dict[str, Any]:
    """The contents of `corpus.json`.

    Raises CorpusError where there is none, or of another format or vocabulary.
    """
    path = folder / SUMMARY
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError(
            f"{folder} holds no token shards: {SUMMARY} is missing; "
            "make them with `amadeus corpus build DIR --out SHARDS`"
        ) from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from None
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise CorpusError(f"{path} does not describe token shards of format {FORMAT}")
    if summary.get("vocabulary") != fingerprint():
        raise CorpusError(
            f"{path} was made with vocabulary {summary.get('vocabulary')}, this version has "
            f"{fingerprint()}; build the corpus again"
        )
    return summary
