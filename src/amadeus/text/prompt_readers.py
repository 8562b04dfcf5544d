"""Readers of key and metre: each claims the phrases it understands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from amadeus.music.keys import Key, parse_key
from amadeus.music.scales import parse_scale
from amadeus.profile.labels import DANCE_METRES
from amadeus.text.prompt_text import Span, Unread, contradiction
from amadeus.text.prompt_words import FOUR_FOUR_STYLES, NUMBER, read_number
from amadeus.tokens.vocabulary import METRES

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


_REFUSED = re.compile(
    r"\b(?:not|n't|never|no|avoid|instead\sof|rather\sthan|without|except|other\sthan"
    r"|anything\sbut)\s(?:(?:be|use|using|in|at|the|key|of|an?|time|signature)\s){0,4}$",
    re.IGNORECASE,
)


def accepted(unread: Unread, found: list[Found[T]]) -> list[Found[T]]:
    """What is not refused: "in 3/4, not 4/4" asks for 3/4."""
    return [f for f in found if not unread.is_after(_REFUSED, f.span.start)]


# What may follow a short phrase such as "in three" or "in C" without changing its sense.
_GOES_ON = (
    r"(?=\s*(?:$|[\0,;:.!?|()\n]|-(?=[\s>]))|\s+(?:then|to|followed|moving|modulating|with|at|for|featuring|played|using|on|over|lasting"
    rf"|without|in|as|by|time|of\s+(?:{NUMBER}|\0))(?!\w))"
)

# --- key

_TONIC = r"(?P<tonic>[A-Ga-g](?:[#b]|[\s-]?(?:[Ss]harp|[Ff]lat|SHARP|FLAT)(?!\w))?)"
_APART = r"(?<![\w'#/])"
_FULL_KEY = re.compile(
    rf"{_APART}{_TONIC}[\s-]*(?:(?P<kind>natural|harmonic|melodic)\s)?"
    r"(?P<mode>(?i:major|minor|maj|min))(?![\w#])"
    r"(?![\s-]?(?:[0-9]|chord|triad|seventh|ninth|arpeggio|third|sixth|second))"
)
_SHORT_KEY = re.compile(rf"{_APART}{_TONIC}(?P<mode>m|min|maj)(?![\w#])")
_KEY_OF = r"\b(?i:key)(?:\s(?i:of|is)\s|\s?[:=]\s?|\s)"
_BARE_KEY = re.compile(rf"(?:{_KEY_OF}|\b[Ii]n\s)(?P<mode>){_TONIC}(?![\w#'-]){_GOES_ON}")
_KEY_BEFORE = re.compile(rf"(?:{_KEY_OF}|\b[Ii]n\s)$")
_KEY_AFTER = re.compile(_GOES_ON)
_MINOR_PIECE = re.compile(
    r"\s(?:waltz|ballad|piano|guitar|blues|sonata|prelude|nocturne|fugue|tango|march|jig|scale"
    r"|pentatonic|jam)\b"
)
_SHORT_KEY_PIECE = re.compile(
    r"\s(?:waltz|ballad|blues|groove|vamp|jam|song|tune|melody|riff|loop|piece|theme|track|beat)\b"
)
_MODES = (
    r"(?P<mode>ionian|dorian|phrygian|lydian|mixolydian|aeolian|locrian|whole[\s-]tone"
    r"|(?:(?:major|minor)[\s-])?pentatonic|blues(?=\sscale))\b"
)
_MODAL = re.compile(
    rf"{_APART}{_TONIC},?[\s-]*(?i:(?:the\s)?{_MODES}(?P<dominant>\sdominant)?(?:\s(?:mode|scale))?)"
)
_MODAL_LAST = re.compile(
    rf"(?i:\b{_MODES}(?P<dominant>\sdominant)?(?:\smode|\sscale)?\s(?:in|on))\s{_TONIC}"
    r"(?![\w#'])(?!\s(?i:maj|min))"
)
_PLAIN_MODES = {"ionian": "major", "aeolian": "minor", "pentatonic": "major pentatonic"}
_PENTATONIC = re.compile(r"\s(pentatonic)\b(?:\sscale\b)?", re.IGNORECASE)
_THEN = re.compile(
    r"[\s,;.]*(?:(?:and|but|piece|section|part|for|the|first|half|bars?|[0-9]+)\s+){0,4}"
    r"(?:and\s)?(?:->|(?:then|later|followed\sby|to|into|(?:and\s)?modulat\w+|mov(?:es|ing)|chang\w+"
    r"|going|goes|before|end(?:s|ing)|finish\w*|turn\w*|shift\w*)\b)[^,;:.!?]{0,24}",
    re.IGNORECASE,
)
_TRANSPOSING = re.compile(
    r"\b(?:horns?|clarinets?|trumpets?|cornets?|whistles?|harmonicas?|sax(?:es|ophones?)?)\s$",
    re.IGNORECASE,
)


def read_keys(unread: Unread) -> list[Found[str]]:
    """Keys and scales such as "A minor", "in C", "D dorian", and "Am" where it is no chord.

    Their names are those of `music.scales`.
    """
    found = _read_modes(unread)
    for pattern in (_FULL_KEY, _SHORT_KEY, _BARE_KEY):
        for match in unread.matches(pattern):
            if _is_key(unread, match):
                name = str(
                    parse_key(f"{match['tonic'].replace('-', ' ')} {match['mode'] or 'major'}")
                )
                kind = (match.groupdict().get("kind") or "").lower()
                more = _PENTATONIC.match(unread.left, match.end()) if match["mode"] else None
                name = name.replace("minor", f"{kind} minor") if kind else name
                name = f"{name} pentatonic" if more and not kind else name
                end = more.end() if more else match.end()
                found.append(Found(name, unread.claim(match.start("tonic"), end)))
    return sorted(accepted(unread, found), key=lambda one: one.span.start)


def key_sequence(unread: Unread, found: list[Found[str]]) -> tuple[str, ...]:
    """The keys in their order: one, or several that follow each other ("A minor, then C major").

    Raises ConfigError for two keys that nothing puts in an order.
    """
    names: list[str] = []
    for i, one in enumerate(found):
        if i and one.value != names[-1]:
            between = unread.text[found[i - 1].span.end : one.span.start]
            if not _THEN.fullmatch(between):
                raise contradiction("states two keys", found[i - 1].span, one.span)
        if not names or one.value != names[-1]:
            names.append(one.value)
    return tuple(names)


def plain_key(scale: str) -> Key | None:
    """The key of a scale that is a kind of major or minor; None for modes and blues."""
    return parse_scale(scale).key if re.search(r"major|minor", scale) else None


def _read_modes(unread: Unread) -> list[Found[str]]:
    """Modes and other scales. Those on "a" are claimed only: it may be an article."""
    found = []
    for pattern in (_MODAL, _MODAL_LAST):
        for match in unread.matches(pattern):
            mode = re.sub(r"[\s-]+", " ", match["mode"].lower())
            tonic = match["tonic"].replace("-", " ")
            is_article = tonic == "a" or (
                tonic == "A"
                and pattern is _MODAL
                and not unread.left[: match.start()].strip()
                and not _KEY_AFTER.match(unread.left, match.end())
                and not match[0].lower().endswith(("mode", "scale"))
                and mode not in ("ionian", "aeolian")
            )
            span = unread.claim(*match.span())
            if not is_article and not match["dominant"]:
                scale = parse_scale(f"{tonic} {_PLAIN_MODES.get(mode, mode)}")
                found.append(Found(scale.name, span))
    return found


def _is_key(unread: Unread, match: re.Match[str]) -> bool:
    """Whether a match is a key, not an article ("a minor detail"), a chord or a word ("Am I")."""
    start, end = match.start("tonic"), match.end()
    tonic, mode = match["tonic"], match["mode"]
    if match.re is _SHORT_KEY:
        named = unread.is_after(_KEY_BEFORE, start) or unread.is_tag(start, end)
        is_piece = tonic not in "aA" and _SHORT_KEY_PIECE.match(unread.left, end)
        return tonic[0].isupper() and bool(named or is_piece)
    if match.re is _BARE_KEY:
        is_named = match[0][0] in "Kk" and tonic != "a"
        if not is_named and unread.is_after(_TRANSPOSING, match.start()):
            return False  # a horn in F plays in any key
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
_COUNTED = re.compile(rf"\bin\s(?P<count>two|three|four|five|[2-5])\b{_GOES_ON}", re.IGNORECASE)
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
    rf"|\bin\s(?:{NUMBER}){_GOES_ON}|\b(?:common|cut)[\s-]time\b|\balla breve\b"
    r"|\b(?:odd|mixed|irregular|compound|asymmetric(?:al)?|unusual|uneven|different|several|various"
    r"|(?:chang|shift|alternat)ing|free)[\s-](?:time|met(?:re|er)|signature)"
    r"|\b(?:time|met(?:re|er)|signature)s?(?:\ssignatures?)?\s(?:chang|shift|alternat)\w+|\bpoly-?metr",
    re.IGNORECASE,
)
_NOT_COUNTED = re.compile(r"\b(?:cut|split|divided|broken|torn|fold(?:ed)?)\s$", re.IGNORECASE)
_COUNTS = {"two": "2/4", "three": "3/4", "four": "4/4", "five": "5/4", "cut": "2/2"}
_COUNTS |= {str(count): f"{count}/4" for count in range(2, 6)}


def read_metres(unread: Unread) -> list[Found[str]]:
    """Time signatures that are given."""
    found = []
    for pattern in (_FRACTION, _SPELT, _PAIR):
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
    return accepted(unread, found)


def read_dances(unread: Unread) -> list[Found[str]]:
    """The metres of the dances that are named."""
    found = [
        Found(DANCE_METRES[(match["dance"] or "waltz").lower()], unread.claim(*match.span()))
        for match in unread.matches(_DANCE)
    ]
    return accepted(unread, found)


def read_styles(unread: Unread) -> list[Found[str]]:
    """The metres of the styles that are named; after the instruments: "rock organ" is no style."""
    found = [
        Found("4/4", unread.claim(*match.span()))
        for match in unread.matches(_STYLE)
        if not unread.is_after(_UNUSUAL_STYLE, match.start())
    ]
    return accepted(unread, found)


def refused_metres(unread: Unread) -> tuple[str, ...]:
    """The time signatures that the prompt forbids: "not in 4/4"."""
    refused = []
    for match in _FRACTION.finditer(unread.text):
        before = unread.text[max(0, match.start("numerator") - 40) : match.start("numerator")]
        if _REFUSED.search(before):
            refused.append(f"{match['numerator']}/{match['denominator']}")
    return tuple(refused)


def is_open_metre(unread: Unread) -> bool:
    """Whether a prompt without a time signature wants several, or one that has no token."""
    return bool(_OTHER_METRE.search(unread.text)) and not refused_metres(unread)


def usual_metre(unread: Unread, found: list[Found[str]]) -> list[Found[str]]:
    """The metre of the dances or styles found, if they share one, where none is given.

    None where the prompt speaks of metres all the same ("not in 4/4").
    """
    is_shared = len({f.value for f in found}) == 1
    return found if is_shared and not _OTHER_METRE.search(unread.text) else []
