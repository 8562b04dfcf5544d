"""Manifests: labels, splits and licences of the files of a corpus."""

from __future__ import annotations

import csv
import io
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from amadeus.errors import CorpusError
from amadeus.files import read_regular
from amadeus.profile.labels import read_labels

LICENCE_CLASSES = ("open", "nc", "stated", "unclear")
"""Openly licensed, non-commercial, licensed by somebody who may not own the songs, unknown."""
SPLITS = ("train", "validation")
MAX_MANIFEST_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a file before it is opened."""

    title: str = ""
    composer: str = ""
    """Composer or artist."""
    labels: tuple[str, ...] = ()
    licence: str = ""
    licence_class: str = "unclear"
    """One of LICENCE_CLASSES."""
    performed: bool = False
    """Played against no beat, so that bars and tempo mean nothing."""
    split: str = ""
    """One of SPLITS, or empty: to be decided."""


class Manifest:
    """Rows of a manifest, by the file they speak of."""

    def __init__(self, rows: Mapping[str, Mapping[str, str]]) -> None:
        self._rows = rows

    def find(self, top: str, inside: str) -> tuple[str, About]:
        """The name of a file, and what is known of it.

        top: name of the folder, archive or list that was given; inside: path of the file below it.
        Raises CorpusError for a licence class or split that does not exist.
        """
        full = inside if inside.startswith(f"{top}/") else f"{top}/{inside}"
        parts = inside.split("/")
        # A list or a folder may name more folders than the manifest does.
        tails = ("/".join(parts[i:]) for i in range(1, len(parts) - 1))
        for name in (inside, full, *tails):
            if name in self._rows:
                return name, _about(name, self._rows[name])
        return full, About()


def read_manifest(path: Path) -> Manifest:
    """A CSV (or CSV.xz) table with the column `file` and any of the columns `title`,
    `composer_or_artist`, `labels` (separated by ";"), `licence`, `licence_class`, `performed` ("1")
    and `split`.

    Raises CorpusError where it cannot be read.
    """
    try:
        data = read_regular(path, MAX_MANIFEST_BYTES)
        text = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8-sig")
        table = csv.DictReader(io.StringIO(text, newline=""))
        if "file" not in (table.fieldnames or ()):
            raise CorpusError(f"manifest {path} cannot be read: it has no column `file`")
        return Manifest({row["file"]: row for row in table})
    except (OSError, lzma.LZMAError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"manifest {path} cannot be read: {reason}") from None


def _about(file: str, row: Mapping[str, str | None]) -> About:
    def value(column: str) -> str:
        return (row.get(column) or "").strip()

    labels = tuple(filter(None, (label.strip() for label in value("labels").split(";"))))
    about = About(
        title=value("title"),
        composer=value("composer_or_artist"),
        labels=labels,
        licence=value("licence"),
        licence_class=value("licence_class") or "unclear",
        performed=value("performed") == "1" or read_labels(labels).is_performed,
        split=value("split"),
    )
    _check(file, "licence_class", about.licence_class, LICENCE_CLASSES)
    _check(file, "split", about.split, ("", *SPLITS))
    return about


def _check(file: str, column: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        choices = ", ".join(filter(None, allowed))
        raise CorpusError(f"the manifest says {column} {value!r} of {file}; choose from {choices}")
