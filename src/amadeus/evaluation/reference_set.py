"""Real music to compare with: a shard folder's pieces, or the MIDI files of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amadeus.errors import ConfigError
from amadeus.evaluation.openings import opening
from amadeus.evaluation.pieces import Piece, Progress, read_folder
from amadeus.music.score import Score
from amadeus.reports.provenance import hash_of_list
from amadeus.tokens import decode, encode


@dataclass(frozen=True, slots=True)
class RealMusic:
    """Real pieces."""

    source: Path
    ids: Sequence[str]
    """What names the contents of each."""
    broken: Sequence[Piece]
    """Files that cannot be read; they do not count."""
    _read: Callable[[int], np.ndarray | Score]
    """Tokens or the score of a piece, by its place among the ids."""

    def __len__(self) -> int:
        return len(self.ids)

    def scores(self, progress: Progress = lambda *_: None) -> Iterator[Score]:
        """Every piece, one after another, through tokens as openings are."""
        for place in range(len(self)):
            progress(place, len(self))
            music = self._read(place)
            yield decode(encode(music) if isinstance(music, Score) else music)

    def openings(self, bars: int, most: int, progress: Progress = lambda *_: None) -> list[Score]:
        """The first `bars` bars of the pieces that are long enough, `most` at most, spread evenly.

        Raises ConfigError where fewer than two have.
        """
        chosen = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(int))
        found = []
        for done, index in enumerate(chosen):
            progress(done, len(chosen))
            if (opened := opening(self._read(index), bars)) is not None:
                found.append(opened)
        if len(found) < 2:
            raise ConfigError(f"{self.source}: no two pieces have {bars} bars; ask for fewer")
        return found

    def __str__(self) -> str:
        """For provenance."""
        return f"{len(self):,} pieces, SHA-256 of their hashes {hash_of_list(self.ids)}"


def open_music(source: Path, split: str, progress: Progress = lambda *_: None) -> RealMusic:
    """The pieces of a shard folder that are in a split, or all MIDI files of another folder.

    Raises CorpusError for shards that cannot be read, ConfigError where there are no pieces.
    """
    if any(source.glob("*.arrow")):
        from amadeus.corpus.shards import Shards

        shards = Shards(source, split)
        if not len(shards):
            raise ConfigError(f"{source} holds no pieces of the {split} split; give other shards")
        ids = [piece.id for piece in shards.pieces]
        return RealMusic(source, ids, (), shards.tokens)
    pieces = read_folder(source, progress=progress)
    broken = [piece for piece in pieces if piece.problem]
    scores = {piece.sha256: piece.music for piece in pieces if piece.music is not None}
    return RealMusic(source, list(scores), broken, list(scores.values()).__getitem__)
