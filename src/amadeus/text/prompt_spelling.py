"""Spellings: signs, fractions and abbreviations as the readers of prompts expect them."""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from fractions import Fraction

from amadeus.text.prompt_text import Rule

_SIGNS = {
    "♯": "#", "♭": "b", "’": "'", "‘": "'", "‐": "-", "‑": "-", "‒": "-", "–": "-",
    "—": "-", "−": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "“": '"',
    "”": '"', "，": ",", "、": ",", "。": ".", "；": ";", "：": ":", "（": "(", "）": ")",
    "／": "/", "＝": "=", "？": "?", "！": "!", "⁄": "/", "→": "->",
    **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
}  # fmt: skip
_VULGAR = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8"}


def _decimal(match: re.Match[str]) -> str:
    """ "1 1/2 min" as "1.5 min", "1/2 h" as "0.5 h"."""
    whole = int(match["whole"] or 0)
    value = whole + Fraction(int(match["over"]), int(match["under"]))
    return f"{float(value):.3f}".rstrip("0").rstrip(".")


SPELLING: tuple[Rule, ...] = (
    (re.compile("[" + re.escape("".join(_SIGNS)) + "]"), lambda match: _SIGNS[match[0]]),
    (re.compile("[" + "".join(_VULGAR) + "]"), lambda match: f" {_VULGAR[match[0]]}"),
    (
        re.compile(
            r"(?<![\w./-])(?:(?P<whole>[0-9]{1,3})(?:\s+|-|\s+and\s+))?(?P<over>[1-9])/(?P<under>[2-8])"
            r"(?:\s+of\s+an?(?=\s))?(?=[\s-]*(?:min|sec|hour|h\b))",
            re.IGNORECASE,
        ),
        _decimal,
    ),
    (re.compile(r"\bw/(?:o\b|out\b)", re.IGNORECASE), "without"),
    (  # "4 x 8 bars" as "32 bars"
        re.compile(
            r"(?<![\w.])([0-9]{1,3})\s?(?:x|×|times)\s?([0-9]{1,3})(?=[\s-]?(?:bar|measure))"
        ),
        lambda match: str(int(match[1]) * int(match[2])),
    ),
    (
        re.compile(r"(?<![\w.])([0-9]{1,3})[\s-]?(bars|measures)\s?(?:x|×|times)\s?([0-9]{1,3})\b"),
        lambda match: f"{int(match[1]) * int(match[3])} {match[2]}",
    ),
    (
        re.compile(r"(?<![\w.])([0-9]+)\s?\+(?=[\s-]?(?:bar|measure|min|sec))"),
        r"at least \1",
    ),
    (re.compile(r"(?<=\w )-(?=[a-z]{3})", re.IGNORECASE), "without "),  # "rock -drums"
    (re.compile(r"\bw/(?=\s|\w{3})", re.IGNORECASE), "with "),
)
"""Rules for `Unread`, in order."""
