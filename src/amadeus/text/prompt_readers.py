"""Readers of tempo, key, metre and length: each claims the phrases it understands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from amadeus.errors import ConfigError
from amadeus.music.keys import Key, parse_key
from amadeus.text.prompt_text import Span, Unread, contradiction
from amadeus.text.prompt_words import (
    BARE_ADJECTIVES,
    BEAT_QUARTERS,
    FASTEST_BPM,
    NUMBER,
    SLOWEST_BPM,
    TEMPO_RANGES,
    read_number,
)
from amadeus.tokens.vocabulary import METRES

MAX_BARS = 1000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What a phrase states."""

    value: T
    span: Span


def agreed(what: str, found: list[Found[T]]) -> T | None:
    """The one value that all phrases state; None where there are none."""
    for other in found[1:]:
        if other.value != found[0].value:
            raise contradiction(f"states two {what}", found[0].span, other.span)
    return found[0].value if found else None


# What may follow a short phrase such as "in three" or "in C" without changing its sense.
_GOES_ON = (
    r"(?=\s*(?:$|[\0,;:.!?|()\n])|\s+(?:with|at|for|featuring|played|using|on|over|lasting"
    rf"|without|in|as|by|time|of\s+(?:{NUMBER}|\0))(?!\w))"
)

# --- tempo

_BEAT = "|".join(sorted(map(re.escape, BEAT_QUARTERS), key=len, reverse=True))
_PER_MINUTE = r"[\s-]{0,3}(?:bpm|b\.p\.m\b\.?|beats?(?:/|[\s-](?:per|a)[\s-])min(?:ute)?)(?!\w)"
_START = r"(?<![\w.])(?<![0-9],)"
_METRONOME_MARK = re.compile(
    rf"(?P<beat>{_BEAT})\s?=\s?(?P<bpm>{NUMBER})(?!\w)(?:{_PER_MINUTE})?", re.IGNORECASE
)
_BPM = re.compile(
    rf"{_START}(?:(?P<low>{NUMBER})\s?(?:-|\bto\b)\s?"
    rf"|between\s(?P<least>{NUMBER})\sand\s)?(?P<bpm>{NUMBER}){_PER_MINUTE}",
    re.IGNORECASE,
)
_TEMPO_NUMBER = re.compile(
    r"\b(?:bpm|tempo|metronome(?:\smark(?:ing)?)?|m\.?m\.?)(?:\s?[:=]|\s(?:is|of|at|around|about))?"
    r"\s?(?P<bpm>[0-9]{2,4}(?:\.[0-9]+)?)(?![\w/]|[\s-](?:bars?|measures?|sec|min))",
    re.IGNORECASE,
)
_TEMPO_WORD = re.compile(
    r"(?<![\w'-])(?P<word>"
    + "|".join(sorted(TEMPO_RANGES, key=len, reverse=True)).replace(" ", r"[\s-]")
    + r")(?!\w)(?![\s-](?:\w+[\s-])?(?:arpeggio|run|note|scale|lick|riff|strum|finger|picking"
    r"|attack|release|build|fade|vibrato|trill|tremolo|hats?|hi-hat|fill|car|lane|motion|burn"
    r"|density|volume|dynamics|intensity|difficulty|register|length|rare))",
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"(?:\b(?:not|never|too|neither|nor|less|more|no)|n't)\s(?:too\s|so\s|very\s|that\s)?$",
    re.IGNORECASE,
)
_TEMPO_BEFORE = re.compile(r"\b(?:tempo|pace)(?:\s?:|\sis)?\s?$", re.IGNORECASE)
_TEMPO_AFTER = re.compile(r"[\s-](?:tempo|pace|speed)\b", re.IGNORECASE)


def read_tempos(unread: Unread) -> tuple[list[Found[float]], list[Found[tuple[float, float]]]]:
    """Tempi in numbers, and ranges between two numbers."""
    exact: list[Found[float]] = []
    ranges: list[Found[tuple[float, float]]] = []
    for pattern in (_METRONOME_MARK, _BPM, _TEMPO_NUMBER):
        for match in unread.matches(pattern):
            groups = match.groupdict()
            span = unread.claim(*match.span())
            beat = BEAT_QUARTERS[groups["beat"].lower()] if "beat" in groups else 1.0
            bpm = _playable(read_number(match["bpm"]) * beat, span)
            low = groups.get("low") or groups.get("least")
            if low and (slower := _playable(read_number(low), span)) != bpm:
                ranges.append(Found((min(slower, bpm), max(slower, bpm)), span))
            else:
                exact.append(Found(bpm, span))
    return exact, ranges


def _playable(bpm: float, span: Span) -> float:
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise ConfigError(
            f"the prompt asks for {span.text!r}; choose a tempo from {SLOWEST_BPM} to "
            f"{FASTEST_BPM} quarter notes a minute"
        )
    return bpm


def read_tempo_words(unread: Unread) -> list[Found[tuple[float, float]]]:
    """The tempi that words allow: "slow", "andante"."""
    found: list[Found[tuple[float, float]]] = []
    for match in unread.matches(_TEMPO_WORD):
        word = re.sub(r"[\s-]", " ", match["word"].lower())
        is_tempo = word not in BARE_ADJECTIVES or (
            unread.is_tag(*match.span())
            or unread.is_after(_TEMPO_BEFORE, match.start())
            or _TEMPO_AFTER.match(unread.left, match.end())
        )
        if is_tempo and not unread.is_after(_NOT_SO, match.start()):
            found.append(Found(TEMPO_RANGES[word], unread.claim(*match.span())))
    return found


def common_range(found: list[Found[tuple[float, float]]]) -> tuple[float, float] | None:
    """The tempi that all words allow, or that any allows where "largo" refines "slow".

    Raises ConfigError where one is slow and another fast.
    """
    if not found:
        return None
    slow_end, fast_start = TEMPO_RANGES["moderate"]
    slowest = min(found, key=lambda f: f.value[1])
    fastest = max(found, key=lambda f: f.value[0])
    if slowest.value[1] <= slow_end and fastest.value[0] >= fast_start:
        raise contradiction("states two tempi", slowest.span, fastest.span)
    low, high = fastest.value[0], slowest.value[1]
    if low < high:
        return low, high
    return min(f.value[0] for f in found), max(f.value[1] for f in found)


# --- key

_TONIC = r"(?P<tonic>[A-Ga-g](?:[#b]|[\s-]?(?:[Ss]harp|[Ff]lat|SHARP|FLAT)(?!\w))?)"
_APART = r"(?<![\w'#/])"
_FULL_KEY = re.compile(
    rf"{_APART}{_TONIC}[\s-]*(?:(?:natural|harmonic|melodic)\s)?"
    r"(?P<mode>(?i:major|minor|maj|min))(?![\w#])"
    r"(?![\s-]?(?:[0-9]|chord|triad|seventh|ninth|arpeggio|third|sixth|second))"
)
_SHORT_KEY = re.compile(rf"{_APART}{_TONIC}(?P<mode>m|min|maj)(?![\w#])")
_KEY_OF = r"\b[Kk]ey(?:\s(?:of|is)|\s?[:=])?\s"
_BARE_KEY = re.compile(rf"(?:{_KEY_OF}|\b[Ii]n\s)(?P<mode>){_TONIC}(?![\w#'-]){_GOES_ON}")
_KEY_BEFORE = re.compile(rf"(?:{_KEY_OF}|\b[Ii]n\s)$")
_KEY_AFTER = re.compile(_GOES_ON)
_MINOR_PIECE = re.compile(
    r"\s(?:waltz|ballad|piano|guitar|blues|sonata|prelude|nocturne|fugue|tango|march|jig|scale"
    r"|pentatonic|jam)\b"
)


def read_keys(unread: Unread) -> list[Found[Key]]:
    """Keys such as "A minor", "in C", and "Am" where it is no chord."""
    found = []
    for pattern in (_FULL_KEY, _SHORT_KEY, _BARE_KEY):
        for match in unread.matches(pattern):
            if _is_key(unread, match):
                tonic = match["tonic"].replace("-", " ")
                key = parse_key(f"{tonic} {match['mode'] or 'major'}")
                found.append(Found(key, unread.claim(match.start("tonic"), match.end())))
    return found


def _is_key(unread: Unread, match: re.Match[str]) -> bool:
    """Whether a match is a key, not an article ("a minor detail"), a chord or a word ("Am I")."""
    start, end = match.start("tonic"), match.end()
    tonic, mode = match["tonic"], match["mode"]
    if match.re is _SHORT_KEY:
        named = unread.is_after(_KEY_BEFORE, start) or unread.is_tag(start, end)
        return tonic[0].isupper() and bool(named)
    if match.re is _BARE_KEY:
        is_named = match[0][0] in "Kk" and tonic != "a"
        return tonic[0].isupper() or is_named or (tonic[0] != "a" and len(tonic) > 1)
    if tonic not in "aA" or unread.left[start + 1] in "mM" or unread.is_tag(start, end):
        return True
    goes_on = _KEY_AFTER.match(unread.left, end)
    before = unread.left[:start].rstrip()
    if tonic == "A":
        is_mid_sentence = before and before[-1] not in ".!?:" and mode.islower()
        return bool(is_mid_sentence or goes_on or _MINOR_PIECE.match(unread.left, end))
    return bool(goes_on and unread.is_after(_KEY_BEFORE, start))


# --- metre

_FRACTION = re.compile(
    r"(?P<before>\bin\s)?(?<![\w/])(?<![0-9][.,])(?P<numerator>[0-9]{1,2})\s?/\s?"
    r"(?P<denominator>16|1|2|4|8)(?![0-9/])(?![\s-]?(?:th|note|step|tone|inch|hour|minute|second"
    r"|cup|speed|length|size)s?\b|\sof\s(?!\s*[0-9]))(?P<time>\s(?:time|met(?:re|er))\b)?",
    re.IGNORECASE,
)
_SPELT = re.compile(
    r"\b(?P<before>in\s)?(?P<numerator>two|three|four|five|six|seven|nine|twelve)[\s-]"
    r"(?P<denominator>two|four|eight|sixteen)\b(?:(?P<time>\s(?:time|met(?:re|er))\b)|"
    rf"(?(before){_GOES_ON}|(?!)))",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"\bin\s(?P<count>two|three|four|five)\b{_GOES_ON}", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:(?P<three>waltz[\s-]time)|(?P<four>common[\s-]time)|(?P<cut>cut[\s-]time|alla breve))\b",
    re.IGNORECASE,
)
_WALTZ = re.compile(r"\bwaltz(?:es)?\b|\btriple (?:time|met(?:re|er))\b", re.IGNORECASE)
_NOT_COUNTED = re.compile(r"\b(?:cut|split|divided|broken|torn|fold(?:ed)?)\s$", re.IGNORECASE)
_NOT_A = re.compile(r"\b(?:no|not)\s(?:an?\s)?$", re.IGNORECASE)
_COUNTS = {"two": "2/4", "three": "3/4", "four": "4/4", "five": "5/4", "cut": "2/2"}


def read_metres(unread: Unread) -> list[Found[str]]:
    """Time signatures; what a waltz is in counts only where none is given."""
    found = []
    for pattern in (_FRACTION, _SPELT):
        for match in unread.matches(pattern):
            numerator = int(read_number(match["numerator"]))
            denominator = int(read_number(match["denominator"]))
            # "1/4" alone is a fraction, or a note value.
            is_metre = numerator > 1 or match["before"] or match["time"]
            if is_metre and (numerator, denominator) in METRES:
                span = unread.claim(match.start("numerator"), match.end())
                found.append(Found(f"{numerator}/{denominator}", span))
    for match in unread.matches(_NAMED):
        found.append(Found(_COUNTS[str(match.lastgroup)], unread.claim(*match.span())))
    for match in unread.matches(_COUNTED):
        if not unread.is_after(_NOT_COUNTED, match.start()):
            found.append(Found(_COUNTS[match["count"].lower()], unread.claim(*match.span())))
    return found or [
        Found("3/4", unread.claim(*match.span()))
        for match in unread.matches(_WALTZ)
        if not unread.is_after(_NOT_A, match.start())
    ]


# --- length

_BARS = re.compile(
    rf"{_START}(?P<count>{NUMBER})[\s-]{{0,2}}(?:bars?|measures?)\b"
    r"(?![\s-](?:intro|outro|phrase|fill|break|bridge|turnaround|verse|chorus|section|riff|rest"
    r"|vamp|cycle|at\sa\stime|each|apart|later)|\sof\s(?:rest|silence|gold|silver|chocolate|soap"
    r"|candy|metal|iron|steel|light)\b)",
    re.IGNORECASE,
)
_BARS_FIRST = re.compile(
    r"\b(?:bars|measures|length)\s?[:=]\s?(?P<count>[0-9]{1,6})(?![\w.:/])(?!\s?(?:s|min))",
    re.IGNORECASE,
)
_INEXACT = re.compile(
    rf"(?:\b(?:every|each|first|last|next|final|after|per|another|until|than|least|most|up\sto"
    rf"|{NUMBER}\s(?:to|or|and))\s(?:the\s)?|[0-9]\s?-\s?)$",
    re.IGNORECASE,
)


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
