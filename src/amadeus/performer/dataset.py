"""Examples for the network, from corpora of scores and performances.

`asap` has scores with performances, which are aligned; `groove-drums` was played to a click; pieces
of `piano-midi-de` and `freemidi` are on the grid, but have velocities, and the first tempos, too.

A folder of corpora holds `manifest.csv` (or .csv.xz) with one row per MIDI file: `corpus`, `file`
(its path in the folder), `title`, `composer_or_artist` and `labels` separated by semicolons.
"""

from __future__ import annotations

import csv
import lzma
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from amadeus.errors import CorpusError, ScoreError
from amadeus.music.midi import read_midi
from amadeus.music.score import Score
from amadeus.performer.alignment import align_notes
from amadeus.performer.attributes import ATTRIBUTES, GENRES, MOST_OFFSET
from amadeus.performer.features import NoteTable, features_of
from amadeus.performer.targets import measure_performance, measure_written, quantize_drums

_GENRE_OF_LABEL = {
    "classical period": "classical", "20th century": "modern", "impressionist": "modern",
    "soul": "funk", "neworleans": "funk", "reggae": "latin", "afrocuban": "latin",
    "afrobeat": "latin", "punk": "rock", "dance": "pop",
}  # fmt: skip
HELD_OUT = ("Haydn", "Schubert", "Ravel", "Scriabin", "Mozart")
"""Composers whose pieces are only used to evaluate."""
_HELD_OUT_MARKS = ("hay", "schub", "rav", "scri", "moz")
_LEAST_MATCHED = 0.75
"""The least share of matched notes of a performance that is used."""
_LEAST_NOTES = 64

Row = dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A piece: what the network reads of it, and what was played. N notes."""

    name: str
    genre: int
    """Index in GENRES."""
    features: np.ndarray
    """float16 [N, NUM_FEATURES]."""
    pitch: np.ndarray
    """uint8 [N]."""
    family: np.ndarray
    """uint8 [N]."""
    targets: np.ndarray
    """Bins of `ATTRIBUTES`, -1 for unknown ones, int8 [N, 5]."""
    is_held_out: bool
    onset: np.ndarray
    """In quarter notes, float64 [N]."""

    @property
    def table(self) -> NoteTable:
        """The notes, as far as `sampling.predict` reads them."""
        nothing = np.zeros(len(self.onset), np.int64)
        return NoteTable(
            part=nothing,
            row=nothing,
            onset=self.onset,
            duration=nothing.astype(float),
            pitch=self.pitch.astype(np.int64),
            velocity=nothing,
            family=self.family.astype(np.int64),
            group=np.cumsum(np.diff(self.onset, prepend=self.onset[:1]) > 0),
        )

    @property
    def values(self) -> np.ndarray:
        """The targets as numbers, NaN for unknown ones, float64 [N, 5]."""
        bins = self.targets.astype(np.int64)
        columns = [
            np.where(own >= 0, attribute.centres[own], np.nan)
            for attribute, own in zip(ATTRIBUTES, bins.T, strict=True)
        ]
        return np.stack(columns, 1)

    @classmethod
    def of(
        cls, name: str, genre: str, score: Score, targets: np.ndarray, is_held_out: bool = False
    ) -> Example:
        """targets: float64 [N, 5]."""
        table = NoteTable.of(score)
        targets = targets.copy()
        targets[np.abs(targets[:, 1]) > MOST_OFFSET, 1] = np.nan
        bins = [a.encode(targets[:, i]) for i, a in enumerate(ATTRIBUTES)]
        return cls(
            name=name,
            genre=GENRES.index(genre),
            features=features_of(score, table).astype(np.float16),
            pitch=table.pitch.astype(np.uint8),
            family=table.family.astype(np.uint8),
            targets=np.stack(bins, 1).astype(np.int8),
            is_held_out=is_held_out,
            onset=table.onset,
        )


def read_manifest(folder: Path) -> list[Row]:
    """The rows of the manifest of a folder. Raises CorpusError if there is none."""
    for name, opener in (("manifest.csv", open), ("manifest.csv.xz", lzma.open)):
        if (path := folder / name).is_file():
            with opener(path, "rt", encoding="utf-8", newline="") as file:  # type: ignore[operator]
                return list(csv.DictReader(file))
    raise CorpusError(f"{folder} has no manifest.csv; name the folder of unpacked corpora")


def genre_of(labels: str) -> str:
    """The genre of a row of the manifest, by its labels; empty if there is none."""
    for label in reversed(labels.lower().split(";")):
        if (genre := _GENRE_OF_LABEL.get(label, label)) in GENRES and label != "classical":
            return genre
    return ""


def aligned_pairs(rows: list[Row]) -> Iterator[tuple[Row, list[Row]]]:
    """The score of each piece of `asap`, and its performances."""
    pieces: dict[tuple[str, str], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for row in rows:
        if row["corpus"] == "asap":
            is_played = "performance" in row["labels"].split(";")
            pieces[row["composer_or_artist"], row["title"]][is_played].append(row)
    for scores, played in pieces.values():
        if scores and played:
            yield scores[0], played


def aligned_examples(folder: Path, rows: list[Row]) -> Iterator[Example]:
    """Performances of `asap`, note by note."""
    for row, performances in aligned_pairs(rows):
        score = read_midi(folder / row["file"])
        table = NoteTable.of(score)
        for performance in performances:
            targets = aligned_targets(score, table, read_midi(folder / performance["file"]))
            if np.isfinite(targets[:, 0]).mean() >= _LEAST_MATCHED:
                composer = row["composer_or_artist"]
                name = f"{composer}: {row['title']} ({performance['id']})"
                genre = genre_of(row["labels"])
                yield Example.of(name, genre, score, targets, composer in HELD_OUT)


def aligned_targets(score: Score, table: NoteTable, played: Score) -> np.ndarray:
    """The attributes of one performance of a score, float64 [N, 5]."""
    heard = NoteTable.of(played)
    seconds = played.ticks_to_seconds(heard.onset * played.ticks_per_quarter)
    matched = align_notes(table.onset, table.pitch, seconds, heard.pitch)
    return measure_performance(score, table, played, matched)


def drum_examples(folder: Path, rows: list[Row]) -> Iterator[Example]:
    """Drums of `groove-drums`, which were played to a click."""
    own = [row for row in rows if row["corpus"] == "groove-drums"]
    for number, row in enumerate(own):
        score, targets = quantize_drums(read_midi(folder / row["file"]))
        if len(targets) >= _LEAST_NOTES:
            name = f"drums: {row['title']} ({row['id']})"
            yield Example.of(name, genre_of(row["labels"]), score, targets, number % 10 == 0)


def written_examples(folder: Path, rows: list[Row], corpus: str, most: int) -> Iterator[Example]:
    """Expressive sequences on the grid, at most `most` of a corpus, evenly spread."""
    own = [row for row in rows if row["corpus"] == corpus and row["split"] == "train"]
    if corpus == "piano-midi-de":
        own = [row for row in own if not _is_held_out(row)]
    for i in np.unique(np.linspace(0, len(own) - 1, min(most, len(own))).astype(int)).tolist():
        try:
            score = read_midi(folder / own[i]["file"])
        except ScoreError:
            continue
        targets = measure_written(score, NoteTable.of(score))
        if np.isfinite(targets[:, 0]).sum() >= _LEAST_NOTES:
            yield Example.of(
                f"{corpus}: {own[i]['id']}", genre_of(own[i]["labels"]), score, targets
            )


def _is_held_out(row: Row) -> bool:
    words = f"{row['title']} {row['composer_or_artist']}".lower()
    return any(mark in words for mark in _HELD_OUT_MARKS)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Examples of one kind."""

    name: str
    share: float
    """Share of the training excerpts."""
    examples: Callable[[Path, list[Row]], Iterator[Example]]


SOURCES = (
    Source("asap", 0.6, aligned_examples),
    Source("groove-drums", 0.15, drum_examples),
    Source("piano-midi-de", 0.12, partial(written_examples, corpus="piano-midi-de", most=300)),
    Source("freemidi", 0.13, partial(written_examples, corpus="freemidi", most=500)),
)
