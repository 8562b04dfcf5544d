"""Readers of length: bars, beats, minutes and seconds, their bounds, and sections."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

from amadeus.errors import ConfigError
from amadeus.text.prompt_readers import Phrase, agreed
from amadeus.text.prompt_text import Unread
from amadeus.text.prompt_words import NUMBER, START, read_number

MAX_BARS = 1000
MAX_SECONDS = 3600.0
LEAST_SECONDS = 5
"""A second or two are no piece."""
LEAST_BEATS = 8

_PART = (
    r"(?:intro(?:duction)?|outro|ending|coda|phrase|fill|break|bridge|turnaround|verse|chorus|hook"
    r"|drop|section|part|riff|vamp|interlude|pre-?chorus|refrain|breakdown|build-?up)"
)
_HALF = r"[\s-]and[\s-]a[\s-]half"
_COUNT = (
    r"(?:(?:a\s+)?half(?:\s+an?)?(?=[\s-]+(?:min|hour))"
    r"|(?:(?:a|three)\s+)?quarters?\s+of\s+an?|a\s+couple\s+of|a\s+dozen|two\s+dozen"
    rf"|{NUMBER}(?:{_HALF})?)"
)
_FRACTIONS = {
    "half": 0.5, "a half": 0.5, "a quarter": 0.25, "quarter": 0.25, "three quarter": 0.75,
    "a couple": 2.0, "a dozen": 12.0, "two dozen": 24.0,
}  # fmt: skip
# "Wait a minute" is no length.
_A_MINUTE = (
    r"(?:(?<=about\s)|(?<=around\s)|(?<=lasting\s)|(?<=for\s)|(?<=than\s)|(?<=least\s)|(?<=most\s)"
    r"|(?=an?\s(?:min(?:ute)?|hour)(?:[\s-]long|\sand\sa\shalf|\sof\b|\sin\slength)))an?"
)
_LEAST = (
    r"(?:(?P<least>[0-9]{1,6}(?=\s?-|\s(?:to|or|and(?!\sa\shalf))\s)"
    rf"|{NUMBER}(?=\s(?:to|or)\s)|(?<=between\s){NUMBER}(?=\sand\s))(?:\s?-\s?|\s(?:to|or|and)\s))?"
)


@dataclass(frozen=True, slots=True)
class Length:
    """How long a piece is to be, in one unit: exactly, or between bounds."""

    unit: str
    """ "bars", "beats" or "seconds"."""
    low: float | None
    high: float | None
    """Equal to `low` for an exact length; None where there is no bound."""

    @property
    def exact(self) -> float | None:
        """The length itself, where it is not only bounded."""
        return self.low if self.low == self.high else None

    def __str__(self) -> str:
        if self.exact is not None:
            return f"{self.exact:g} {self.unit}"
        if self.low is None:
            return f"at most {self.high:g} {self.unit}"
        if self.high is None:
            return f"at least {self.low:g} {self.unit}"
        return f"{self.low:g} to {self.high:g} {self.unit}"


_MINUTES = (
    rf"(?P<hours>{_COUNT}|{_A_MINUTE})[\s-]{{0,2}}(?:hours?|hrs?|h)\b\.?"
    rf"|(?:(?P<minutes>{_COUNT}|{_A_MINUTE})[\s-]{{0,2}}min(?:ute)?s?\b\.?"
    r"|(?P<m>[0-9]{1,2})m(?=[0-9\s,;.)]|$)|(?P<prime>[0-9]{1,2})'(?=[0-9]))"
    rf"(?P<half>{_HALF})?"
    rf"(?:[\s,]*(?:and\s)?(?P<rest>{NUMBER})"
    r"[\s-]?(?:sec(?:ond)?s?\b|s\b|''|\"|(?=\s*(?:$|[,;.)]))))?"
)
# "The 90s" are a decade, and an 808 is a drum machine.
_SECONDS = (
    rf"(?P<seconds>{_COUNT})[\s-]{{0,2}}sec(?:ond)?s?\b\.?"
    r"|(?<!the\s)(?!808|909)(?P<s>[0-9]{1,3})(?:\ss|(?<![1-9]0)s|(?<=[0-9]{2}0)s|s(?=\slong))\b"
)
_CLOCK = (
    r"(?P<clock>[0-9]{1,2}):(?P<after>[0-5][0-9])(?![\w:/])"
    r"(?P<unit>[\s-]min(?:ute)?s?\b|\slong\b)?"
)
_TIME = re.compile(rf"{START}(?<![:/]){_LEAST}(?:{_CLOCK}|{_MINUTES}|{_SECONDS})", re.IGNORECASE)
_BARS = re.compile(
    rf"{START}{_LEAST}(?P<count>{_COUNT})[\s-]{{0,2}}"
    r"(?:bars?|measures?)\b"
    rf"(?![\s-](?:long\s)?(?:(?:of|for)\s)?(?:the\s|an?\s)?{_PART}s?\b"
    r"|[\s-](?:rest|cycle|at\sa\stime|each|apart|later)"
    r"|\sof\s(?:rest|silence|gold|silver|chocolate|soap|candy|metal|iron|steel|light)\b"
    r"|\s(?:(?:loop|pattern),?\s)?(?:repeat|loop)(?:ed|ing|s)\b)",
    re.IGNORECASE,
)
_BEATS = re.compile(
    rf"{START}(?P<count>{NUMBER})[\s-]{{0,2}}beats?\b"
    r"(?!\s?(?:/|per\b|of\b|rest|later|apart|pattern"
    r"|(?:(?:in\s|to\s)?(?:an?|the|each|every))\s(?:min|bar|measure)))",
    re.IGNORECASE,
)
_BARS_FIRST = re.compile(
    r"\b(?:bars|measures|length)\s?[:=]\s?(?P<count>[0-9]{1,6})(?![\w.:/])(?!\s?(?:s|min))",
    re.IGNORECASE,
)
_INEXACT = re.compile(
    r"(?:\b(?:every|each|first|next|final|after|per|another|until|repeat(?:ed|ing)?|looped"
    r"|(?<!it\s)(?<!to\s)(?<!should\s)(?<!must\s)(?<!will\s)(?<!that\s)last"
    r"|within|before|not"
    r"|(?<!brass\s)(?<!string\s)(?<!horn\s)(?<!wind\s)(?<!rhythm\s)"
    rf"(?:solo|{_PART})s?(?:\s(?:of|is|lasts|for|with))?"
    rf")\s(?:the\s|an?\s)?|[0-9]\s?-\s?)$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"\b(?:at\sleast|(?:no|not)\s(?:less|fewer|shorter)\sthan|over"
    r"|(?<!no\s)(?<!not\s)(?:more|longer)\sthan|min(?:imum)?(?:\sof)?)\s$",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"\b(?:at\smost|(?:no|not)\s(?:more|longer)\sthan|under|up\sto"
    r"|(?<!no\s)(?<!not\s)(?:less|fewer|shorter)\sthan|max(?:imum)?(?:\sof)?|below)\s$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\b(?:between|from)\s$", re.IGNORECASE)
_OR_MORE = re.compile(r"\s(?:or\s(?:more|longer)|minimum|at\sleast|\+)", re.IGNORECASE)
_OR_LESS = re.compile(r"\s(?:or\s(?:less|fewer|shorter)|maximum|at\smost|tops)\b", re.IGNORECASE)
_CLOCK_CUE = re.compile(
    r"\b(?:length|duration|lasting|lasts?|about|around|runs?|running(?:\stime)?|time|for|of|takes)"
    r"\s?[:=]?\s?$",
    re.IGNORECASE,
)
_LONGEST_TAG = 600.0
"""Seconds: a clock time alone between commas is a length up to here, and a time of day beyond."""
_PART_FOLLOWS = re.compile(
    rf"[\s-](?:long\s)?(?:(?:of\s)?(?:silence|rest)\b"
    rf"|(?:of\s)?(?:the\s|an?\s)?{_PART}s?\b|later|in\b"
    r"|before|into|apart|ago|to\s(?:midnight|go)|waltz|notes?\b|rests?\b)",
    re.IGNORECASE,
)
_SECTION = re.compile(
    rf"\b(?:(?P<early>{NUMBER})[\s-]{{0,2}}(?:bars?|measures?)\s?(?:long\s)?[\s-]?(?:(?:of|for)\s)?"
    rf"(?:the\s|an?\s)?(?P<part>{_PART})s?\b"
    rf"|{_PART}s?(?:\s?[:=]\s?|\s(?:of\s|is\s|lasts\s|for\s|with\s)?)(?P<late>{NUMBER})"
    r"(?P<unit>[\s-]{0,2}(?:bars?|measures?))?(?![\w%:/.]|\s?(?:bpm|min|sec|times|instr|voices)))",
    re.IGNORECASE,
)


def read_beats(unread: Unread) -> list[Phrase[Length]]:
    """Lengths in beats, from LEAST_BEATS on; before the idioms, which count beats, too."""
    phrases = []
    for match in unread.matches(_BEATS):
        length = _counted(match, "beats")
        if (length.low or 0) >= LEAST_BEATS and not unread.is_after(_INEXACT, match.start()):
            phrases.append(_bounded(unread, match, length))
    return phrases


def read_lengths(unread: Unread) -> list[Phrase[Length]]:
    """Every length of the whole piece: not of its intro, and not every 4 bars."""
    phrases = _read_sections(unread)
    for pattern in (_BARS, _BARS_FIRST):
        for match in unread.matches(pattern):
            length = _counted(match, "bars")
            if not unread.is_after(_INEXACT, match.start()) and (length.low or 0) % 1 == 0:
                phrases.append(_bounded(unread, match, length))
    for match in unread.matches(_TIME):
        length = Length("seconds", *_seconds(match))
        # "24 hours of rain" is no length.
        most = MAX_SECONDS if match["hours"] else inf
        known = length.low is not None and LEAST_SECONDS <= length.low <= most
        inexact = unread.is_after(_INEXACT, match.start())
        follows = _PART_FOLLOWS.match(unread.left, match.end())
        is_length = match["clock"] is None or _is_clock_length(unread, match)
        if known and is_length and not (inexact or follows):
            phrases.append(_bounded(unread, match, length))
    return phrases


def common_length(phrases: Iterable[Phrase[Length]], unit: str) -> Length | None:
    """The length in a unit that all phrases state; None where there is none.

    Raises ConfigError where two phrases contradict each other.
    """
    lengths = [p for p in phrases if p.value.unit == unit]
    what = "numbers of bars" if unit == "bars" else "lengths"
    exact = agreed(what, [p for p in lengths if p.value.exact is not None])
    if exact or not lengths:
        return exact
    lows = [p.value.low for p in lengths if p.value.low is not None]
    highs = [p.value.high for p in lengths if p.value.high is not None]
    return Length(unit, max(lows, default=None), min(highs, default=None))


def _counted(match: re.Match[str], unit: str) -> Length:
    high = _number(match["count"])
    least = match.groupdict().get("least")
    return Length(unit, min(_number(least), high) if least else high, high)


def _seconds(match: re.Match[str]) -> tuple[float, float]:
    """The least and the most seconds of a phrase of minutes and seconds."""
    groups = {name: text for name, text in match.groupdict().items() if text}
    if "clock" in groups:
        seconds = 60 * float(groups["clock"]) + float(groups["after"])
        return seconds, seconds
    worth = {"hours": 3600, "minutes": 60, "m": 60, "prime": 60, "seconds": 1, "s": 1}
    name = next(name for name in worth if name in groups)
    count = _number(groups[name]) + (0.5 if "half" in groups else 0)
    seconds = count * worth[name] + (_number(groups["rest"]) if "rest" in groups else 0)
    least = _number(groups["least"]) * worth[name] if "least" in groups else seconds
    return min(least, seconds), seconds


def _number(words: str) -> float:
    words = words.lower()
    if words in ("a", "an"):
        return 1.0
    for start, value in _FRACTIONS.items():
        if words.startswith(start):
            return value
    whole = re.sub(_HALF, "", words)
    return read_number(whole) + (0.5 if whole != words else 0.0)


def _bounded(unread: Unread, match: re.Match[str], length: Length) -> Phrase[Length]:
    """A length with the bounds that the words around it set."""
    start, end = match.span()
    before = unread.is_after(_AT_LEAST, start) or unread.is_after(_AT_MOST, start)
    after = _OR_MORE.match(unread.left, end) or _OR_LESS.match(unread.left, end)
    cue = before or after
    if cue and cue.re in (_AT_LEAST, _OR_MORE):
        length = replace(length, high=None)
    elif cue:
        length = replace(length, low=None)
    else:
        before = unread.is_after(_BETWEEN, start) if length.exact is None else None
    span = unread.claim(
        start - (len(before[0]) if before else 0), after.end() if after and not before else end
    )
    most = MAX_SECONDS if length.unit == "seconds" else MAX_BARS
    choice = f"1 to {MAX_BARS} bars" if most == MAX_BARS else f"at most {most:g} seconds"
    if length.unit != "beats" and not all(
        0 < bound <= most for bound in (length.low, length.high) if bound is not None
    ):
        raise ConfigError(f"the prompt asks for {span.text!r}; choose {choice}")
    return Phrase(length, span)


def _is_clock_length(unread: Unread, match: re.Match[str]) -> bool:
    """Whether "3:45" is a length, not a time of day or a bar and beat."""
    is_tag = unread.is_tag(*match.span()) and _seconds(match)[0] < _LONGEST_TAG
    cue = unread.is_after(_CLOCK_CUE, match.start())
    return bool(match["unit"] or cue or is_tag)


def _read_sections(unread: Unread) -> list[Phrase[Length]]:
    """Sections with a number of bars each: the piece has at least as many together."""
    matches = list(unread.matches(_SECTION))
    if not any(m["early"] or m["unit"] for m in matches) and len(matches) < 2:
        return []
    counts = [read_number(m["early"] or m["late"]) for m in matches]
    total = sum(counts)
    if total % 1 or not 1 <= total <= MAX_BARS:
        return []
    for match in matches:
        unread.claim(*match.span())
    return [Phrase(Length("bars", total, None), unread.span(matches[0].start(), matches[-1].end()))]
