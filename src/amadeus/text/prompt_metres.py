"""Readers of time signatures, and of the dances and styles that have one."""

from __future__ import annotations

import re

from amadeus.profile.labels import DANCE_METRES
from amadeus.text.prompt_readers import GOES_ON, REFUSED, Phrase, accepted, read_phrases
from amadeus.text.prompt_text import Unread
from amadeus.text.prompt_words import FOUR_FOUR_STYLES, NUMBER, read_number
from amadeus.tokens.vocabulary import METRES

_FRACTION = re.compile(
    r"(?P<before>\bin\s)?(?<![\w/])(?<![0-9][.,])(?P<numerator>[0-9]{1,2})\s?/\s?"
    r"(?P<denominator>16|1|2|4|8)(?![0-9/])(?![\s-]?(?:th|note|step|tone|inch|hour|minute|second"
    r"|cup|speed|length|size)s?\b|\sof\s(?!\s*[0-9]))(?P<time>\s(?:time|met(?:re|er))\b)?",
    re.IGNORECASE,
)
_SPELT = re.compile(
    r"\b(?P<before>in\s)?(?P<numerator>two|three|four|five|six|seven|nine|twelve)[\s-]"
    r"(?P<denominator>two|four|eight|sixteen)\b(?:(?P<time>\s(?:time|met(?:re|er))\b)|"
    rf"(?(before){GOES_ON}|(?!)))",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"\bin\s(?P<count>two|three|four|five|[2-5])\b{GOES_ON}", re.IGNORECASE)
_PAIR = re.compile(
    r"(?<![\w./-])(?P<numerator>[2-9]|12)[\s-](?P<denominator>[248])\s(?:time|met(?:re|er))\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?:(?P<three>waltz[\s-]time)|(?P<four>common[\s-]time)|(?P<cut>cut[\s-]time|alla breve))\b",
    re.IGNORECASE,
)
_DANCE = re.compile(
    rf"\b(?P<dance>{'|'.join(sorted(DANCE_METRES, key=len, reverse=True))})(?:e?s)?\b"
    r"|\btriple (?:time|met(?:re|er))\b",
    re.IGNORECASE,
)
_STYLE = re.compile(
    rf"\b(?:{'|'.join(sorted(FOUR_FOUR_STYLES, key=len, reverse=True)).replace(' ', '[ -]?')})\b",
    re.IGNORECASE,
)
_UNUSUAL_STYLE = re.compile(
    r"\b(?:prog(?:ressive)?|math|art|post|avant(?:-garde)?|experimental|jazz)[\s-]$", re.IGNORECASE
)
_OTHER_METRE = re.compile(
    r"(?<![\w./])(?:[2-9]|1[0-9])\s?/\s?(?:16|2|4|8)(?![0-9/])"
    rf"|\bin\s(?:{NUMBER}){GOES_ON}|\b(?:common|cut)[\s-]time\b|\balla breve\b"
    r"|\b(?:odd|mixed|irregular|compound|asymmetric(?:al)?|unusual|uneven|different|several|various"
    r"|(?:chang|shift|alternat)ing|free)[\s-](?:time|met(?:re|er)|signature)"
    r"|\b(?:time|met(?:re|er)|signature)s?(?:\ssignatures?)?\s(?:chang|shift|alternat)\w+|\bpoly-?metr",
    re.IGNORECASE,
)
_NOT_COUNTED = re.compile(r"\b(?:cut|split|divided|broken|torn|fold(?:ed)?)\s$", re.IGNORECASE)
_COUNTS = {"two": "2/4", "three": "3/4", "four": "4/4", "five": "5/4", "cut": "2/2"}
_COUNTS |= {str(count): f"{count}/4" for count in range(2, 6)}


def read_metres(unread: Unread) -> list[Phrase[str]]:
    """Time signatures that are given."""
    phrases = []
    for pattern in (_FRACTION, _SPELT, _PAIR):
        for match in unread.matches(pattern):
            numerator = int(read_number(match["numerator"]))
            denominator = int(read_number(match["denominator"]))
            # "1/4" alone is a fraction, or a note value.
            is_metre = numerator > 1 or match["before"] or match["time"]
            if is_metre and (numerator, denominator) in METRES:
                span = unread.claim(match.start("numerator"), match.end())
                phrases.append(Phrase(f"{numerator}/{denominator}", span))
    phrases += read_phrases(unread, _NAMED, lambda match: _COUNTS[str(match.lastgroup)])
    phrases += read_phrases(unread, _COUNTED, lambda m: _COUNTS[m["count"].lower()], _NOT_COUNTED)
    return accepted(unread, phrases)


def read_dances(unread: Unread) -> list[Phrase[str]]:
    """The metres of the dances that are named."""
    phrases = read_phrases(unread, _DANCE, lambda m: DANCE_METRES[(m["dance"] or "waltz").lower()])
    return accepted(unread, phrases)


def read_styles(unread: Unread) -> list[Phrase[str]]:
    """The metres of the styles that are named; after the instruments: "rock organ" is no style."""
    return accepted(unread, read_phrases(unread, _STYLE, lambda _: "4/4", _UNUSUAL_STYLE))


def refused_metres(unread: Unread) -> tuple[str, ...]:
    """The time signatures that the prompt forbids: "not in 4/4"."""
    refused = []
    for match in _FRACTION.finditer(unread.text):
        before = unread.text[max(0, match.start("numerator") - 40) : match.start("numerator")]
        if REFUSED.search(before):
            refused.append(f"{match['numerator']}/{match['denominator']}")
    return tuple(refused)


def is_open_metre(unread: Unread) -> bool:
    """Whether a prompt without a time signature wants several, or one that has no token."""
    return bool(_OTHER_METRE.search(unread.text)) and not refused_metres(unread)


def usual_metre(unread: Unread, phrases: list[Phrase[str]]) -> list[Phrase[str]]:
    """The metre of the dances or styles found, if they share one, where none is given.

    None where the prompt speaks of metres all the same ("not in 4/4").
    """
    is_shared = len({f.value for f in phrases}) == 1
    return phrases if is_shared and not _OTHER_METRE.search(unread.text) else []
