"""Texts of MIDI files, whose encoding no file names."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KANA = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")


def guess_encoding(texts: Iterable[bytes]) -> str:
    """The encoding of all texts of a file: UTF-8 and Shift-JIS where they can be, else Latin-1."""
    together = b"\n".join(text for text in texts if not text.isascii())
    if not together:
        return "utf-8"
    try:
        together.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        decoded = together.decode("cp932")
    except UnicodeDecodeError:
        return "cp1252"
    # Any accented letter can be half of a Japanese one, but real Japanese has kana or kanji,
    # and more of them than half-width letters.
    if len(_KANA.findall(decoded)) > len(_HALF_WIDTH.findall(decoded)):
        return "cp932"
    return "cp1252"


def decode_text(text: bytes, encoding: str) -> str:
    """A text as it can be read; bytes without meaning are shown as Latin-1 letters."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", errors="replace")
    try:
        return text.decode(encoding)
    except UnicodeDecodeError:
        return text.decode("latin-1")
