"""SoundFont 2 files as tables: presets, instruments, zones and recordings.

The tables are checked when a file is opened, so that every index in them points to something. The
recordings stay on disk until they are played.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from amadeus.errors import ScoreError
from amadeus.music.limits import Limits

PRESET = np.dtype(
    [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")]
)
INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
GENERATOR = np.dtype([("kind", "<u2"), ("amount", "<i2")])
MODULATOR = np.dtype(
    [("source", "<u2"), ("kind", "<u2"), ("amount", "<i2"), ("scale", "<u2"), ("curve", "<u2")]
)
SAMPLE = np.dtype(
    [
        *(("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4")),
        *(("loop_end", "<u4"), ("rate", "<u4"), ("root", "u1"), ("cents", "i1")),
        *(("link", "<u2"), ("kind", "<u2")),
    ]
)
INSTRUMENT_ID, SAMPLE_ID = 41, 53
"""The generators that name an instrument, in a preset, and a recording, in an instrument."""

_TABLES = {
    "phdr": PRESET, "pbag": BAG, "pgen": GENERATOR, "inst": INSTRUMENT, "ibag": BAG,
    "igen": GENERATOR, "pmod": MODULATOR, "imod": MODULATOR, "shdr": SAMPLE,
}  # fmt: skip
_MOST_ROWS = 2**16
"""Rows that 16-bit indices can reach."""
_COMPRESSED = 0x10


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The tables of a SoundFont; the last row of each only marks its end."""

    presets: np.ndarray
    """PRESET [P + 1]; `bag` is the first zone of each."""
    instruments: np.ndarray
    """INSTRUMENT [I + 1]."""
    bags: dict[str, np.ndarray]
    """BAG: the zones of presets ("p") and of instruments ("i")."""
    generators: dict[str, np.ndarray]
    """GENERATOR, by the same names."""
    modulators: dict[str, np.ndarray]
    """MODULATOR, by the same names."""
    headers: np.ndarray
    """SAMPLE [S + 1]."""
    samples: np.ndarray
    """int16 [n], mapped from the file."""


def read_tables(path: Path, limits: Limits) -> Tables:
    """Open a SoundFont. Raises ScoreError if it is none, damaged, or beyond the limits."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ScoreError(f"{path}: not a regular file; choose an .sf2 file")
        limits.check("soundfont_bytes", status.st_size)
        with open(path, "rb") as file:
            return _read(file, path, status.st_size)
    except FileNotFoundError:
        raise ScoreError(f"{path}: no such SoundFont; check the path") from None
    except OSError as error:
        raise ScoreError(f"{path}: cannot be read ({error.strerror}); check the path") from None


def _read(file: BinaryIO, path: Path, size: int) -> Tables:
    chunks = _chunks(file, size)
    tables = {}
    for name, dtype in _TABLES.items():
        begin, length = chunks.get(name.encode(), (0, 0))
        rows, rest = divmod(length, dtype.itemsize)
        if not rows or rest:
            raise ScoreError(f"{path}: not a SoundFont 2 file; choose an .sf2 file")
        if rows > _MOST_ROWS:
            raise ScoreError(
                f"{path}: {rows:,} rows of {name!r} exceed the {_MOST_ROWS:,} that SoundFont 2 "
                "allows; choose another SoundFont"
            )
        file.seek(begin)
        tables[name] = np.frombuffer(file.read(length), dtype)
    _check_indices(tables, path)
    if (tables["shdr"]["kind"] & _COMPRESSED).any():
        raise ScoreError(f"{path}: compressed (SF3); convert it to SF2 with a SoundFont editor")
    begin, length = chunks.get(b"smpl", (0, 0))
    if length < 2:
        raise ScoreError(f"{path}: contains no recordings; choose another SoundFont")
    return Tables(
        presets=tables["phdr"],
        instruments=tables["inst"],
        bags={"p": tables["pbag"], "i": tables["ibag"]},
        generators={"p": tables["pgen"], "i": tables["igen"]},
        modulators={"p": tables["pmod"], "i": tables["imod"]},
        headers=tables["shdr"],
        samples=np.memmap(path, "<i2", "r", begin, (length // 2,)),
    )


def _chunks(file: BinaryIO, size: int) -> dict[bytes, tuple[int, int]]:
    """Where the data of each chunk of a RIFF file begins, and its length; lists are unfolded.

    Empty if the file is no SoundFont. A chunk that the file cuts off ends with the file.
    """
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        return {}
    chunks: dict[bytes, tuple[int, int]] = {}
    position = 12
    # INFO has a dozen chunks and the rest as many; more are no SoundFont.
    while position + 8 <= size and len(chunks) < 100:
        file.seek(position)
        name, length = file.read(4), int.from_bytes(file.read(4), "little")
        position += 8
        if name == b"LIST":
            position += 4
            continue
        chunks.setdefault(name, (position, min(length, size - position)))
        position += length + length % 2
    return chunks


def _check_indices(tables: dict[str, np.ndarray], path: Path) -> None:
    """Raise ScoreError unless every index points to a row."""
    for owner, index, owned in (
        ("phdr", "bag", "pbag"), ("inst", "bag", "ibag"),
        ("pbag", "generator", "pgen"), ("ibag", "generator", "igen"),
        ("pbag", "modulator", "pmod"), ("ibag", "modulator", "imod"),
    ):  # fmt: skip
        starts = tables[owner][index].astype(np.int64)
        # Past the last row there may be the row that marks the end, or none.
        if (np.diff(starts) < 0).any() or starts[-1] > len(tables[owned]):
            raise ScoreError(f"{path}: damaged in {owner!r}; choose another SoundFont")
    for level, kind, target in (("pgen", INSTRUMENT_ID, "inst"), ("igen", SAMPLE_ID, "shdr")):
        generators = tables[level]
        named = generators["amount"][generators["kind"] == kind].astype(np.uint16)
        if len(named) and named.max() >= len(tables[target]) - 1:
            raise ScoreError(f"{path}: damaged in {level!r}; choose another SoundFont")
