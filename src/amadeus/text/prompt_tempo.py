"""Readers of tempo, in numbers and in words."""

from __future__ import annotations

import re

from amadeus.errors import ConfigError
from amadeus.music.tempo_words import (
    BARE_ADJECTIVES,
    BEAT_QUARTERS,
    FASTEST_BPM,
    SLOWEST_BPM,
    TEMPO_RANGES,
)
from amadeus.text.prompt_readers import Phrase, accepted, read_phrases
from amadeus.text.prompt_text import Span, Unread, contradiction
from amadeus.text.prompt_words import NUMBER, START, read_number

_BEAT = "|".join(sorted(map(re.escape, BEAT_QUARTERS), key=len, reverse=True))
_PER_MINUTE = (
    r"\+?[\s-]{0,3}(?:[bq]pm|b\.p\.m\b\.?|beats?(?:/|[\s-](?:per|a)[\s-])min(?:ute)?)(?!\w)"
)
_ABOUT = r"(?:(?:is|of|at|around|about|roughly|near|circa|approx(?:imately)?\.?|ca?\.)\s?|~\s?)"
_RANGE = (
    rf"(?:(?P<low>{NUMBER})\s?(?:-|\bto\b)\s?|between\s(?P<least>{NUMBER})\sand\s)?"
    rf"(?P<bpm>{NUMBER})"
)
_METRONOME_MARK = re.compile(
    rf"(?<!\w)(?P<beat>{_BEAT})\s?(?:[=≈]|equals)\s?{_ABOUT}?{_RANGE}(?!\w)(?:{_PER_MINUTE})?",
    re.IGNORECASE,
)
_BPM = re.compile(rf"{START}{_RANGE}{_PER_MINUTE}", re.IGNORECASE)
_TEMPO_NUMBER = re.compile(
    rf"(?<![\w-])(?:[bq]pm|tempo|metronome(?:\smark(?:ing)?)?|m\.?m\.?)\s?[:=]?\s?{_ABOUT}{{0,2}}"
    r"(?:(?P<low>[0-9]{2,4})\s?-\s?)?(?P<bpm>[0-9]{2,4}(?:\.[0-9]+)?)"
    r"(?![\w/]|[\s-](?:bit|bars?|measures?|sec|min))",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"\b(?:under|below|less\sthan|slower\sthan|at\smost|(?:no|not)\s(?:more|faster)\sthan"
    r"|max(?:imum)?(?:\sof)?|up\sto|not\s(?:above|over))\s$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"\b(?:over|above|more\sthan|faster\sthan|at\sleast|(?:no|not)\s(?:less|slower)\sthan"
    r"|min(?:imum)?(?:\sof)?|not\s(?:below|under)|upwards?\sof)\s$",
    re.IGNORECASE,
)
_OR_LESS = re.compile(r"\sor\s(?:less|slower|below|lower|under)\b", re.IGNORECASE)
_OR_MORE = re.compile(r"\sor\s(?:more|faster|above|higher|over)\b", re.IGNORECASE)
_TEMPO_WORD = re.compile(
    r"(?<![\w'-])(?P<word>"
    + "|".join(sorted(TEMPO_RANGES, key=len, reverse=True)).replace(" ", r"[\s-]")
    + r")(?!\w)(?![\s-](?:\w+[\s-])?(?:arpeggio|run|note|scale|lick|riff|strum|finger|picking"
    r"|attack|release|build|fade|vibrato|trill|tremolo|hats?|hi-hat|fill|car|lane|motion|burn"
    r"|density|volume|dynamics|intensity|difficulty|register|length|rare|intro|outro|ending|coda"
    r"|bridge|section|part|middle|verse|chorus|passage|start|beginning|opening|finale|interlude"
    r"|at\sfirst|at\sthe|to\sstart|forward))",
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"(?:\b(?:not|non|never|too|neither|nor|less|more|no|without\sbeing|anything\sbut|rather\sthan"
    r"|instead\sof)|n't)\s(?:(?:at\sall|too|so|very|that|particularly|overly|really|troppo|tanto"
    r"|an?)\s)?$"
    # It becomes slow or fast, so the piece is not.
    r"|\b(?:start|begin|end|get|becom|turn|grow|finish)\w*\s(?:out\s|off\s|with\san?\s)?$",
    re.IGNORECASE,
)
_TEMPO_BEFORE = re.compile(r"\b(?:tempo|pace)(?:\s?:|\sis)?\s?$", re.IGNORECASE)
_TEMPO_AFTER = re.compile(r"[\s-](?:tempo|pace|speed)\b", re.IGNORECASE)


_GRADUALLY = r"(?:(?:gradually|slowly|steadily|continuously|constantly|then|and|by)\s)*"
_FASTER = (
    r"(?:accelerando|accel\.?|accelerat\w+|speed(?:s|ing)?\sup|(?:get|grow|becom)\w*\sfaster"
    r"|(?:quicken|hurry)\w*|faster\sand\sfaster|stringendo)"
)
_SLOWER = (
    r"(?:ritardando|ritard\.?|rit\.|rallentando|rall\.|ritenuto|decelerat\w+|slow(?:s|ing)?\sdown"
    r"|(?:get|grow|becom)\w*\sslower|slower\sand\sslower)"
)
_MOVES = (
    rf"(?:{_FASTER}|{_SLOWER}|speed(?:s|ing)|slow(?:s|ing|(?=\sto\s))|(?:ris|increas|ramp|build|mov"
    r"|chang|go|end|finish|climb|fall|drop|decreas)(?:e|e?s|ing)?"
    r"(?:\sup|\sdown|\sin\stempo|(?:\sthe)?\stempo|\sin\sspeed)?)"
)
_UNIT = rf"(?:{_PER_MINUTE})?"
_TO = r"(?:\s?->\s?|\s(?:up\s|down\s)?(?:to|at|until|towards|with)\s)"
_CURVES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{START}(?P<first>{NUMBER}){_UNIT}(?:\stempo)?[\s,;]*{_GRADUALLY}{_MOVES}{_TO}"
        rf"(?P<last>{NUMBER}){_UNIT}(?!\w)",
        rf"\b{_MOVES}\s(?:from\s|between\s)(?P<first>{NUMBER}){_UNIT}(?:{_TO}|\sand\s)"
        rf"(?P<last>{NUMBER}){_UNIT}(?!\w)",
        rf"{START}(?:from\s)?(?P<first>{NUMBER}){_UNIT}{_TO}(?P<last>{NUMBER}){_UNIT}"
        rf"[\s,;]*(?:{_GRADUALLY}{_FASTER}|{_GRADUALLY}{_SLOWER})(?!\w)",
        rf"{START}(?P<first>{NUMBER}){_UNIT}\s?->\s?(?P<last>{NUMBER}){_PER_MINUTE}",
        rf"\btempo\s?:?\s?(?P<first>{NUMBER}){_UNIT}\s?->\s?(?P<last>{NUMBER}){_UNIT}(?!\w)",
    )
)
_CHANGE = re.compile(
    rf"(?<!\w){_GRADUALLY}(?:(?P<accelerando>{_FASTER})|(?P<ritardando>{_SLOWER}))(?!\w)"
    r"(?:\s(?:at|near|towards|toward|into|in)\s(?:the|its)\s(?:very\s)?end(?:ing)?)?",
    re.IGNORECASE,
)
_NO_CHANGE = re.compile(r"\b(?:no|not|without|never|avoid|don't)\s(?:any\s|an?\s)?$", re.IGNORECASE)
_IS_TEMPO = re.compile(rf"{_FASTER}|{_SLOWER}|tempo|speed|{_PER_MINUTE}", re.IGNORECASE)


def read_curves(unread: Unread) -> list[Phrase[tuple[float, float]]]:
    """Tempi that move: "start at 80 bpm and speed up to 140"."""
    phrases = []
    for pattern in _CURVES if _IS_TEMPO.search(unread.left) else ():
        for match in unread.matches(pattern):
            if _IS_TEMPO.search(match[0]):
                span = unread.span(*match.span())
                ends = (_playable(read_number(match[name]), span) for name in ("first", "last"))
                phrases.append(Phrase((next(ends), next(ends)), unread.claim(*match.span())))
    return phrases


def read_changes(unread: Unread) -> list[Phrase[str]]:
    """ "accelerando" or "ritardando", where no numbers say how far."""
    return read_phrases(unread, _CHANGE, lambda match: str(match.lastgroup), _NO_CHANGE)


def read_tempos(unread: Unread) -> tuple[list[Phrase[float]], list[Phrase[tuple[float, float]]]]:
    """Tempi in numbers, and the ranges of "100-120 bpm" or "under 100 bpm"."""
    exact: list[Phrase[float]] = []
    ranges: list[Phrase[tuple[float, float]]] = []
    for pattern in (_METRONOME_MARK, _BPM, _TEMPO_NUMBER):
        for match in unread.matches(pattern):
            slow, fast = _bounds(unread, match)
            start, end, slow, fast = _opened(unread, match, slow, fast)
            span = unread.claim(start, end)
            if slow < fast:
                ranges.append(Phrase((slow, fast), span))
            else:
                exact.append(Phrase(fast, span))
    return accepted(unread, exact), accepted(unread, ranges)


def _opened(
    unread: Unread, match: re.Match[str], slow: float, fast: float
) -> tuple[int, int, float, float]:
    """Start and end of a match with "under" or "or faster", and the tempi that it allows then."""
    start, end = match.span()
    before = unread.is_after(_AT_MOST, start) or unread.is_after(_AT_LEAST, start)
    after = _OR_LESS.match(unread.left, end) or _OR_MORE.match(unread.left, end)
    if (before and before.re is _AT_MOST) or (after and after.re is _OR_LESS):
        slow = SLOWEST_BPM
    elif before or after or "+" in match[0]:
        fast = FASTEST_BPM
    return (
        start - len(before[0] if before else ""),
        end + len(after[0] if after else ""),
        slow,
        fast,
    )


def _bounds(unread: Unread, match: re.Match[str]) -> tuple[float, float]:
    """The slowest and the fastest tempo of a match, in quarter notes a minute."""
    groups = match.groupdict()
    span = unread.span(*match.span())
    quarters = BEAT_QUARTERS[groups["beat"].lower()] if "beat" in groups else 1.0
    stated = [groups["bpm"], groups.get("low") or groups.get("least") or groups["bpm"]]
    slow, fast = sorted(_playable(read_number(number) * quarters, span) for number in stated)
    return slow, fast


def _playable(bpm: float, span: Span) -> float:
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise ConfigError(
            f"the prompt asks for {span.text!r}; choose a tempo from {SLOWEST_BPM} to "
            f"{FASTEST_BPM} quarter notes a minute"
        )
    return bpm


def read_tempo_words(unread: Unread) -> list[Phrase[tuple[float, float]]]:
    """The tempi that words allow: "slow", "andante"."""
    phrases: list[Phrase[tuple[float, float]]] = []
    for match in unread.matches(_TEMPO_WORD):
        word = re.sub(r"[\s-]", " ", match["word"].lower())
        is_tempo = word not in BARE_ADJECTIVES or (
            unread.is_tag(*match.span())
            or unread.is_after(_TEMPO_BEFORE, match.start())
            or _TEMPO_AFTER.match(unread.left, match.end())
        )
        if is_tempo and not unread.is_after(_NOT_SO, match.start()):
            phrases.append(Phrase(TEMPO_RANGES[word], unread.claim(*match.span())))
    return phrases


def common_range(phrases: list[Phrase[tuple[float, float]]]) -> tuple[float, float] | None:
    """The tempi that all words allow, or that any allows where "largo" refines "slow".

    Raises ConfigError where one is slow and another fast.
    """
    if not phrases:
        return None
    slow_end, fast_start = TEMPO_RANGES["moderate"]
    slowest = min(phrases, key=lambda f: f.value[1])
    fastest = max(phrases, key=lambda f: f.value[0])
    if slowest.value[1] <= slow_end and fastest.value[0] >= fast_start:
        raise contradiction("states two tempi", slowest.span, fastest.span)
    low, high = fastest.value[0], slowest.value[1]
    if low < high:
        return low, high
    return min(f.value[0] for f in phrases), max(f.value[1] for f in phrases)
