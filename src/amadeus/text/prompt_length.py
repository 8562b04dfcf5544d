"""Readers of length: numbers of bars, and minutes and seconds."""

from __future__ import annotations

import re

from amadeus.errors import ConfigError
from amadeus.text.prompt_readers import Found
from amadeus.text.prompt_text import Unread
from amadeus.text.prompt_words import NUMBER, START, read_number

MAX_BARS = 1000
MAX_SECONDS = 3600.0

_PART = (
    r"(?:intro|outro|ending|coda|phrase|fill|break|bridge|turnaround|verse|chorus|hook|drop"
    r"|section|part|riff|vamp|interlude|pre-chorus)"
)
_BARS = re.compile(
    rf"{START}(?P<count>{NUMBER})[\s-]{{0,2}}(?:bars?|measures?)\b"
    rf"(?![\s-](?:long\s)?(?:(?:of|for)\s)?(?:the\s|an?\s)?{_PART}"
    r"|[\s-](?:rest|cycle|at\sa\stime|each|apart|later)"
    r"|\sof\s(?:rest|silence|gold|silver|chocolate|soap|candy|metal|iron|steel|light)\b"
    r"|\s(?:(?:loop|pattern),?\s)?(?:repeat|loop)(?:ed|ing|s)\b)",
    re.IGNORECASE,
)
_BARS_FIRST = re.compile(
    r"\b(?:bars|measures|length)\s?[:=]\s?(?P<count>[0-9]{1,6})(?![\w.:/])(?!\s?(?:s|min))",
    re.IGNORECASE,
)
_INEXACT = re.compile(
    rf"(?:\b(?:every|each|first|last|next|final|after|per|another|until|than|least|most|up\sto"
    rf"|repeat(?:ed|ing)?|looped|under|over|within|before|not"
    rf"|(?<!brass\s)(?<!string\s)(?<!horn\s)(?<!wind\s)(?<!rhythm\s)(?:solo|{_PART})s?(?:\s(?:of|is|lasts|for|with))?"
    rf"|{NUMBER}\s(?:to|or|and))\s(?:the\s|an?\s)?|[0-9]\s?-\s?)$",
    re.IGNORECASE,
)

# "Wait a minute" is no length.
_A_MINUTE = (
    r"(?:(?<=about\s)|(?<=around\s)|(?<=lasting\s)"
    r"|(?=a\smin(?:ute)?[\s-](?:long|and\sa\shalf|of|in\slength)))a"
)
_HALF = r"\s(?P<half>and\sa\shalf)"
_MINUTES = re.compile(
    rf"{START}(?:(?P<count>{NUMBER}|{_A_MINUTE}|half\sa)(?:{_HALF})?[\s-]{{0,2}}min(?:ute)?s?\b\.?"
    rf"(?:{_HALF.replace('half>', 'late>')})?"
    rf"(?:,?\s(?:and\s)?(?P<rest>{NUMBER})[\s-]?sec(?:ond)?s?\b)?)"
    r"(?!\swaltz)",
    re.IGNORECASE,
)
_SECONDS = re.compile(rf"{START}(?P<count>{NUMBER})[\s-]{{0,2}}sec(?:ond)?s?\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:\b(?:length|duration|lasting|lasts|about|around|runs)\s?[:=]?\s?)?"
    r"(?<![\w:./])(?P<count>[0-9]{1,2}):(?P<rest>[0-5][0-9])(?![\w:/])(?P<long>\s(?:long|min))?",
    re.IGNORECASE,
)
_PART_FOLLOWS = re.compile(
    rf"[\s-](?:long\s)?(?:of\s(?:silence|rest)|{_PART}|later|in\b|before|into|apart|ago"
    r"|to\s(?:midnight|go))",
    re.IGNORECASE,
)
_LEAST_SECONDS = 5


def read_bars(unread: Unread) -> list[Found[int]]:
    """Numbers of bars of the whole piece: not of its intro, and not "8 to 16"."""
    found = []
    for pattern in (_BARS, _BARS_FIRST):
        for match in unread.matches(pattern):
            count = read_number(match["count"])
            if unread.is_after(_INEXACT, match.start()) or count % 1:
                continue
            span = unread.claim(*match.span())
            if not 1 <= count <= MAX_BARS:
                raise ConfigError(f"the prompt asks for {span.text!r}; choose 1 to {MAX_BARS} bars")
            found.append(Found(int(count), span))
    return found


def read_seconds(unread: Unread) -> list[Found[float]]:
    """Lengths of the whole piece in seconds: "two and a half minutes", "90 seconds", "1:30 long".

    A second or two are no piece, and "two second violins" no length.
    """
    found = []
    for pattern in (_MINUTES, _SECONDS, _CLOCK):
        for match in unread.matches(pattern):
            seconds = _seconds(match)
            inexact = unread.is_after(_INEXACT, match.start())
            if inexact or seconds < _LEAST_SECONDS or _PART_FOLLOWS.match(unread.left, match.end()):
                continue
            # A clock time alone is a time of day, or a bar and beat.
            if pattern is _CLOCK and match[0][0].isdigit() and not match["long"]:
                continue
            span = unread.claim(*match.span())
            if seconds > MAX_SECONDS:
                raise ConfigError(
                    f"the prompt asks for {span.text!r}; choose at most {MAX_SECONDS:g} seconds"
                )
            found.append(Found(seconds, span))
    return found


def _seconds(match: re.Match[str]) -> float:
    """What a phrase of minutes or seconds comes to."""
    groups = match.groupdict()
    words = groups["count"].lower()
    count = {"a": 1.0, "half a": 0.5}.get(words) or read_number(words)
    if groups.get("half") or groups.get("late"):
        count += 0.5
    rest = read_number(groups["rest"]) if groups.get("rest") else 0.0
    return count * (1 if match.re is _SECONDS else 60) + rest
