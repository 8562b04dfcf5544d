"""Notation files: MusicXML, MEI, Humdrum kern and ABC, recognised by what they contain."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from amadeus.errors import ScoreError
from amadeus.music.engraver import convert_to_midi
from amadeus.music.limits import LIMITS, Limits

NOTATION_SUFFIXES = (".musicxml", ".mxl", ".xml", ".mei", ".krn", ".abc")
"""How the names of notation files usually end."""
_NAMES = {"xml": "MusicXML", "mei": "MEI", "humdrum": "Humdrum", "abc": "ABC"}
_ROOT = re.compile(r"<(?:\w+:)?(score-partwise|score-timewise|mei|music)[\s>/]")
_KERN = re.compile(r"^\*\*\w", re.MULTILINE)
_ABC_NUMBER = re.compile(r"^X:", re.MULTILINE)
_ABC_KEY = re.compile(r"^K:", re.MULTILINE)
_ABC_TEMPO = re.compile(r"^Q:[^\n=]*?(\d+)/(\d+)\s*=\s*(\d+)", re.MULTILINE)
_INSIDE = re.compile(r'full-path\s*=\s*"([^"]+)"')
_ZIP = b"PK\x03\x04"
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_HEAD = 100_000
"""Characters in which the kind of a file shows; a licence may come first."""


def notation_as_midi(data: bytes, limits: Limits = LIMITS) -> bytes | None:
    """The MIDI file for the contents of a notation file; None if they are none.

    Repeats are played. Raises ScoreError for a damaged or too large file.
    """
    if data.startswith(_ZIP):
        data = _unzipped(data, limits)
        text = _decoded(data)
        kind = _kind(text)
        if kind is None:
            raise ScoreError("is a ZIP archive without MusicXML; unpack it")
    else:
        text = _decoded(data)
        kind = _kind(text)
        if kind is None:
            return None
    if kind == "abc":
        text = _ABC_TEMPO.sub(_in_quarters, text)
    try:
        return convert_to_midi(text.encode(), kind, limits)
    except ScoreError as error:
        raise ScoreError(f"is {_NAMES[kind]}, but {error}") from None


def _kind(text: str) -> str | None:
    """Verovio's name of the format of a text."""
    head = text[:_HEAD].lstrip()
    if head.startswith("<"):
        root = _ROOT.search(head)
        if root is None:
            return None
        return "xml" if root[1].startswith("score") else "mei"
    if head.startswith(("!", "*")) and _KERN.search(head):
        return "humdrum"
    if _ABC_NUMBER.search(head) and _ABC_KEY.search(head):
        return "abc"
    return None


def _in_quarters(tempo: re.Match[str]) -> str:
    """A tempo of ABC in quarter notes; Verovio takes any beat for a quarter."""
    numerator, denominator, bpm = map(int, tempo.groups())
    return f"Q:1/4={round(4 * numerator * bpm / max(1, denominator))}"


def _decoded(data: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or Latin-1."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _unzipped(data: bytes, limits: Limits) -> bytes:
    """The score in a compressed MusicXML file. Raises ScoreError if it is damaged or too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            name = next((n for n in names if _is_score(n)), "")
            if "META-INF/container.xml" in names:
                container = _member(archive, "META-INF/container.xml", limits)
                found = _INSIDE.search(_decoded(container))
                name = found[1] if found else name
            if name not in names:
                raise ScoreError("is a ZIP archive without MusicXML; unpack it")
            return _member(archive, name, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        raise ScoreError("is damaged or cut off; fetch or export it again") from None


def _is_score(name: str) -> bool:
    return name.endswith((".xml", ".musicxml")) and not name.startswith("META-INF/")


def _member(archive: zipfile.ZipFile, name: str, limits: Limits) -> bytes:
    """A file of an archive; no more is unpacked than the limit on files."""
    with archive.open(name) as file:
        data = file.read(min(limits.bytes, 2**40) + 1)
    limits.check("bytes", len(data))
    return data
